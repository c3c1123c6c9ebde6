// The dense f32 product that several operators share.
#pragma once

#include <stdint.h>

/// A matrix whose element (i, j) is `data[i · row + j · column]`.
typedef struct {
    const float *data;
    int64_t row, column;
} matrix;

/// c [m, n] = a [m, k] · b [k, n], a and c dense, accumulated in f32.
void gemm(int64_t m, int64_t n, int64_t k, const float *a, matrix b, float *c);
