// Mean and ReduceSum over some axes, summed in f64.
#include "check.h"

#include <stdlib.h>

typedef struct {
    bool reduced[MAX_RANK];
    bool mean;
} reduce_args;

static aclError run_reduce(const si_run *run) {
    const reduce_args *args = run->args;
    view x = view_of(run->in[0]), y = view_of(run->out[0]);
    int64_t count = view_count(&x), results = view_count(&y);
    double *sums = calloc((size_t)results + 1, sizeof *sums);
    float *values = view_load(&x), *reduced = scratch(results);
    for (int64_t i = 0; i < count; i++) {
        int64_t rest = i, place = 0, step = 1;
        for (int axis = x.rank - 1; axis >= 0; axis--) {
            int64_t at = rest % x.dims[axis];
            rest /= x.dims[axis];
            if (args->reduced[axis]) continue;
            place += at * step;
            step *= x.dims[axis];
        }
        sums[place] += values[i];
    }
    for (int64_t i = 0; i < results; i++) reduced[i] = (float)(args->mean ? sums[i] * (double)results / (double)count : sums[i]);
    view_store(&y, reduced);
    free(sums);
    free(values);
    free(reduced);
    return 0;
}

static aclnnStatus plan_reduce(
    const si_operator *op, bool mean, const aclTensor *self, const aclIntArray *axes, bool keep, aclDataType dtype, aclTensor *out, PHASE1
) {
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need_ints(axes, "the axes"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check_type(op->name, self, "self", FLOATS));
    if (out->dtype != dtype) SI_REFUSE(INVALID, "%s: dtype is %s, out is %s", op->name, si_dtype_name(dtype), si_dtype_name(out->dtype));
    SI_TRY(check_type(op->name, out, "out", FLOATS));
    reduce_args args = {{false}, mean};
    for (uint64_t i = 0; i < axes->count; i++) {
        int64_t axis = axes->values[i];
        SI_TRY(check_axis(op->name, &axis, self->rank));
        if (args.reduced[axis]) SI_REFUSE(INVALID, "%s: axis %lld twice", op->name, (long long)axis);
        args.reduced[axis] = true;
    }
    int rank = 0;
    int64_t dims[MAX_RANK];
    for (int i = 0; i < self->rank; i++) {
        if (!args.reduced[i]) dims[rank++] = self->dims[i];
        else if (keep) dims[rank++] = 1;
    }
    SI_TRY(check_dims(op->name, out, "out", rank, dims));
    forbid_overlap(op->name, self, out);
    return PLAN(op, &args, sizeof args, SI_TENSORS(self), SI_TENSORS(out), SI_KEPT(axes), 64);
}

static const si_operator mean_op = {.name = "aclnnMean", .run = run_reduce};
static const si_operator sum_op = {.name = "aclnnReduceSum", .run = run_reduce};

aclnnStatus aclnnMeanGetWorkspaceSize(const aclTensor *self, const aclIntArray *dim, bool keepDim, aclDataType dtype, aclTensor *out, PHASE1) {
    return plan_reduce(&mean_op, true, self, dim, keepDim, dtype, out, workspaceSize, executor);
}
SI_PHASE2(aclnnMean)

aclnnStatus aclnnReduceSumGetWorkspaceSize(const aclTensor *self, const aclIntArray *dims, bool keepDims, aclDataType dtype, aclTensor *out, PHASE1) {
    return plan_reduce(&sum_op, false, self, dims, keepDims, dtype, out, workspaceSize, executor);
}
SI_PHASE2(aclnnReduceSum)
