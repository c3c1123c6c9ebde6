// Cast, InplaceCopy, InplaceFillScalar and Cat.
#include "pointwise.h"

#include <string.h>

static void cast(const pointwise_row *r) { memcpy(r->out, r->a, (size_t)r->count * sizeof *r->out); }
static void source(const pointwise_row *r) { memcpy(r->out, r->b, (size_t)r->count * sizeof *r->out); }
static void fill(const pointwise_row *r) { for (int64_t i = 0; i < r->count; i++) r->out[i] = r->s; }

static const si_operator cast_op = {.name = "aclnnCast", .run = pointwise_run};
static const si_operator copy_op = {.name = "aclnnInplaceCopy", .run = pointwise_run};
static const si_operator fill_op = {.name = "aclnnInplaceFillScalar", .run = pointwise_run};

aclnnStatus aclnnCastGetWorkspaceSize(const aclTensor *self, const aclDataType dtype, aclTensor *out, PHASE1) {
    const char *op = cast_op.name;
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check_type(op, self, "self", ANY));
    SI_TRY(check_type(op, out, "out", ANY));
    if (out->dtype != dtype) SI_REFUSE(INVALID, "%s to %s, but out is %s", op, si_dtype_name(dtype), si_dtype_name(out->dtype));
    SI_TRY(check_same_dims(op, self, "self", out, "out"));
    forbid_shift(op, self, out);
    pointwise_args args = {cast, 0, 0};
    return PLAN(&cast_op, &args, sizeof args, SI_TENSORS(self), SI_TENSORS(out), SI_NONE, 0);
}
SI_PHASE2(aclnnCast)

aclnnStatus aclnnInplaceCopyGetWorkspaceSize(aclTensor *selfRef, const aclTensor *src, PHASE1) {
    const char *op = copy_op.name;
    SI_TRY(si_need(selfRef, "selfRef"));
    SI_TRY(si_need(src, "src"));
    SI_TRY(check_type(op, selfRef, "selfRef", ANY));
    SI_TRY(check_type(op, src, "src", ANY));
    int rank = selfRef->rank;
    int64_t dims[MAX_RANK];
    memcpy(dims, selfRef->dims, sizeof dims);
    SI_TRY(broadcast_dims(op, src, &rank, dims));
    SI_TRY(check_dims(op, selfRef, "selfRef", rank, dims));
    forbid_overlap(op, src, selfRef);
    pointwise_args args = {source, 0, 0};
    uint64_t bytes = si_contiguous(selfRef) ? 0 : ((uint64_t)si_count(selfRef) * si_size(selfRef->dtype) + 511) / 512 * 512;
    return PLAN(&copy_op, &args, sizeof args, SI_TENSORS(selfRef, src), SI_TENSORS(selfRef), SI_NONE, bytes);
}
SI_PHASE2(aclnnInplaceCopy)

aclnnStatus aclnnInplaceFillScalarGetWorkspaceSize(aclTensor *selfRef, const aclScalar *value, PHASE1) {
    SI_TRY(si_need(selfRef, "selfRef"));
    SI_TRY(si_need_scalar(value, "value"));
    SI_TRY(check_type(fill_op.name, selfRef, "selfRef", ANY));
    pointwise_args args = {fill, is_float(value->dtype) ? value->real : (double)value->integer, 0};
    return PLAN(&fill_op, &args, sizeof args, SI_TENSORS(selfRef), SI_TENSORS(selfRef), SI_KEPT(value), 0);
}
SI_PHASE2(aclnnInplaceFillScalar)

typedef struct {
    int axis;
} cat_args;

static aclError run_cat(const si_run *run) {
    const cat_args *args = run->args;
    view out = view_of(run->out[0]);
    for (int i = 0; i < run->inputs; i++) {
        const aclTensor *piece = run->in[i], *both[] = {piece};
        aclTensor part = *run->out[0];
        part.dims[args->axis] = piece->dims[args->axis];
        part.data = (uint8_t *)out.data;
        const aclTensor *target[] = {&part};
        pointwise_run(&(si_run){.args = &(pointwise_args){cast, 0, 0}, .in = both, .out = target, .inputs = 1, .outputs = 1});
        out.data += piece->dims[args->axis] * out.strides[args->axis] * type_size(out.type);
    }
    return 0;
}
static const si_operator cat_op = {.name = "aclnnCat", .run = run_cat};

aclnnStatus aclnnCatGetWorkspaceSize(const aclTensorList *tensors, int64_t dim, aclTensor *out, PHASE1) {
    const char *op = cat_op.name;
    SI_TRY(si_need_list(tensors, "tensors"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check_type(op, out, "out", ANY));
    SI_TRY(check_axis(op, &dim, out->rank));
    if (tensors->count == 0) SI_REFUSE(INVALID, "%s of nothing", op);
    int64_t dims[MAX_RANK], length = 0;
    memcpy(dims, out->dims, sizeof dims);
    for (uint64_t i = 0; i < tensors->count; i++) {
        const aclTensor *piece = tensors->tensors[i];
        SI_TRY(check_rank(op, piece, "a tensor", out->rank, out->rank));
        SI_TRY(check_same_type(op, piece, "a tensor", out, "out"));
        dims[dim] = piece->dims[dim];
        SI_TRY(check_dims(op, piece, "a tensor", out->rank, dims));
        length += piece->dims[dim];
        forbid_overlap(op, piece, out);
    }
    if (length != out->dims[dim]) SI_REFUSE(INVALID, "%s: %lld along axis %lld of out %s", op, (long long)length, (long long)dim, si_shape(out));
    cat_args args = {(int)dim};
    return PLAN(&cat_op, &args, sizeof args, tensors->tensors, (int)tensors->count, SI_TENSORS(out), SI_KEPT(tensors), 512 * tensors->count);
}
SI_PHASE2(aclnnCat)
