// What phase 1 checks, in the words of the operators' documentation. Every check answers 0 or a refusal's code.
#pragma once

#include "view.h"
#include "../runtime/internal.h"

#define PHASE1 uint64_t *workspaceSize, aclOpExecutor **executor
#define PLAN(...) si_plan(__VA_ARGS__, workspaceSize, executor)

enum {
    NULL_POINTER = 161001, INVALID = 161002, TILING = 561002, NO_KERNEL = 561003,
    VECTOR_FAULT = 507035,
};

/// Sets of data types.
enum {
    F32 = 1, F16 = 2, BF16 = 4, FLOATS = F32 | F16 | BF16, HALVES = F16 | BF16,
    I32 = 8, I64 = 16, INDICES = I32 | I64, I8 = 32, U8 = 64, BOOL = 128, F64 = 256,
    NUMBERS = FLOATS | INDICES | I8 | U8 | F64, ANY = NUMBERS | BOOL,
};

/// `marks` has `+` or `-` for A3, A2, 310P, 910A. Of a 950 no operator is modelled.
aclnnStatus check_soc(const char *op, const char *marks);
/// The type is in the set, and the chip has it.
aclnnStatus check_type(const char *op, const aclTensor *t, const char *name, unsigned types);
aclnnStatus check_same_type(const char *op, const aclTensor *a, const char *a_name, const aclTensor *b, const char *b_name);
aclnnStatus check_rank(const char *op, const aclTensor *t, const char *name, int least, int most);
aclnnStatus check_dims(const char *op, const aclTensor *t, const char *name, int rank, const int64_t *dims);
aclnnStatus check_same_dims(const char *op, const aclTensor *a, const char *a_name, const aclTensor *b, const char *b_name);
/// Also makes a negative axis count from the end.
aclnnStatus check_axis(const char *op, int64_t *axis, int rank);
aclnnStatus check_format(const char *op, const aclTensor *t, const char *name, aclFormat format);
aclnnStatus check_contiguous(const char *op, const aclTensor *t, const char *name);
/// Ends the process where an operator that reads its input while it writes would do so from the same memory.
void forbid_overlap(const char *op, const aclTensor *input, const aclTensor *output);
/// The same for an operator that may work in place: input and output are the same view, or apart.
void forbid_shift(const char *op, const aclTensor *input, const aclTensor *output);

/// numpy's broadcasting of two shapes; refused when they don't fit.
aclnnStatus broadcast_dims(const char *op, const aclTensor *a, int *rank, int64_t *dims);
/// The type that two operands are computed in: the wider float, f32 for bf16 with f16, a float over an integer.
aclDataType promoted(aclDataType a, aclDataType b);
bool is_float(aclDataType type);

/// The tensor for a kernel.
view view_of(const aclTensor *t);
