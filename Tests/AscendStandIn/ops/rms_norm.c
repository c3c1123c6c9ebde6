// RmsNorm: y = x · rstd · gamma over gamma's axes, rstd = 1/√(mean(x²) + epsilon), in f32.
#include "check.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    double epsilon;
} rms_args;

static aclError run_rms_norm(const si_run *run) {
    const rms_args *args = run->args;
    view x = view_of(run->in[0]), gamma = view_of(run->in[1]), y = view_of(run->out[0]), rstd = view_of(run->out[1]);
    int64_t width = view_count(&gamma), rows = view_count(&x) / width;
    if (view_count(&rstd) < rows) return si_fail(VECTOR_FAULT, "aclnnRmsNorm: rstd %s is too small for %lld rows", si_shape(run->out[1]), (long long)rows);
    float *values = view_load(&x), *weight = view_load(&gamma), *inverse = scratch(rows);
    for (int64_t i = 0; i < rows; i++) {
        float *row = values + i * width;
        double sum = 0;
        for (int64_t j = 0; j < width; j++) sum += (double)row[j] * row[j];
        inverse[i] = (float)(1 / sqrt(sum / (double)width + args->epsilon));
        for (int64_t j = 0; j < width; j++) row[j] = row[j] * inverse[i] * weight[j];
    }
    view_store(&y, values);
    view_store(&rstd, inverse);
    free(values);
    free(weight);
    free(inverse);
    return 0;
}
static const si_operator rms_norm_op = {.name = "aclnnRmsNorm", .run = run_rms_norm, .generated = true};

aclnnStatus aclnnRmsNormGetWorkspaceSize(const aclTensor *x, const aclTensor *gamma, double epsilon, const aclTensor *yOut, const aclTensor *rstdOut, PHASE1) {
    const char *op = rms_norm_op.name;
    SI_TRY(check_soc(op, "+++-"));
    SI_TRY(si_need(x, "x"));
    SI_TRY(si_need(gamma, "gamma"));
    SI_TRY(si_need(yOut, "yOut"));
    SI_TRY(si_need(rstdOut, "rstdOut"));
    SI_TRY(check_type(op, x, "x", FLOATS));
    SI_TRY(check_type(op, rstdOut, "rstdOut", F32));
    SI_TRY(check_same_type(op, x, "x", yOut, "yOut"));
    if (gamma->dtype != x->dtype && !(gamma->dtype == ACL_FLOAT && si_soc_get()->bf16)) SI_REFUSE(INVALID, "%s: x is %s, gamma is %s", op, si_dtype_name(x->dtype), si_dtype_name(gamma->dtype));
    SI_TRY(check_same_dims(op, x, "x", yOut, "yOut"));
    SI_TRY(check_rank(op, gamma, "gamma", 1, x->rank));
    int64_t leading[MAX_RANK];
    int kept = x->rank - gamma->rank;
    for (int i = 0; i < x->rank; i++) leading[i] = i < kept ? x->dims[i] : 1;
    SI_TRY(check_dims(op, gamma, "gamma", gamma->rank, x->dims + kept));
    int64_t rows = 1;
    for (int i = 0; i < kept; i++) rows *= leading[i];
    // One that is too small is not refused but faults on the device.
    if (si_count(rstdOut) >= rows) SI_TRY(check_dims(op, rstdOut, "rstdOut", x->rank, leading));
    forbid_shift(op, x, yOut);
    rms_args args = {epsilon};
    return PLAN(&rms_norm_op, &args, sizeof args, SI_TENSORS(x, gamma), SI_TENSORS(yOut, rstdOut), SI_NONE, 0);
}
SI_PHASE2(aclnnRmsNorm)
