// Silu, GeluV2 and SwiGlu.
#include "pointwise.h"

#include <math.h>
#include <stdlib.h>

static void silu(const pointwise_row *r) { for (int64_t i = 0; i < r->count; i++) r->out[i] = r->a[i] / (1 + exp(-r->a[i])); }
static void gelu(const pointwise_row *r) { for (int64_t i = 0; i < r->count; i++) r->out[i] = 0.5 * r->a[i] * (1 + erf(r->a[i] * M_SQRT1_2)); }
static void gelu_tanh(const pointwise_row *r) {
    for (int64_t i = 0; i < r->count; i++) {
        double x = r->a[i];
        r->out[i] = 0.5 * x * (1 + tanh(M_2_SQRTPI * M_SQRT1_2 * (x + 0.044715 * x * x * x)));
    }
}

static aclnnStatus plan(const si_operator *op, pointwise_kernel kernel, const aclTensor *self, const aclTensor *out, PHASE1) {
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check_type(op->name, self, "self", FLOATS));
    SI_TRY(check_same_type(op->name, self, "self", out, "out"));
    SI_TRY(check_same_dims(op->name, self, "self", out, "out"));
    forbid_shift(op->name, self, out);
    pointwise_args args = {kernel, 0, 0};
    return PLAN(op, &args, sizeof args, SI_TENSORS(self), SI_TENSORS(out), SI_NONE, 0);
}

static const si_operator silu_op = {.name = "aclnnSilu", .run = pointwise_run};
static const si_operator gelu_v2_op = {.name = "aclnnGeluV2", .run = pointwise_run};

aclnnStatus aclnnSiluGetWorkspaceSize(const aclTensor *self, aclTensor *out, PHASE1) { return plan(&silu_op, silu, self, out, workspaceSize, executor); }
SI_PHASE2(aclnnSilu)

aclnnStatus aclnnGeluV2GetWorkspaceSize(const aclTensor *x, int64_t approximate, aclTensor *y, PHASE1) {
    if (approximate != 0 && approximate != 1) SI_REFUSE(INVALID, "aclnnGeluV2: approximate is %lld, not 0 (none) or 1 (tanh)", (long long)approximate);
    return plan(&gelu_v2_op, approximate ? gelu_tanh : gelu, x, y, workspaceSize, executor);
}
SI_PHASE2(aclnnGeluV2)

typedef struct { int axis; } swiglu_args;

/// out = silu(first half of x along the axis) · second half.
static aclError run_swiglu(const si_run *run) {
    const swiglu_args *args = run->args;
    view x = view_axis_last(view_of(run->in[0]), args->axis), out = view_axis_last(view_of(run->out[0]), args->axis);
    int64_t width = out.dims[out.rank - 1], rows = width ? view_count(&out) / width : 0;
    float *row = scratch(2 * width), *result = row;
    for (int64_t i = 0; i < rows; i++) {
        load_floats(x.type, view_row(&x, x.rank - 1, i), x.strides[x.rank - 1], 2 * width, row);
        for (int64_t j = 0; j < width; j++) result[j] = (float)(row[j] / (1 + exp(-(double)row[j])) * row[width + j]);
        store_floats(out.type, view_row(&out, out.rank - 1, i), out.strides[out.rank - 1], width, result);
    }
    free(row);
    return 0;
}
static const si_operator swiglu_op = {.name = "aclnnSwiGlu", .run = run_swiglu};

aclnnStatus aclnnSwiGluGetWorkspaceSize(const aclTensor *x, int64_t dim, const aclTensor *out, PHASE1) {
    const char *op = swiglu_op.name;
    SI_TRY(check_soc(op, "+++-"));
    SI_TRY(si_need(x, "x"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check_type(op, x, "x", FLOATS));
    SI_TRY(check_same_type(op, x, "x", out, "out"));
    SI_TRY(check_rank(op, x, "x", 1, MAX_RANK));
    SI_TRY(check_axis(op, &dim, x->rank));
    if (x->dims[dim] % 2) SI_REFUSE(INVALID, "%s: axis %lld of %s can't be halved", op, (long long)dim, si_shape(x));
    int64_t dims[MAX_RANK];
    for (int i = 0; i < x->rank; i++) dims[i] = i == dim ? x->dims[i] / 2 : x->dims[i];
    SI_TRY(check_dims(op, out, "out", x->rank, dims));
    SI_TRY(check_contiguous(op, x, "x"));
    SI_TRY(check_contiguous(op, out, "out"));
    forbid_overlap(op, x, out);
    swiglu_args args = {(int)dim};
    return PLAN(&swiglu_op, &args, sizeof args, SI_TENSORS(x), SI_TENSORS(out), SI_NONE, 0);
}
SI_PHASE2(aclnnSwiGlu)
