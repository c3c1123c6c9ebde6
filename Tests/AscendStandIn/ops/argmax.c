// ArgMax along one axis: the first of equals; a NaN is larger than all.
#include "check.h"

#include <math.h>

typedef struct {
    int axis;
    int keepdim;
} argmax_args;

static aclError run_argmax(const si_run *run) {
    const argmax_args *args = run->args;
    view x = view_axis_last(view_of(run->in[0]), args->axis), out = view_of(run->out[0]);
    if (args->keepdim) {
        out = view_axis_last(out, args->axis);
        out.rank--;
    }
    int last = x.rank - 1;
    int64_t width = x.dims[last], rows = view_count(&x) / width, size = type_size(x.type);
    for (int64_t i = 0; i < rows; i++) {
        const char *row = view_row(&x, last, i);
        double best = -INFINITY;
        int64_t at = 0;
        for (int64_t j = 0; j < width && !isnan(best); j++) {
            double value;
            load_doubles(x.type, row + j * x.strides[last] * size, 1, 1, &value);
            if (value > best || isnan(value)) best = value, at = j;
        }
        store_integer(out.type, view_row(&out, out.rank, i), at);
    }
    return 0;
}
static const si_operator argmax_op = {.name = "aclnnArgMax", .run = run_argmax};

aclnnStatus aclnnArgMaxGetWorkspaceSize(const aclTensor *self, int64_t dim, bool keepdim, aclTensor *out, PHASE1) {
    const char *op = argmax_op.name;
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check_type(op, self, "self", NUMBERS));
    SI_TRY(check_type(op, out, "out", INDICES));
    SI_TRY(check_rank(op, self, "self", 1, MAX_RANK));
    SI_TRY(check_axis(op, &dim, self->rank));
    if (self->dims[dim] == 0) SI_REFUSE(INVALID, "%s over the empty axis %lld of %s", op, (long long)dim, si_shape(self));
    int rank = 0;
    int64_t dims[MAX_RANK];
    for (int i = 0; i < self->rank; i++) {
        if (i != dim) dims[rank++] = self->dims[i];
        else if (keepdim) dims[rank++] = 1;
    }
    SI_TRY(check_dims(op, out, "out", rank, dims));
    argmax_args args = {(int)dim, keepdim};
    return PLAN(&argmax_op, &args, sizeof args, SI_TENSORS(self), SI_TENSORS(out), SI_NONE, 0);
}
SI_PHASE2(aclnnArgMax)
