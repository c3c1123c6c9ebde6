// A product by OpenBLAS, split into tasks for our own threads: weights are widened task by task.
#pragma once
#include "finish.h"

typedef struct {
    ck_context *context;
    const ck_linear_call *call;
    finish_t finish;
    long row_tasks;
} blas_t;

enum { BLAS_ROWS = 512, BLAS_COLUMNS = 128 };

static void blas_task(void *argument, long begin, long end, int thread) {
    const blas_t *g = argument;
    const ck_linear_call *call = g->call;
    long bytes = type_bytes(call->weight.type);
    for (long task = begin; task < end; task++) {
        long row = task % g->row_tasks * BLAS_ROWS, column = task / g->row_tasks * BLAS_COLUMNS;
        long rows = call->rows - row < BLAS_ROWS ? call->rows - row : BLAS_ROWS;
        long columns = call->out - column < BLAS_COLUMNS ? call->out - column : BLAS_COLUMNS;
        const char *from = (const char *)call->weight.data + column * call->in * bytes;
        const float *weight = (const float *)from;
        if (call->weight.type != CK_F32 || (uintptr_t)from % 4) {
            long count = columns * call->in;
            float *wide = ck_scratch(g->context, thread, THREAD_B, (size_t)(count + W) * 4);
            for (long k = 0; k < count; k += W) store(wide + k, load_weight_n(from, call->weight.type, k, count - k));
            weight = wide;
        }
        float *sums = ck_scratch(g->context, thread, THREAD_SUMS, (BLAS_ROWS * BLAS_COLUMNS + W) * 4);
        enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 };
        g->context->sgemm(ROW_MAJOR, NO_TRANSPOSE, TRANSPOSE, (int)rows, (int)columns, (int)call->in, 1, call->x + row * call->x_stride, (int)call->x_stride,
                          weight, (int)call->in, 0, sums, BLAS_COLUMNS);
        finish(&g->finish, sums, BLAS_COLUMNS, rows, column, columns, call->y + row * call->y_stride + column, call->y_stride);
    }
}

static void blas(ck_context *context, const ck_linear_call *call) {
    blas_t g = {.context = context, .call = call, .row_tasks = (call->rows + BLAS_ROWS - 1) / BLAS_ROWS};
    g.finish = make_finish(context, &call->epilogue, call->bias, call->out);
    g.finish.scale = call->scales;
    ck_pool_run(context->pool, g.row_tasks * ((call->out + BLAS_COLUMNS - 1) / BLAS_COLUMNS), 1, blas_task, &g);
}
