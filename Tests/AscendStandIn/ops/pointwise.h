// One loop over elements for every element-wise operator.
#pragma once

#include "check.h"

/// Up to three operands and two constants; rows of `count` elements, in f64 so that each result is rounded once.
typedef struct {
    const double *a, *b, *c;
    double s, t;
    int64_t count;
    double *out;
} pointwise_row;

typedef void (*pointwise_kernel)(const pointwise_row *row);

typedef struct {
    pointwise_kernel kernel;
    double s, t;
} pointwise_args;

/// A `run` for si_operator: args are pointwise_args, inputs broadcast to the output's shape.
aclError pointwise_run(const si_run *run);
