// y = x · Wᵀ with W packed as it is used: no copy of the weights at load, and none left over.
//
// A step is 4 bytes of K: one f32, or two bf16 that the processor multiplies in one instruction. Rows of x go in blocks of MR,
// steps in blocks of KC, columns in panels of NR:
//
//   packed A  [k-block][row block][MR][KC steps]     once for a block of rows, by all threads; bf16 is rounded here (AMX: tiles.h)
//   packed B  [KC steps][NR]                         by each thread as it comes to a panel (panel.h); stays in L1
//   sums      [panel][row block][MR][NR]  f32        per thread, until the last k-block finishes them
//
// One task is a few panels: for each k-block, for each panel, pack B and run down all row blocks of A, which lie one behind
// the other so that the prefetcher is never interrupted. The sizes are measured: a panel of B fits half of a first-level cache
// of 32 KB, a task's sums half of a second-level cache of 1 MB.
#pragma once
#include "finish.h"
#include "micro.h"
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
    bool bf16;
    long height;              // rows of a block
    float *a;
    long row, rows, blocks;   // the rows in packed A
    long steps, k_blocks;     // of one row
    long panels, task_panels; // of all columns
} gemm_t;

static void gemm_pack_a(void *argument, long begin, long end, int thread) {
    (void)thread;
    const gemm_t *g = argument;
    const ck_linear_call *call = g->call;
    long height = g->height, step_elements = g->bf16 ? 2 : 1;
    block_strides strides = strides_of(g->bf16);
    for (long block = begin; block < end; block++) {
        for (long kb = 0; kb < g->k_blocks; kb++) {
            float *a = g->a + (kb * g->blocks + block) * height * KC;
            long step = kb * KC, steps = g->steps - step < KC ? g->steps - step : KC;
            for (long i = 0; i < height; i++, a += strides.row) {
                long row = block * height + i;
                if (row >= g->rows) {
                    pack_nothing(a, strides.vector);
                    continue;
                }
                long k = step * step_elements;
                pack_row(g->bf16, call->x + (g->row + row) * call->x_stride + k, call->in - k, steps, a, strides.vector);
            }
        }
    }
}

static void gemm_task(void *argument, long begin, long end, int thread) {
    const gemm_t *g = argument;
    const ck_linear_call *call = g->call;
    float *b = ck_scratch(g->context, thread, THREAD_B, KC * NR * 4);
    float *all_sums = ck_scratch(g->context, thread, THREAD_SUMS, (size_t)(g->task_panels * g->blocks * g->height) * NR * 4);
    long height = g->height, bytes = type_bytes(call->weight.type), row_bytes = call->in * bytes, k_block_bytes = (KC << g->bf16) * bytes;
    tiles_open();
    for (long task = begin; task < end; task++) {
        long first_panel = task * g->task_panels;
        long last_panel = first_panel + g->task_panels < g->panels ? first_panel + g->task_panels : g->panels;
        for (long kb = 0; kb < g->k_blocks; kb++) {
            long step = kb * KC, steps = g->steps - step < KC ? g->steps - step : KC;
            const float *a = g->a + kb * g->blocks * height * KC;
            for (long panel = first_panel; panel < last_panel; panel++) {
                long column = panel * NR;
                pack_b(g->bf16, call->weight.data, call->weight.type, call->in, call->out, column, step, steps, b);
                // The next panel: of this k-block, of the next, or of the next task.
                bool turns = panel + 1 == last_panel && kb + 1 < g->k_blocks, ends = panel + 1 == last_panel && !turns;
                panel_fetch_t next = panel_fetch(call->weight.data, row_bytes, call->out, (turns ? first_panel : panel + 1) * NR, (turns ? kb + 1 : ends ? 0 : kb) * k_block_bytes, k_block_bytes);
                long share = (next.lines + g->blocks - 1) / g->blocks;
                float *sums = all_sums + (panel - first_panel) * g->blocks * height * NR;
                for (long block = 0; block < g->blocks; block++) {
                    panel_fetch_lines(&next, share);
                    gemm_block(g->bf16, steps, a + block * height * KC, b, sums + block * height * NR, kb == 0);
                    if (kb + 1 < g->k_blocks) continue;
                    long rows = g->rows - block * height < height ? g->rows - block * height : height;
                    long columns = call->out - column < NR ? call->out - column : NR;
                    finish(&g->finish, sums + block * height * NR, NR, rows, column, columns, call->y + (g->row + block * height) * call->y_stride + column, call->y_stride);
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
    gemm_t g = {.context = context, .call = call, .bf16 = multiplies_bf16(context, call)};
    g.finish = make_finish(context, &call->epilogue, call->bias, call->out);
    g.finish.scale = call->scales;
    g.height = block_rows(g.bf16);
    g.steps = row_steps(g.bf16, call->in);
    g.k_blocks = (g.steps + KC - 1) / KC;
    g.panels = (call->out + NR - 1) / NR;
    // Enough tasks that a thread the system has stopped is not waited for long.
    g.task_panels = g.panels / (4 * context->threads);
    g.task_panels = g.task_panels < 1 ? 1 : g.task_panels > TASK_PANELS ? TASK_PANELS : g.task_panels;
    long all_blocks = (call->rows + g.height - 1) / g.height;
    long parts = (all_blocks * g.height + PACKED_ROWS - 1) / PACKED_ROWS;
    long part = (all_blocks + parts - 1) / parts;
    g.a = ck_shared(context, SHARED_A, (size_t)(part * g.k_blocks * g.height) * KC * 4);
    for (long block = 0; block < all_blocks; block += part) {
        g.row = block * g.height;
        g.rows = call->rows - g.row < part * g.height ? call->rows - g.row : part * g.height;
        g.blocks = (g.rows + g.height - 1) / g.height;
        ck_pool_run(context->pool, g.blocks, 1 + 8192 / (call->in + 1), gemm_pack_a, &g);
        ck_pool_run(context->pool, (g.panels + g.task_panels - 1) / g.task_panels, 1, gemm_task, &g);
    }
}
