// DynamicQuant: each row of x [.., columns] as int8 and the scale that gives it back, max|row| / 127.
#include "check.h"

#include <math.h>
#include <stdlib.h>

static aclError run_dynamic_quant(const si_run *run) {
    view x = view_of(run->in[0]), y = view_of(run->out[0]), scales = view_of(run->out[1]);
    int last = x.rank - 1;
    int64_t columns = x.dims[last], rows = columns ? view_count(&x) / columns : 0;
    float *row = scratch(columns);
    for (int64_t i = 0; i < rows; i++) {
        load_floats(x.type, view_row(&x, last, i), x.strides[last], columns, row);
        float most = 0;
        for (int64_t j = 0; j < columns; j++) most = fabsf(row[j]) > most ? fabsf(row[j]) : most;
        float scale = most / 127;
        for (int64_t j = 0; j < columns; j++) row[j] = scale > 0 ? rintf(row[j] / scale) : 0;
        store_floats(y.type, view_row(&y, last, i), y.strides[last], columns, row);
        store_floats(scales.type, view_row(&scales, scales.rank, i), 1, 1, &scale);
    }
    free(row);
    return 0;
}
static const si_operator dynamic_quant_op = {.name = "aclnnDynamicQuant", .run = run_dynamic_quant, .generated = true};

aclnnStatus aclnnDynamicQuantGetWorkspaceSize(const aclTensor *x, const aclTensor *smoothScalesOptional, const aclTensor *yOut, const aclTensor *scaleOut, PHASE1) {
    const char *op = dynamic_quant_op.name;
    SI_TRY(check_soc(op, "++++"));
    SI_TRY(si_need(x, "x"));
    SI_TRY(si_need(yOut, "yOut"));
    SI_TRY(si_need(scaleOut, "scaleOut"));
    if (smoothScalesOptional) SI_REFUSE(INVALID, "%s: smoothScales are not modelled", op);
    SI_TRY(check_type(op, x, "x", HALVES));
    SI_TRY(check_type(op, yOut, "yOut", I8));
    SI_TRY(check_type(op, scaleOut, "scaleOut", F32));
    SI_TRY(check_rank(op, x, "x", 2, MAX_RANK));
    SI_TRY(check_same_dims(op, x, "x", yOut, "yOut"));
    SI_TRY(check_dims(op, scaleOut, "scaleOut", x->rank - 1, x->dims));
    SI_TRY(check_contiguous(op, yOut, "yOut"));
    SI_TRY(check_contiguous(op, scaleOut, "scaleOut"));
    forbid_overlap(op, x, yOut);
    forbid_overlap(op, x, scaleOut);
    return PLAN(&dynamic_quant_op, NULL, 0, SI_TENSORS(x), SI_TENSORS(yOut, scaleOut), SI_NONE, (uint64_t)(16 << 10));
}
SI_PHASE2(aclnnDynamicQuant)
