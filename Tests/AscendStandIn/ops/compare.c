// LtScalar: which elements are below a number. A NaN is not.
#include "pointwise.h"

static void below(const pointwise_row *r) { for (int64_t i = 0; i < r->count; i++) r->out[i] = r->a[i] < r->s; }

static const si_operator lt_scalar_op = {.name = "aclnnLtScalar", .run = pointwise_run};

aclnnStatus aclnnLtScalarGetWorkspaceSize(const aclTensor *self, const aclScalar *other, aclTensor *out, PHASE1) {
    const char *op = lt_scalar_op.name;
    SI_TRY(check_soc(op, "++-+"));
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need_scalar(other, "other"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check_type(op, self, "self", NUMBERS));
    if (is_float(other->dtype) && !is_float(self->dtype)) SI_REFUSE(INVALID, "%s: other is %s for a tensor of %s", op, si_dtype_name(other->dtype), si_dtype_name(self->dtype));
    SI_TRY(check_type(op, out, "out", BOOL));
    SI_TRY(check_same_dims(op, self, "self", out, "out"));
    forbid_overlap(op, self, out);
    pointwise_args args = {below, is_float(other->dtype) ? other->real : (double)other->integer, 0};
    return PLAN(&lt_scalar_op, &args, sizeof args, SI_TENSORS(self), SI_TENSORS(out), SI_KEPT(other), 0);
}
SI_PHASE2(aclnnLtScalar)
