#include "gemm.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// Vector extensions: one source for every processor, and on x86-64 compiled for three kinds of them. A tile's sums stay in registers.
typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));
enum { TILE_ROWS = 6, TILE_COLUMNS = 16, BLOCK_K = 256, PARALLEL_FROM = 1 << 21 };
#ifdef __x86_64__
#define FOR_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

typedef struct {
    int64_t m, n, k;
    const float *a;
    matrix b;
    float *c;
} product;

/// A panel [depth, TILE_COLUMNS] of b, zero-padded past column n, read along whichever way b lies.
FOR_EACH_PROCESSOR static void pack(const product *p, int64_t column, int64_t from, int64_t depth, float *panel) {
    int64_t width = p->n - column < TILE_COLUMNS ? p->n - column : TILE_COLUMNS;
    const float *b = p->b.data + from * p->b.row + column * p->b.column;
    if (width < TILE_COLUMNS) memset(panel, 0, (size_t)(depth * TILE_COLUMNS) * sizeof(float));
    if (p->b.column == 1) {
        for (int64_t i = 0; i < depth; i++) memcpy(panel + i * TILE_COLUMNS, b + i * p->b.row, (size_t)width * sizeof(float));
        return;
    }
    for (int64_t j = 0; j < width; j++) {
        for (int64_t i = 0; i < depth; i++) panel[i * TILE_COLUMNS + j] = b[i * p->b.row + j * p->b.column];
    }
}

FOR_EACH_PROCESSOR static void tile(const product *p, int64_t row, int64_t rows, int64_t column, int64_t from, int64_t depth, const float *panel) {
#pragma clang fp contract(off) // the same bits on every processor
    lanes sum[TILE_ROWS] = {{0}};
    const float *a[TILE_ROWS];
    for (int64_t i = 0; i < TILE_ROWS; i++) a[i] = p->a + (row + (i < rows ? i : 0)) * p->k + from;
    for (int64_t d = 0; d < depth; d++) {
        lanes right = *(const lanes *)(panel + d * TILE_COLUMNS);
        for (int i = 0; i < TILE_ROWS; i++) sum[i] += a[i][d] * right;
    }
    int64_t width = p->n - column < TILE_COLUMNS ? p->n - column : TILE_COLUMNS;
    for (int64_t i = 0; i < rows; i++) {
        float *c = p->c + (row + i) * p->n + column;
        for (int64_t j = 0; j < width; j++) c[j] += ((const float *)(sum + i))[j];
    }
}

static void *multiply(void *context) {
    const product *p = context;
    float panel[BLOCK_K * TILE_COLUMNS];
    for (int64_t i = 0; i < p->m; i++) memset(p->c + i * p->n, 0, (size_t)p->n * sizeof(float));
    for (int64_t from = 0; from < p->k; from += BLOCK_K) {
        int64_t depth = p->k - from < BLOCK_K ? p->k - from : BLOCK_K;
        for (int64_t column = 0; column < p->n; column += TILE_COLUMNS) {
            pack(p, column, from, depth, panel);
            for (int64_t row = 0; row < p->m; row += TILE_ROWS) {
                tile(p, row, p->m - row < TILE_ROWS ? p->m - row : TILE_ROWS, column, from, depth, panel);
            }
        }
    }
    return NULL;
}

void gemm(int64_t m, int64_t n, int64_t k, const float *a, matrix b, float *c) {
    product whole = {m, n, k, a, b, c};
    int64_t half = m / 2 / TILE_ROWS * TILE_ROWS;
    pthread_t helper;
    product upper = whole, lower = whole;
    upper.m = half;
    lower.m = m - half;
    lower.a += half * k;
    lower.c += half * n;
    // Rows are computed the same way by either thread, so the split doesn't show in the bits.
    if (half == 0 || m * n * k < PARALLEL_FROM || pthread_create(&helper, NULL, multiply, &upper) != 0) {
        multiply(&whole);
        return;
    }
    multiply(&lower);
    pthread_join(helper, NULL);
}
