// y = x · Wᵀ with W packed as it is used: no copy of the weights at load, and none left over.
//
// A step is 4 bytes of K: one f32, or two bf16 or four int8 (int8.h) that the processor multiplies in one instruction. Rows of x go in blocks of MR,
// steps in blocks of KC, columns in panels of NR:
//
//   packed A  [k-block][row block][MR][KC steps]     once for a block of rows, by all threads, which round x here (AMX: tiles.h)
//   packed B  [KC steps][NR]                         by each thread as it comes to a panel (panel.h); stays in L1
//   sums      [panel][row block][MR][NR]             per thread, until the last k-block finishes them
//
// One task is a few panels: for each k-block, for each panel, pack B and run down all row blocks of A, which lie one behind
// the other so that the prefetcher is never interrupted. The sizes are measured: a panel of B fits half of a first-level cache
// of 32 KB, a task's sums half of a second-level cache of 1 MB.
#pragma once
#include "finish.h"
#include "micro.h"
#include "micro_int8.h"
#include "pack.h"
#include "panel.h"
#include "tiles.h"

MICRO(micro, MR, NV, true)
#if CK_HAS_BF16
MICRO_BF16(micro_bf16, MR, NV, true)
#endif

/// Rows of packed A at a time, and panels of a task.
enum { PACKED_ROWS = 960, TASK_PANELS = 4 };

/// One block of sums from (or added to) `sums [MR][NR]`; `a_stride` is a constant.
INLINE void multiply_block(bool bf16, long steps, const float *a, long a_stride, const float *b, float *sums, bool first) {
    vf sum[MR][NV];
#pragma clang loop unroll(full)
    for (int i = 0; i < MR; i++)
#pragma clang loop unroll(full)
        for (int v = 0; v < NV; v++) sum[i][v] = splat(0);
#if CK_HAS_BF16
    if (bf16) micro_bf16(steps, a, a_stride, b, NR, sum);
    else
#endif
        micro(steps, a, a_stride, b, NR, sum);
    (void)bf16;
    if (first) {
#pragma clang loop unroll(full)
        for (int i = 0; i < MR; i++)
#pragma clang loop unroll(full)
            for (int v = 0; v < NV; v++) store(sums + i * NR + v * W, sum[i][v]);
    } else {
#pragma clang loop unroll(full)
        for (int i = 0; i < MR; i++)
#pragma clang loop unroll(full)
            for (int v = 0; v < NV; v++) store(sums + i * NR + v * W, load(sums + i * NR + v * W) + sum[i][v]);
    }
}

/// One block of `block_rows` rows of packed A with a panel.
static void gemm_block(bool bf16, long steps, const float *a, const float *b, float *sums, bool first) {
#if CK_HAS_TILES
    if (bf16) return tiles_multiply(false, steps, a, W, BF16_ROWS * W, b, NR, sums, NR, first);
#endif
    multiply_block(bf16, steps, a, KC, b, sums, first);
}

typedef struct {
    ck_context *context;
    const ck_linear_call *call;
    finish_t finish;
    bool bf16, int8;          // what is multiplied; else f32
    long step_elements;
    long height;              // rows of a block
    block_strides strides;
    float *a;
    int8_row *int8_rows;      // of each row in packed A
    long row, rows, blocks;   // the rows in packed A
    long steps, k_blocks;     // of one row
    long panels, task_panels; // of all columns
} gemm_t;

/// Floats from one k-block of packed A to the next.
INLINE long gemm_k_block(const gemm_t *g) { return g->blocks * g->height * KC; }
/// Steps of k-block `kb`.
INLINE long gemm_steps(const gemm_t *g, long kb) { return g->steps - kb * KC < KC ? g->steps - kb * KC : KC; }

static void gemm_pack_a(void *argument, long begin, long end, int thread) {
    (void)thread;
    const gemm_t *g = argument;
    const ck_linear_call *call = g->call;
    long vector = g->strides.vector, k_block = gemm_k_block(g);
    for (long row = begin * g->height; row < end * g->height; row++) {
        float *a = g->a + row / g->height * g->height * KC + row % g->height * g->strides.row;
        const float *x = call->x + (g->row + row) * call->x_stride;
        if (g->int8 && row < g->rows) {
            g->int8_rows[row] = int8_quantize(x, call->in, a, vector, k_block);
            continue;
        }
        for (long kb = 0, k = 0; kb < g->k_blocks; kb++, k += KC * g->step_elements) {
            if (row < g->rows) pack_row(g->bf16, x + k, call->in - k, gemm_steps(g, kb), a + kb * k_block, vector);
            else pack_nothing(a + kb * k_block, vector);
        }
    }
}

/// Where a panel is: which columns of y, of which weight.
typedef struct {
    const void *weight;
    long column;
    bool up;
} gemm_panel_t;

/// Of a gated product the panels of both weights for the same columns follow one another, so that one task has the sums of both.
INLINE gemm_panel_t gemm_panel(const gemm_t *g, long panel) {
    const ck_linear_call *call = g->call;
    if (!call->up.data) return (gemm_panel_t){call->weight.data, panel * NR, false};
    return (gemm_panel_t){panel % 2 ? call->up.data : call->weight.data, panel / 2 * NR, panel % 2};
}

/// One block of packed A with k-block `kb` of a panel. With the last, the sums become y; those of a gated product's first half wait for the second,
/// `panel_sums` further.
INLINE void gemm_sums(const gemm_t *g, long block, gemm_panel_t panel, long kb, const float *b, float *sums, long panel_sums) {
    const ck_linear_call *call = g->call;
    const float *a = g->a + kb * gemm_k_block(g) + block * g->height * KC;
    long steps = gemm_steps(g, kb);
    if (!g->int8) gemm_block(g->bf16, steps, a, b, sums, kb == 0);
#ifdef INT8_NATIVE
    else if (g->context->native_int8) int8_block_native(steps, a, b, sums, kb == 0);
#endif
    else int8_block(steps, a, b, sums, kb == 0);
    if (kb + 1 < g->k_blocks) return;
    long row = block * g->height, rows = g->rows - row < g->height ? g->rows - row : g->height;
    long column = panel.column, columns = call->out - column < NR ? call->out - column : NR;
    if (g->int8) int8_scale(g->int8_rows + row, rows, NR, INT8_BIAS, sums, NR);
    float *y = call->y + (g->row + row) * call->y_stride + column;
    if (!call->up.data) finish(&g->finish, sums, NR, rows, column, columns, y, call->y_stride);
    else if (panel.up) finish_gated(&g->finish, sums - panel_sums, sums, NR, rows, column, columns, y, call->y_stride);
}

static void gemm_task(void *argument, long begin, long end, int thread) {
    const gemm_t *g = argument;
    const ck_linear_call *call = g->call;
    float *b = ck_scratch(g->context, thread, THREAD_B, KC * NR * 4);
    long panel_sums = g->blocks * g->height * NR;
    float *all_sums = ck_scratch(g->context, thread, THREAD_SUMS, (size_t)(g->task_panels * panel_sums) * 4);
    long bytes = type_bytes(call->weight.type), row_bytes = call->in * bytes, k_block_bytes = KC * g->step_elements * bytes;
    tiles_open();
    for (long task = begin; task < end; task++) {
        long first_panel = task * g->task_panels;
        long last_panel = first_panel + g->task_panels < g->panels ? first_panel + g->task_panels : g->panels;
        for (long kb = 0; kb < g->k_blocks; kb++) {
            for (long panel = first_panel; panel < last_panel; panel++) {
                gemm_panel_t own = gemm_panel(g, panel);
                if (g->int8) pack_b_int8(own.weight, call->in, call->out, own.column, kb * KC, gemm_steps(g, kb), b);
                else pack_b(g->bf16, own.weight, call->weight.type, call->in, call->out, own.column, kb * KC, gemm_steps(g, kb), b);
                // The next panel: of this k-block, of the next, or of the next task.
                bool turns = panel + 1 == last_panel && kb + 1 < g->k_blocks, ends = panel + 1 == last_panel && !turns;
                gemm_panel_t other = gemm_panel(g, turns ? first_panel : panel + 1);
                panel_fetch_t next = panel_fetch(other.weight, row_bytes, call->out, other.column, (turns ? kb + 1 : ends ? 0 : kb) * k_block_bytes, k_block_bytes);
                long share = (next.lines + g->blocks - 1) / g->blocks;
                float *sums = all_sums + (panel - first_panel) * panel_sums;
                for (long block = 0; block < g->blocks; block++, sums += g->height * NR) {
                    panel_fetch_lines(&next, share);
                    gemm_sums(g, block, own, kb, b, sums, panel_sums);
                }
            }
        }
    }
    tiles_close();
}

/// Only weights that bf16 holds exactly, those stored in it or in int8, meet bf16 operands: f32 and f16 hold more, and are multiplied in
/// f32 whatever the precision.
static bool multiplies_bf16(const ck_context *context, const ck_linear_call *call) {
    return context->bf16 && (call->weight.type == CK_BF16 || call->weight.type == CK_I8);
}

static void gemm(ck_context *context, const ck_linear_call *call) {
    gemm_t g = {.context = context, .call = call, .int8 = multiplies_int8(context, call)};
    g.finish = make_finish(context, &call->epilogue, call->bias, call->out);
    g.finish.scale = call->scales;
    g.finish.up_scale = call->up_scales;
    g.bf16 = !g.int8 && multiplies_bf16(context, call);
    bool tiles = g.bf16 || (g.int8 && context->native_int8);
    g.step_elements = g.int8 ? 4 : g.bf16 ? 2 : 1;
    g.height = block_rows(tiles);
    g.strides = strides_of(tiles);
    g.steps = g.int8 ? row_steps(true, (call->in + 1) / 2) : row_steps(g.bf16, call->in);
    g.k_blocks = (g.steps + KC - 1) / KC;
    int halves = call->up.data ? 2 : 1;
    g.panels = (call->out + NR - 1) / NR * halves;
    // Enough tasks that a thread the system has stopped is not waited for long.
    g.task_panels = g.panels / (4 * context->threads);
    g.task_panels = g.task_panels < halves ? halves : g.task_panels > TASK_PANELS ? TASK_PANELS : g.task_panels / halves * halves;
    long all_blocks = (call->rows + g.height - 1) / g.height;
    long parts = (all_blocks * g.height + PACKED_ROWS - 1) / PACKED_ROWS;
    long part = (all_blocks + parts - 1) / parts;
    g.a = ck_shared(context, SHARED_A, (size_t)(part * g.k_blocks * g.height) * KC * 4);
    g.int8_rows = ck_shared(context, SHARED_ROWS, (size_t)(part * g.height) * sizeof(int8_row));
    for (long block = 0; block < all_blocks; block += part) {
        g.row = block * g.height;
        g.rows = call->rows - g.row < part * g.height ? call->rows - g.row : part * g.height;
        g.blocks = (g.rows + g.height - 1) / g.height;
        ck_pool_run(context->pool, g.blocks, 1 + 8192 / (call->in + 1), gemm_pack_a, &g);
        ck_pool_run(context->pool, (g.panels + g.task_panels - 1) / g.task_panels, 1, gemm_task, &g);
    }
}
