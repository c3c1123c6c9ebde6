// y = x · Wᵀ for many rows with both sides in int8 (int8.h), packed as in gemm.h.
#pragma once
#include "finish.h"
#include "gemm.h"
#include "int8.h"

/// Columns `column ..< column + NR` of W + INT8_BIAS, steps `step ..< step + steps`, transposed to `[step][NR]`.
static void int8_pack_b(const ck_linear_call *call, long column, long step, long steps, float *b) {
    for (int v = 0; v < NV; v++) {
        for (long s = 0; s < steps; s += W) {
            vf r[W];
            long k = (step + s) * 4, left = call->in - k;
            for (int j = 0; j < W; j++) {
                long n = column + v * W + j;
                const char *w = (const char *)call->weight.data + n * call->in + k;
                vu bytes = 0;
                if (n < call->out) {
                    if (left >= 4 * W) bytes = load_u(w);
                    else if (left > 0) memcpy(&bytes, w, (size_t)left);
                }
                r[j] = as_vf(bytes ^ INT8_FLIP);
            }
            transpose16(r);
            for (int j = 0; j < W; j++) store(b + (s + j) * NR + v * W, r[j]);
        }
    }
}

#define MICRO_INT8(NAME, DOT)                                                                                           \
    static void NAME(long steps, const float *a, const float *b, float *sums, bool first) {                             \
        vi sum[MR][NV];                                                                                                 \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < MR; i++)                                                 \
            _Pragma("clang loop unroll(full)") for (int v = 0; v < NV; v++) sum[i][v] = 0;                              \
        for (long p = 0; p < steps; p++, b += NR) {                                                                     \
            vi row[NV];                                                                                                 \
            _Pragma("clang loop unroll(full)") for (int v = 0; v < NV; v++) row[v] = (vi)load_u(b + v * W);             \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < MR; i++) {                                           \
                vi x = (vi)as_vu(splat(a[i * KC + p]));                                                                 \
                _Pragma("clang loop unroll(full)") for (int v = 0; v < NV; v++) sum[i][v] = DOT(sum[i][v], row[v], x);  \
            }                                                                                                           \
            __builtin_prefetch(a + MR * KC + p * MR);                                                                   \
        }                                                                                                               \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < MR; i++)                                                 \
            _Pragma("clang loop unroll(full)") for (int v = 0; v < NV; v++) {                                           \
            float *to = sums + i * NR + v * W;                                                                          \
            store_u(to, (vu)(first ? sum[i][v] : (vi)load_u(to) + sum[i][v]));                                          \
        }                                                                                                               \
    }

/// One block of sums from (or added to) `sums [MR][NR]`, int32.
MICRO_INT8(int8_block, int8_dot)
/// The same by the instruction, and the rows of its block.
#if CK_HAS_TILES
enum { INT8_ROWS = BF16_ROWS };
static void int8_block_native(long steps, const float *a, const float *b, float *sums, bool first) { tiles_multiply(true, steps, a, W, BF16_ROWS * W, b, NR, sums, NR, first); }
#elif defined(INT8_NATIVE)
enum { INT8_ROWS = MR };
INT8_NATIVE MICRO_INT8(int8_block_native, int8_dot_native)
#endif
#undef MICRO_INT8

typedef void int8_block_body(long steps, const float *a, const float *b, float *sums, bool first);

typedef struct {
    ck_context *context;
    const ck_linear_call *call;
    finish_t finish;
    int8_block_body *multiply;
    long height;              // rows of a block
    float *a;
    int8_row *packed;         // of each row in packed A
    long row, rows, blocks;   // the rows in packed A
    long steps, k_blocks;     // of one row
    long panels, task_panels; // of all columns
} gemm_int8_t;

static void int8_pack_a(void *argument, long begin, long end, int thread) {
    (void)thread;
    const gemm_int8_t *g = argument;
    const ck_linear_call *call = g->call;
    long k_block = g->blocks * g->height * KC;
    block_strides strides = strides_of(g->multiply != int8_block);
    for (long row = begin * g->height; row < end * g->height; row++) {
        float *a = g->a + row / g->height * g->height * KC + row % g->height * strides.row;
        if (row < g->rows) {
            g->packed[row] = int8_quantize(call->x + (g->row + row) * call->x_stride, call->in, a, strides.vector, k_block);
        } else {
            for (long kb = 0; kb < g->k_blocks; kb++) pack_nothing(a + kb * k_block, strides.vector);
        }
    }
}

static void int8_task_of_panels(void *argument, long begin, long end, int thread) {
    const gemm_int8_t *g = argument;
    const ck_linear_call *call = g->call;
    float *b = ck_scratch(g->context, thread, THREAD_B, KC * NR * 4);
    float *all_sums = ck_scratch(g->context, thread, THREAD_SUMS, (size_t)(g->task_panels * g->blocks * g->height) * NR * 4);
    long height = g->height;
    tiles_open();
    for (long task = begin; task < end; task++) {
        long first_panel = task * g->task_panels;
        long last_panel = first_panel + g->task_panels < g->panels ? first_panel + g->task_panels : g->panels;
        for (long kb = 0; kb < g->k_blocks; kb++) {
            long step = kb * KC, steps = g->steps - step < KC ? g->steps - step : KC;
            const float *a = g->a + kb * g->blocks * height * KC;
            for (long panel = first_panel; panel < last_panel; panel++) {
                long column = panel * NR, columns = call->out - column < NR ? call->out - column : NR;
                int8_pack_b(call, column, step, steps, b);
                float *sums = all_sums + (panel - first_panel) * g->blocks * height * NR;
                for (long block = 0; block < g->blocks; block++, sums += height * NR) {
                    g->multiply(steps, a + block * height * KC, b, sums, kb == 0);
                    if (kb + 1 < g->k_blocks) continue;
                    long row = block * height, rows = g->rows - row < height ? g->rows - row : height;
                    int8_scale(g->packed + row, rows, NR, INT8_BIAS, sums, NR);
                    finish(&g->finish, sums, NR, rows, column, columns, call->y + (g->row + row) * call->y_stride + column, call->y_stride);
                }
            }
        }
    }
    tiles_close();
}

static void gemm_int8(ck_context *context, const ck_linear_call *call) {
    gemm_int8_t g = {.context = context, .call = call, .multiply = int8_block, .height = MR};
#ifdef INT8_NATIVE
    if (context->native_int8) {
        g.multiply = int8_block_native;
        g.height = INT8_ROWS;
    }
#endif
    g.finish = make_finish(context, &call->epilogue, call->bias, call->out);
    g.finish.scale = call->scales;
    g.steps = (call->in + 4 * BF16_STEPS - 1) / (4 * BF16_STEPS) * BF16_STEPS;
    g.k_blocks = (g.steps + KC - 1) / KC;
    g.panels = (call->out + NR - 1) / NR;
    // As gemm does.
    g.task_panels = g.panels / (4 * context->threads);
    g.task_panels = g.task_panels < 1 ? 1 : g.task_panels > TASK_PANELS ? TASK_PANELS : g.task_panels;
    long all_blocks = (call->rows + g.height - 1) / g.height;
    long parts = (all_blocks * g.height + PACKED_ROWS - 1) / PACKED_ROWS;
    long part = (all_blocks + parts - 1) / parts;
    g.a = ck_shared(context, SHARED_A, (size_t)(part * g.k_blocks * g.height) * KC * 4);
    g.packed = ck_shared(context, SHARED_ROWS, (size_t)(part * g.height) * sizeof(int8_row));
    for (long block = 0; block < all_blocks; block += part) {
        g.row = block * g.height;
        g.rows = call->rows - g.row < part * g.height ? call->rows - g.row : part * g.height;
        g.blocks = (g.rows + g.height - 1) / g.height;
        ck_pool_run(context->pool, g.blocks, 1 + 8192 / (call->in + 1), int8_pack_a, &g);
        ck_pool_run(context->pool, (g.panels + g.task_panels - 1) / g.task_panels, 1, int8_task_of_panels, &g);
    }
}
