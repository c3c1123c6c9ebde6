// What Matmul, BatchMatMul and Addmm share.
#pragma once

#include "check.h"

enum { KEEP_DTYPE = 0, ALLOW_FP32_DOWN_PRECISION = 1, USE_FP16 = 2, USE_HF32 = 3, USE_FP32_ADD = 4 };

/// Types of both sides and cubeMathType against the chip.
aclnnStatus check_product(const char *op, const aclTensor *a, const aclTensor *b, const aclTensor *out, int8_t cubeMathType);
/// What the cube reads of a type under cubeMathType: rounds dense values in place.
void round_for_cube(float *values, int64_t count, aclDataType type, int8_t cubeMathType);
/// Dense f32 result [m, n] of a [m, k] · b [k, n]; views of two axes, for the caller to free. `determinism` as in si_run.
float *product(const view *a, const view *b, int8_t cubeMathType, int determinism);
/// The workspace asked for: partial sums, and what it takes to make a strided operand contiguous.
uint64_t product_workspace(const aclTensor *a, const aclTensor *b, const aclTensor *out);
