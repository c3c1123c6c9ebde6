// Add, Mul, Minimum, Addcmul, Abs and their forms with scalars and in place.
#include "pointwise.h"

#include <math.h>

static void add(const pointwise_row *r) { for (int64_t i = 0; i < r->count; i++) r->out[i] = r->a[i] + r->s * r->b[i]; }
static void adds(const pointwise_row *r) { for (int64_t i = 0; i < r->count; i++) r->out[i] = r->a[i] + r->s; }
static void mul(const pointwise_row *r) { for (int64_t i = 0; i < r->count; i++) r->out[i] = r->a[i] * r->b[i]; }
static void minimum(const pointwise_row *r) { for (int64_t i = 0; i < r->count; i++) r->out[i] = r->a[i] < r->b[i] ? r->a[i] : r->b[i]; }
static void muls(const pointwise_row *r) { for (int64_t i = 0; i < r->count; i++) r->out[i] = r->a[i] * r->s; }
static void absolute(const pointwise_row *r) { for (int64_t i = 0; i < r->count; i++) r->out[i] = fabs(r->a[i]); }
static void addcmul(const pointwise_row *r) { for (int64_t i = 0; i < r->count; i++) r->out[i] = r->a[i] + r->s * r->b[i] * r->c[i]; }

/// Operands broadcast to exactly the output's shape, and the type they are computed in can be cast to the output's.
static aclnnStatus check(const char *op, const aclTensor *a, const aclTensor *b, const aclTensor *c, const aclTensor *out) {
    const aclTensor *operands[] = {a, b, c};
    int rank = 0;
    int64_t dims[MAX_RANK];
    aclDataType type = a->dtype;
    for (int i = 0; i < 3; i++) {
        if (!operands[i]) continue;
        SI_TRY(check_type(op, operands[i], "an operand", NUMBERS | BOOL));
        SI_TRY(broadcast_dims(op, operands[i], &rank, dims));
        forbid_shift(op, operands[i], out);
        type = promoted(type, operands[i]->dtype);
    }
    SI_TRY(check_type(op, out, "out", NUMBERS));
    if (is_float(type) && !is_float(out->dtype)) SI_REFUSE(INVALID, "%s: %s can't be cast to out's %s", op, si_dtype_name(type), si_dtype_name(out->dtype));
    return check_dims(op, out, "out", rank, dims);
}

static aclnnStatus check_scalar(const char *op, const aclScalar *scalar, const char *name, const aclTensor *self) {
    SI_TRY(si_need_scalar(scalar, name));
    if (is_float(scalar->dtype) && !is_float(self->dtype)) SI_REFUSE(INVALID, "%s: %s is %s for a tensor of %s", op, name, si_dtype_name(scalar->dtype), si_dtype_name(self->dtype));
    return 0;
}

static double value(const aclScalar *scalar) { return is_float(scalar->dtype) ? scalar->real : (double)scalar->integer; }

static aclnnStatus plan_add(const si_operator *op, const aclTensor *self, const aclTensor *other, const aclScalar *alpha, const aclTensor *out, PHASE1) {
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need(other, "other"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check(op->name, self, other, NULL, out));
    SI_TRY(check_scalar(op->name, alpha, "alpha", out));
    pointwise_args args = {add, value(alpha), 0};
    return PLAN(op, &args, sizeof args, SI_TENSORS(self, other), SI_TENSORS(out), SI_KEPT(alpha), 0);
}

static aclnnStatus plan_pair(
    const si_operator *op, void (*row)(const pointwise_row *), const aclTensor *self, const aclTensor *other, const aclTensor *out, PHASE1
) {
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need(other, "other"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check(op->name, self, other, NULL, out));
    pointwise_args args = {row, 0, 0};
    return PLAN(op, &args, sizeof args, SI_TENSORS(self, other), SI_TENSORS(out), SI_NONE, 0);
}

// The documentation lists Add and InplaceAdd without 310P; ggml's backend runs them there.
static const si_operator add_op = {.name = "aclnnAdd", .run = pointwise_run};
static const si_operator inplace_add_op = {.name = "aclnnInplaceAdd", .run = pointwise_run};
static const si_operator mul_op = {.name = "aclnnMul", .run = pointwise_run};
static const si_operator minimum_op = {.name = "aclnnMinimum", .run = pointwise_run};
static const si_operator adds_op = {.name = "aclnnAdds", .run = pointwise_run};
static const si_operator muls_op = {.name = "aclnnMuls", .run = pointwise_run};
static const si_operator abs_op = {.name = "aclnnAbs", .run = pointwise_run};
static const si_operator addcmul_op = {.name = "aclnnAddcmul", .run = pointwise_run};

aclnnStatus aclnnAddGetWorkspaceSize(const aclTensor *self, const aclTensor *other, const aclScalar *alpha, aclTensor *out, PHASE1) {
    return plan_add(&add_op, self, other, alpha, out, workspaceSize, executor);
}
SI_PHASE2(aclnnAdd)

aclnnStatus aclnnInplaceAddGetWorkspaceSize(const aclTensor *selfRef, const aclTensor *other, const aclScalar *alpha, PHASE1) {
    return plan_add(&inplace_add_op, selfRef, other, alpha, selfRef, workspaceSize, executor);
}
SI_PHASE2(aclnnInplaceAdd)

aclnnStatus aclnnMulGetWorkspaceSize(const aclTensor *self, const aclTensor *other, aclTensor *out, PHASE1) {
    return plan_pair(&mul_op, mul, self, other, out, workspaceSize, executor);
}
SI_PHASE2(aclnnMul)

aclnnStatus aclnnMinimumGetWorkspaceSize(const aclTensor *self, const aclTensor *other, aclTensor *out, PHASE1) {
    return plan_pair(&minimum_op, minimum, self, other, out, workspaceSize, executor);
}
SI_PHASE2(aclnnMinimum)

aclnnStatus aclnnAddsGetWorkspaceSize(const aclTensor *self, const aclScalar *other, const aclScalar *alpha, aclTensor *out, PHASE1) {
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check(adds_op.name, self, NULL, NULL, out));
    SI_TRY(check_scalar(adds_op.name, other, "other", out));
    SI_TRY(check_scalar(adds_op.name, alpha, "alpha", out));
    pointwise_args args = {adds, value(other) * value(alpha), 0};
    return PLAN(&adds_op, &args, sizeof args, SI_TENSORS(self), SI_TENSORS(out), SI_KEPT(other, alpha), 0);
}
SI_PHASE2(aclnnAdds)

aclnnStatus aclnnMulsGetWorkspaceSize(const aclTensor *self, const aclScalar *other, aclTensor *out, PHASE1) {
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check(muls_op.name, self, NULL, NULL, out));
    SI_TRY(check_scalar(muls_op.name, other, "other", out));
    pointwise_args args = {muls, value(other), 0};
    return PLAN(&muls_op, &args, sizeof args, SI_TENSORS(self), SI_TENSORS(out), SI_KEPT(other), 0);
}
SI_PHASE2(aclnnMuls)

aclnnStatus aclnnAddcmulGetWorkspaceSize(const aclTensor *self, const aclTensor *tensor1, const aclTensor *tensor2, const aclScalar *factor, aclTensor *out, PHASE1) {
    SI_TRY(check_soc(addcmul_op.name, "++-+"));
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need(tensor1, "tensor1"));
    SI_TRY(si_need(tensor2, "tensor2"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check(addcmul_op.name, self, tensor1, tensor2, out));
    SI_TRY(check_scalar(addcmul_op.name, factor, "value", out));
    pointwise_args args = {addcmul, value(factor), 0};
    return PLAN(&addcmul_op, &args, sizeof args, SI_TENSORS(self, tensor1, tensor2), SI_TENSORS(out), SI_KEPT(factor), 0);
}
SI_PHASE2(aclnnAddcmul)

aclnnStatus aclnnAbsGetWorkspaceSize(const aclTensor *self, aclTensor *out, PHASE1) {
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check(abs_op.name, self, NULL, NULL, out));
    pointwise_args args = {absolute, 0, 0};
    return PLAN(&abs_op, &args, sizeof args, SI_TENSORS(self), SI_TENSORS(out), SI_NONE, 0);
}
SI_PHASE2(aclnnAbs)
