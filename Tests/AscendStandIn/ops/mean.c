// Mean over some axes, summed in f64.
#include "check.h"

#include <stdlib.h>

typedef struct {
    bool reduced[MAX_RANK];
} mean_args;

static aclError run_mean(const si_run *run) {
    const mean_args *args = run->args;
    view x = view_of(run->in[0]), y = view_of(run->out[0]);
    int64_t count = view_count(&x), results = view_count(&y);
    double *sums = calloc((size_t)results + 1, sizeof *sums);
    float *values = view_load(&x), *means = scratch(results);
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
    for (int64_t i = 0; i < results; i++) means[i] = (float)(sums[i] * (double)results / (double)count);
    view_store(&y, means);
    free(sums);
    free(values);
    free(means);
    return 0;
}
static const si_operator mean_op = {.name = "aclnnMean", .run = run_mean};

aclnnStatus aclnnMeanGetWorkspaceSize(const aclTensor *self, const aclIntArray *dim, bool keepDim, aclDataType dtype, aclTensor *out, PHASE1) {
    const char *op = mean_op.name;
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need_ints(dim, "dim"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check_type(op, self, "self", FLOATS));
    if (out->dtype != dtype) SI_REFUSE(INVALID, "%s: dtype is %s, out is %s", op, si_dtype_name(dtype), si_dtype_name(out->dtype));
    SI_TRY(check_type(op, out, "out", FLOATS));
    mean_args args = {{false}};
    for (uint64_t i = 0; i < dim->count; i++) {
        int64_t axis = dim->values[i];
        SI_TRY(check_axis(op, &axis, self->rank));
        if (args.reduced[axis]) SI_REFUSE(INVALID, "%s: axis %lld twice", op, (long long)axis);
        args.reduced[axis] = true;
    }
    int rank = 0;
    int64_t dims[MAX_RANK];
    for (int i = 0; i < self->rank; i++) {
        if (!args.reduced[i]) dims[rank++] = self->dims[i];
        else if (keepDim) dims[rank++] = 1;
    }
    SI_TRY(check_dims(op, out, "out", rank, dims));
    forbid_overlap(op, self, out);
    return PLAN(&mean_op, &args, sizeof args, SI_TENSORS(self), SI_TENSORS(out), SI_KEPT(dim), 64);
}
SI_PHASE2(aclnnMean)
