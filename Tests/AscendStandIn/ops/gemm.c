#include "gemm.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// Vector extensions: one source for SSE, AVX and NEON. The tile's twelve sums stay in registers.
typedef float lanes __attribute__((vector_size(16), aligned(4), may_alias));
enum { WIDE = 4, TILE_ROWS = 4, TILE_COLUMNS = 2 * WIDE, BLOCK_K = 256, PARALLEL_FROM = 1 << 21 };

typedef struct {
    int64_t m, n, k;
    const float *a;
    matrix b;
    float *c;
} product;

/// A panel [depth, TILE_COLUMNS] of b, zero-padded past column n.
static void pack(const product *p, int64_t column, int64_t from, int64_t depth, float *panel) {
    int64_t width = p->n - column < TILE_COLUMNS ? p->n - column : TILE_COLUMNS;
    for (int64_t i = 0; i < depth; i++) {
        const float *row = p->b.data + (from + i) * p->b.row + column * p->b.column;
        for (int64_t j = 0; j < TILE_COLUMNS; j++) panel[i * TILE_COLUMNS + j] = j < width ? row[j * p->b.column] : 0;
    }
}

static void tile(const product *p, int64_t row, int64_t rows, int64_t column, int64_t from, int64_t depth, const float *panel) {
    lanes sum[TILE_ROWS][2] = {{{0}}};
    const float *a[TILE_ROWS];
    for (int64_t i = 0; i < TILE_ROWS; i++) a[i] = p->a + (row + (i < rows ? i : 0)) * p->k + from;
    for (int64_t d = 0; d < depth; d++) {
        lanes left = *(const lanes *)(panel + d * TILE_COLUMNS), right = *(const lanes *)(panel + d * TILE_COLUMNS + WIDE);
        for (int i = 0; i < TILE_ROWS; i++) {
            sum[i][0] += a[i][d] * left;
            sum[i][1] += a[i][d] * right;
        }
    }
    int64_t width = p->n - column < TILE_COLUMNS ? p->n - column : TILE_COLUMNS;
    for (int64_t i = 0; i < rows; i++) {
        float *c = p->c + (row + i) * p->n + column;
        for (int64_t j = 0; j < width; j++) c[j] += ((const float *)sum[i])[j];
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
