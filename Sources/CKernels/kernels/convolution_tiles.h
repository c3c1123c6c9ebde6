// 3 × 3 convolutions of stride 1 by AMX, on pixels as they lie: a register takes 16 neighbouring pixels of a row by 32 of their channels, under
// each of the nine taps, so that nothing is laid out per tap.
//
//   band    [rows + 2][pixels of a row + 2][channels in pairs]  of a task: the image's rows around it in bf16, zero outside
//   weight  [panel of NR outputs][tap][channels in pairs][NR]   laid out at load (convolution_pack.c), in whole registers
//   sums    [32 pixels][NR]                                     stay in registers from the first tap to the last
#pragma once
#include "gemm.h"

#if CK_HAS_TILES
enum { TAPS = 9 };
/// What a band may take of the second-level cache, and rows of a task where they are short.
enum { BAND_BYTES = 768 << 10, BAND_ROWS = 8 };

typedef struct {
    ck_context *context;
    const ck_convolution_call *call;
    finish_t finish;
    long steps;  // of a pixel's channels, in whole registers
    long pixel;  // floats from a pixel of a band to the next
    long pixels; // of a row of a band
    long rows;   // of a task
    long panels;
} band_t;

/// Rows `row - 1 ..< row + rows + 1` of the image.
static void band_pack(const band_t *g, long row, long rows, float *band) {
    const ck_convolution_call *call = g->call;
    for (long i = row - 1; i < row + rows + 1; i++) {
        bool outside = i < 0 || i >= call->height;
        for (long j = -1; j < g->pixels - 1; j++, band += g->pixel) {
            if (outside || j < 0 || j >= call->width) {
                for (long s = 0; s < g->steps; s += W) store(band + s, splat(0));
            } else {
                pack_row(true, call->x + (i * call->width + j) * call->in, call->in, g->steps, band, W);
            }
        }
    }
}

static void band_task(void *argument, long begin, long end, int thread) {
    const band_t *g = argument;
    const ck_convolution_call *call = g->call;
    float *band = ck_scratch(g->context, thread, THREAD_A, (size_t)((g->rows + 2) * g->pixels * g->pixel) * 4);
    _Alignas(64) float sums[BF16_ROWS * NR];
    tiles_open();
    for (long task = begin; task < end; task++) {
        long row = task * g->rows, rows = call->out_height - row < g->rows ? call->out_height - row : g->rows;
        band_pack(g, row, rows, band);
        for (long panel = 0; panel < g->panels; panel++) {
            const float *weight = call->packed + panel * TAPS * g->steps * NR;
            long column = panel * NR, columns = call->out - column < NR ? call->out - column : NR;
            for (long i = 0; i < rows; i++) {
                for (long j = 0; j < call->out_width; j += BF16_ROWS) {
                    const float *b = weight;
                    tiles_begin(sums, NR, true);
                    for (long tap = 0; tap < TAPS; tap++, b += g->steps * NR) {
                        const float *a = band + ((i + tap / 3) * g->pixels + j + tap % 3) * g->pixel;
                        tiles_add(false, g->steps, a, g->pixel, W, b, NR);
                    }
                    tiles_end(sums, NR);
                    long count = call->out_width - j < BF16_ROWS ? call->out_width - j : BF16_ROWS;
                    finish(&g->finish, sums, NR, count, column, columns, call->y + ((row + i) * call->out_width + j) * call->out + column, call->out);
                }
            }
        }
    }
    tiles_close();
}

static void tiled_convolution(ck_context *context, const ck_convolution_call *call) {
    band_t g = {.context = context, .call = call, .finish = make_finish(context, &call->epilogue, call->bias, call->out)};
    g.steps = row_steps(true, call->in);
    // Pixels whose distance is a power of two would share sets of the cache.
    g.pixel = g.steps < KC ? g.steps : g.steps + W;
    g.pixels = (call->out_width + BF16_ROWS - 1) / BF16_ROWS * BF16_ROWS + 2;
    g.panels = (call->out + NR - 1) / NR;
    long most = BAND_BYTES / (g.pixels * g.pixel * 4) - 2, equal = call->out_height / (4 * context->threads);
    g.rows = most < BAND_ROWS ? most : BAND_ROWS;
    g.rows = equal < g.rows ? equal : g.rows;
    g.rows = g.rows < 1 ? 1 : g.rows;
    ck_pool_run(context->pool, (call->out_height + g.rows - 1) / g.rows, 1, band_task, &g);
}
#endif
