// Softmax along one axis, in f32.
#include "check.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    int axis;
} softmax_args;

static aclError run_softmax(const si_run *run) {
    const softmax_args *args = run->args;
    view x = view_axis_last(view_of(run->in[0]), args->axis), y = view_axis_last(view_of(run->out[0]), args->axis);
    int64_t width = x.dims[x.rank - 1], count = view_count(&x);
    float *values = view_load(&x);
    for (float *row = values; row < values + count; row += width) {
        float largest = -INFINITY;
        for (int64_t j = 0; j < width; j++) largest = row[j] > largest || isnan(row[j]) ? row[j] : largest;
        double sum = 0;
        for (int64_t j = 0; j < width; j++) sum += row[j] = expf(row[j] - largest);
        for (int64_t j = 0; j < width; j++) row[j] = (float)(row[j] / sum);
    }
    view_store(&y, values);
    free(values);
    return 0;
}
static const si_operator softmax_op = {.name = "aclnnSoftmax", .run = run_softmax};

aclnnStatus aclnnSoftmaxGetWorkspaceSize(const aclTensor *self, int64_t dim, aclTensor *out, PHASE1) {
    const char *op = softmax_op.name;
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check_type(op, self, "self", FLOATS));
    SI_TRY(check_type(op, out, "out", FLOATS));
    SI_TRY(check_rank(op, self, "self", 1, MAX_RANK));
    SI_TRY(check_axis(op, &dim, self->rank));
    SI_TRY(check_same_dims(op, self, "self", out, "out"));
    forbid_shift(op, self, out);
    softmax_args args = {(int)dim};
    return PLAN(&softmax_op, &args, sizeof args, SI_TENSORS(self), SI_TENSORS(out), SI_NONE, 0);
}
SI_PHASE2(aclnnSoftmax)
