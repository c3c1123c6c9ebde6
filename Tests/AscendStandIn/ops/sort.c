// Sort along one axis: values and where they stood; a NaN is larger than all. Cumsum along one axis, in f64.
#include "check.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    int axis;
    int descending;
} sort_args;

typedef struct {
    float value;
    int64_t at;
} sort_entry;

static int ascending(float a, float b) { return isnan(a) || isnan(b) ? !!isnan(a) - !!isnan(b) : (a > b) - (a < b); }

/// Equals stay in their order, which an unstable sort may do too.
static int compare_ascending(const void *left, const void *right) {
    const sort_entry *a = left, *b = right;
    int order = ascending(a->value, b->value);
    return order ? order : (a->at > b->at) - (a->at < b->at);
}

static int compare_descending(const void *left, const void *right) {
    const sort_entry *a = left, *b = right;
    int order = ascending(b->value, a->value);
    return order ? order : (a->at > b->at) - (a->at < b->at);
}

static aclError run_sort(const si_run *run) {
    const sort_args *args = run->args;
    view x = view_axis_last(view_of(run->in[0]), args->axis), values = view_axis_last(view_of(run->out[0]), args->axis);
    view indices = view_axis_last(view_of(run->out[1]), args->axis);
    int last = x.rank - 1;
    int64_t width = x.dims[last], count = view_count(&x), rows = width ? count / width : 0;
    float *loaded = view_load(&x);
    sort_entry *entries = malloc((size_t)(width ? width : 1) * sizeof *entries);
    for (int64_t i = 0; i < rows; i++) {
        float *row = loaded + i * width;
        for (int64_t j = 0; j < width; j++) entries[j] = (sort_entry){row[j], j};
        qsort(entries, (size_t)width, sizeof *entries, args->descending ? compare_descending : compare_ascending);
        char *to = view_row(&indices, last, i);
        for (int64_t j = 0; j < width; j++) {
            row[j] = entries[j].value;
            store_integer(indices.type, to + j * indices.strides[last] * type_size(indices.type), entries[j].at);
        }
    }
    view_store(&values, loaded);
    free(entries);
    free(loaded);
    return 0;
}
static const si_operator sort_op = {.name = "aclnnSort", .run = run_sort};

aclnnStatus aclnnSortGetWorkspaceSize(const aclTensor *self, bool stable, int64_t dim, bool descending, aclTensor *valuesOut, aclTensor *indicesOut, PHASE1) {
    const char *op = sort_op.name;
    (void)stable;
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need(valuesOut, "valuesOut"));
    SI_TRY(si_need(indicesOut, "indicesOut"));
    SI_TRY(check_type(op, self, "self", FLOATS));
    SI_TRY(check_same_type(op, self, "self", valuesOut, "valuesOut"));
    SI_TRY(check_type(op, indicesOut, "indicesOut", I64));
    SI_TRY(check_rank(op, self, "self", 1, MAX_RANK));
    SI_TRY(check_axis(op, &dim, self->rank));
    SI_TRY(check_same_dims(op, self, "self", valuesOut, "valuesOut"));
    SI_TRY(check_same_dims(op, self, "self", indicesOut, "indicesOut"));
    forbid_overlap(op, self, valuesOut);
    sort_args args = {(int)dim, descending};
    return PLAN(&sort_op, &args, sizeof args, SI_TENSORS(self), SI_TENSORS(valuesOut, indicesOut), SI_NONE, 512);
}
SI_PHASE2(aclnnSort)

static aclError run_cumsum(const si_run *run) {
    const sort_args *args = run->args;
    view x = view_axis_last(view_of(run->in[0]), args->axis), out = view_axis_last(view_of(run->out[0]), args->axis);
    int64_t width = x.dims[x.rank - 1], count = view_count(&x);
    float *values = view_load(&x);
    for (float *row = values; row < values + count; row += width) {
        double sum = 0;
        for (int64_t j = 0; j < width; j++) row[j] = (float)(sum += row[j]);
    }
    view_store(&out, values);
    free(values);
    return 0;
}
static const si_operator cumsum_op = {.name = "aclnnCumsum", .run = run_cumsum};

aclnnStatus aclnnCumsumGetWorkspaceSize(const aclTensor *self, int64_t dim, aclDataType dtype, aclTensor *out, PHASE1) {
    const char *op = cumsum_op.name;
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check_type(op, self, "self", FLOATS));
    SI_TRY(check_type(op, out, "out", FLOATS));
    if (out->dtype != dtype) SI_REFUSE(INVALID, "%s: dtype is %s, out %s", op, si_dtype_name(dtype), si_dtype_name(out->dtype));
    SI_TRY(check_rank(op, self, "self", 1, MAX_RANK));
    SI_TRY(check_axis(op, &dim, self->rank));
    SI_TRY(check_same_dims(op, self, "self", out, "out"));
    forbid_shift(op, self, out);
    sort_args args = {(int)dim, false};
    return PLAN(&cumsum_op, &args, sizeof args, SI_TENSORS(self), SI_TENSORS(out), SI_NONE, 0);
}
SI_PHASE2(aclnnCumsum)
