// AddRmsNorm: x = x1 + x2, rounded to its type, and y = x · rstd · gamma over gamma's axes, rstd = 1/√(mean(x²) + epsilon), in f32.
#include "check.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    double epsilon;
} add_rms_args;

static aclError run_add_rms_norm(const si_run *run) {
    const add_rms_args *args = run->args;
    view x1 = view_of(run->in[0]), x2 = view_of(run->in[1]), gamma = view_of(run->in[2]);
    view y = view_of(run->out[0]), rstd = view_of(run->out[1]), x = view_of(run->out[2]);
    int64_t width = view_count(&gamma), count = view_count(&x), rows = count / width;
    float *sum = view_load(&x1), *other = view_load(&x2), *weight = view_load(&gamma), *inverse = scratch(rows);
    for (int64_t i = 0; i < count; i++) sum[i] += other[i];
    view_store(&x, sum);
    free(sum);
    // The norm is that of what the caller gets.
    sum = view_load(&x);
    for (int64_t i = 0; i < rows; i++) {
        float *row = sum + i * width;
        double squares = 0;
        for (int64_t j = 0; j < width; j++) squares += (double)row[j] * row[j];
        inverse[i] = (float)(1 / sqrt(squares / (double)width + args->epsilon));
        for (int64_t j = 0; j < width; j++) row[j] = row[j] * inverse[i] * weight[j];
    }
    view_store(&y, sum);
    view_store(&rstd, inverse);
    free(sum);
    free(other);
    free(weight);
    free(inverse);
    return 0;
}
static const si_operator add_rms_norm_op = {.name = "aclnnAddRmsNorm", .run = run_add_rms_norm};

aclnnStatus aclnnAddRmsNormGetWorkspaceSize(const aclTensor *x1, const aclTensor *x2, const aclTensor *gamma, double epsilon, const aclTensor *yOut, const aclTensor *rstdOut,
                                            const aclTensor *xOut, PHASE1) {
    const char *op = add_rms_norm_op.name;
    SI_TRY(check_soc(op, "+++-"));
    const aclTensor *all[] = {x1, x2, gamma, yOut, rstdOut, xOut};
    const char *names[] = {"x1", "x2", "gamma", "yOut", "rstdOut", "xOut"};
    for (int i = 0; i < 6; i++) {
        SI_TRY(si_need(all[i], names[i]));
        SI_TRY(check_contiguous(op, all[i], names[i]));
        if (all[i] != rstdOut) SI_TRY(check_same_type(op, x1, "x1", all[i], names[i]));
        if (all[i] != rstdOut && all[i] != gamma) SI_TRY(check_same_dims(op, x1, "x1", all[i], names[i]));
    }
    SI_TRY(check_type(op, x1, "x1", FLOATS));
    SI_TRY(check_type(op, rstdOut, "rstdOut", F32));
    SI_TRY(check_rank(op, gamma, "gamma", 1, x1->rank));
    int kept = x1->rank - gamma->rank;
    int64_t leading[MAX_RANK];
    for (int i = 0; i < x1->rank; i++) leading[i] = i < kept ? x1->dims[i] : 1;
    SI_TRY(check_dims(op, gamma, "gamma", gamma->rank, x1->dims + kept));
    SI_TRY(check_dims(op, rstdOut, "rstdOut", x1->rank, leading));
    const aclTensor *inputs[] = {x1, x2, gamma}, *outputs[] = {yOut, rstdOut, xOut};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) forbid_overlap(op, inputs[i], outputs[j]);
    forbid_overlap(op, yOut, xOut);
    add_rms_args args = {epsilon};
    return PLAN(&add_rms_norm_op, &args, sizeof args, SI_TENSORS(x1, x2, gamma), SI_TENSORS(yOut, rstdOut, xOut), SI_NONE, (uint64_t)(16 << 10));
}
SI_PHASE2(aclnnAddRmsNorm)
