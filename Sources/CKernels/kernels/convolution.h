// A convolution as a product: one row of A per output pixel, K = kernel² · in in the order (tap row, tap column, channel).
//
// Each task packs its own pixels, k-block by k-block, straight from the image (zeros outside, upsampling by index), so
// nothing the size of kernel² images is ever stored. The weight was laid out as packed B at load (convolution_pack.c).
#pragma once
#include "convolution_tiles.h"
#include "gemm.h"
#include "winograd.h"

/// Rows of a panel's sums in all panels of a task: half of a second-level cache of 1 MB.
enum { SUM_ROWS = (512 << 10) / (NR * 4) };

typedef struct {
    ck_context *context;
    const ck_convolution_call *call;
    finish_t finish;
    bool bf16;
    long height; // rows of a block
    long pixels; // of the output
    long depth;  // kernel² · in
    long steps, k_blocks, panels;
    long task_blocks;
    const float *zeros;
} convolution_t;

/// The channels of the pixel under tap `tap` of output pixel `pixel`, or null outside the image.
INLINE const float *convolution_tap(const ck_convolution_call *call, long row, long column, long tap) {
    long up = call->upsampling;
    long y = row * call->stride - call->top + tap / call->kernel, x = column * call->stride - call->left + tap % call->kernel;
    if (y < 0 || y >= call->height * up || x < 0 || x >= call->width * up) return NULL;
    if (up != 1) y /= up, x /= up;
    return call->x + (y * call->width + x) * call->in;
}

/// Elements `k ..< k + count` of one output pixel's row of A.
INLINE void convolution_row(const convolution_t *g, long pixel, long k, long count, float *a) {
    const ck_convolution_call *call = g->call;
    long row = pixel / call->out_width, column = pixel % call->out_width, tap = k / call->in, channel = k % call->in;
    while (count > 0) {
        const float *from = convolution_tap(call, row, column, tap);
        long n = call->in - channel < count ? call->in - channel : count;
        if (from) memcpy(a, from + channel, (size_t)n * 4);
        else memset(a, 0, (size_t)n * 4);
        a += n;
        count -= n;
        channel = 0;
        tap++;
    }
}

static void convolution_pack_a(const convolution_t *g, long pixel, long pixels, long blocks, long kb, float *a) {
    long step = kb * KC, steps = g->steps - step < KC ? g->steps - step : KC;
    long k = step << g->bf16, left = g->depth - k, count = left < steps << g->bf16 ? left : steps << g->bf16;
    block_strides strides = strides_of(g->bf16);
    for (long i = 0; i < blocks * g->height; i++) {
        float *to = a + i / g->height * g->height * KC + i % g->height * strides.row;
        if (i >= pixels) {
            pack_nothing(to, strides.vector);
        } else if (g->bf16) {
            float wide[2 * KC];
            convolution_row(g, pixel + i, k, count, wide);
            pack_row(true, wide, count, steps, to, strides.vector);
        } else {
            convolution_row(g, pixel + i, k, count, to);
        }
    }
}

static void convolution_task(void *argument, long begin, long end, int thread) {
    const convolution_t *g = argument;
    const ck_convolution_call *call = g->call;
    float *a = ck_scratch(g->context, thread, THREAD_A, (size_t)(g->task_blocks * g->height) * KC * 4);
    float *all_sums = ck_scratch(g->context, thread, THREAD_SUMS, (size_t)(g->panels * g->task_blocks * g->height) * NR * 4);
    tiles_open();
    for (long task = begin; task < end; task++) {
        long pixel = task * g->task_blocks * g->height;
        long pixels = g->pixels - pixel < g->task_blocks * g->height ? g->pixels - pixel : g->task_blocks * g->height;
        long blocks = (pixels + g->height - 1) / g->height;
        for (long kb = 0; kb < g->k_blocks; kb++) {
            long steps = g->steps - kb * KC < KC ? g->steps - kb * KC : KC;
            convolution_pack_a(g, pixel, pixels, blocks, kb, a);
            for (long panel = 0; panel < g->panels; panel++) {
                const float *b = call->packed + (kb * g->panels + panel) * KC * NR;
                long column = panel * NR, columns = call->out - column < NR ? call->out - column : NR;
                float *sums = all_sums + panel * blocks * g->height * NR;
                for (long block = 0; block < blocks; block++) {
                    gemm_block(g->bf16, steps, a + block * g->height * KC, b, sums + block * g->height * NR, kb == 0);
                    if (kb + 1 < g->k_blocks) continue;
                    long rows = pixels - block * g->height < g->height ? pixels - block * g->height : g->height;
                    finish(&g->finish, sums + block * g->height * NR, NR, rows, column, columns, call->y + (pixel + block * g->height) * call->out + column, call->out);
                }
            }
        }
    }
    tiles_close();
}

// Few outputs (an image's three colours) would leave most of a panel empty: there each pixel is a dot product along the
// channels, four pixels and four outputs at a time. The weight is [4][kernel²][channels in whole vectors].
enum { THIN_PIXELS = 4 };

static void convolution_thin_rows(void *argument, long begin, long end, int thread) {
    (void)thread;
    const convolution_t *g = argument;
    const ck_convolution_call *call = g->call;
    long taps = call->kernel * call->kernel, padded = (call->in + W - 1) / W * W, whole = call->in / W * W;
    for (long row = begin; row < end; row++) {
        for (long column = 0; column < call->out_width; column += THIN_PIXELS) {
            vf sum[THIN_PIXELS][CK_THIN_OUTPUTS];
#pragma clang loop unroll(full)
            for (int p = 0; p < THIN_PIXELS; p++)
#pragma clang loop unroll(full)
                for (int o = 0; o < CK_THIN_OUTPUTS; o++) sum[p][o] = splat(0);
            for (long tap = 0; tap < taps; tap++) {
                const float *x[THIN_PIXELS], *w = call->packed + tap * padded;
                for (int p = 0; p < THIN_PIXELS; p++) {
                    x[p] = column + p < call->out_width ? convolution_tap(call, row, column + p, tap) : NULL;
                    if (!x[p]) x[p] = g->zeros;
                }
#define THIN_STEP(LOAD)                                                                                                 \
    vf v[CK_THIN_OUTPUTS];                                                                                              \
    _Pragma("clang loop unroll(full)") for (int o = 0; o < CK_THIN_OUTPUTS; o++) v[o] = load(w + o * taps * padded + c); \
    _Pragma("clang loop unroll(full)") for (int p = 0; p < THIN_PIXELS; p++) {                                          \
        vf a = LOAD;                                                                                                    \
        _Pragma("clang loop unroll(full)") for (int o = 0; o < CK_THIN_OUTPUTS; o++) sum[p][o] = a * v[o] + sum[p][o];  \
    }
                for (long c = 0; c < whole; c += W) {
                    THIN_STEP(load(x[p] + c))
                }
                if (whole < call->in) {
                    long c = whole;
                    THIN_STEP(load_part(x[p] + c, call->in - c))
                }
#undef THIN_STEP
            }
            long pixels = call->out_width - column < THIN_PIXELS ? call->out_width - column : THIN_PIXELS;
            float sums[THIN_PIXELS * W] = {0};
            for (int p = 0; p < THIN_PIXELS; p++)
                for (int o = 0; o < CK_THIN_OUTPUTS; o++) sums[p * W + o] = sum_v(sum[p][o]);
            finish(&g->finish, sums, W, pixels, 0, call->out, call->y + (row * call->out_width + column) * call->out, call->out);
        }
    }
}

static void thin_convolution(ck_context *context, const ck_convolution_call *call) {
    convolution_t g = {.context = context, .call = call, .finish = make_finish(context, &call->epilogue, call->bias, call->out)};
    g.zeros = zero_pixel(context, call->in);
    ck_pool_run(context->pool, call->out_height, 1, convolution_thin_rows, &g);
}

static void direct_convolution(ck_context *context, const ck_convolution_call *call) {
    convolution_t g = {.context = context, .call = call, .bf16 = context->bf16 && call->weight.type == CK_BF16};
    g.finish = make_finish(context, &call->epilogue, call->bias, call->out);
    g.pixels = call->out_height * call->out_width;
    g.depth = call->kernel * call->kernel * call->in;
    g.height = block_rows(g.bf16);
    g.steps = row_steps(g.bf16, g.depth);
    g.k_blocks = (g.steps + KC - 1) / KC;
    g.panels = (call->out + NR - 1) / NR;
    // Equal tasks, several for each thread, their sums no larger than the second-level cache likes.
    long blocks = (g.pixels + g.height - 1) / g.height, most = SUM_ROWS / (g.panels * g.height);
    long least = 120 / g.height, largest = PACKED_ROWS / 2 / g.height;
    most = most < least ? least : most > largest ? largest : most;
    long tasks = (blocks + most - 1) / most, wanted = 4 * context->threads;
    tasks = (tasks + wanted - 1) / wanted * wanted;
    g.task_blocks = (blocks + tasks - 1) / tasks;
    ck_pool_run(context->pool, (blocks + g.task_blocks - 1) / g.task_blocks, 1, convolution_task, &g);
}

static void convolution(ck_context *context, const ck_convolution_call *call) {
    switch (call->method) {
    case CK_DIRECT: return direct_convolution(context, call);
    case CK_WINOGRAD: return winograd(context, call);
    case CK_THIN: return thin_convolution(context, call);
#if CK_HAS_TILES
    case CK_TILED: return tiled_convolution(context, call);
#else
    case CK_TILED: break;
#endif
    }
}
