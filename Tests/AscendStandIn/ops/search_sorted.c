// SearchSorted: where in each row of a sorted sequence a value would stand, before its equals or behind them.
#include "check.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    bool right;
} search_args;

static aclError run_search(const si_run *run) {
    const search_args *args = run->args;
    view sequence = view_of(run->in[0]), x = view_of(run->in[1]), out = view_of(run->out[0]);
    int last = x.rank - 1;
    int64_t width = sequence.dims[last], each = x.dims[last], count = view_count(&x);
    float *sorted = view_load(&sequence), *values = view_load(&x);
    for (int64_t i = 0; i < count; i++) {
        const float *row = sorted + i / each * width;
        int64_t low = 0, high = width;
        while (low < high) {
            int64_t middle = low + (high - low) / 2;
            bool before = args->right ? !(row[middle] > values[i]) : !(row[middle] >= values[i]);
            if (before) low = middle + 1;
            else high = middle;
        }
        store_integer(out.type, view_row(&out, out.rank, i), low);
    }
    free(values);
    free(sorted);
    return 0;
}
static const si_operator search_op = {.name = "aclnnSearchSorted", .run = run_search, .unrepeatable = true};

aclnnStatus aclnnSearchSortedGetWorkspaceSize(
    const aclTensor *sortedSequence, const aclTensor *self, const bool outInt32, const bool right, const aclTensor *sorter, aclTensor *out, PHASE1
) {
    const char *op = search_op.name;
    SI_TRY(check_soc(op, "++-+"));
    SI_TRY(si_need(sortedSequence, "sortedSequence"));
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need(out, "out"));
    if (sorter) SI_REFUSE(INVALID, "%s: a sorter is not modelled", op);
    SI_TRY(check_type(op, sortedSequence, "sortedSequence", FLOATS));
    SI_TRY(check_same_type(op, sortedSequence, "sortedSequence", self, "self"));
    SI_TRY(check_type(op, out, "out", outInt32 ? I32 : I64));
    SI_TRY(check_rank(op, self, "self", 1, MAX_RANK));
    SI_TRY(check_rank(op, sortedSequence, "sortedSequence", self->rank, self->rank));
    for (int i = 0; i + 1 < self->rank; i++) {
        if (self->dims[i] != sortedSequence->dims[i]) SI_REFUSE(INVALID, "%s: axes before the last differ: %s against %s", op, si_shape(sortedSequence), si_shape(self));
    }
    SI_TRY(check_same_dims(op, self, "self", out, "out"));
    search_args args = {right};
    return PLAN(&search_op, &args, sizeof args, SI_TENSORS(sortedSequence, self), SI_TENSORS(out), SI_NONE, 0);
}
SI_PHASE2(aclnnSearchSorted)
