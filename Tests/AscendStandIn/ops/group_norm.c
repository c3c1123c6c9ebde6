// GroupNorm and GroupNormSilu: y [N, C, …] = (x − mean) · rstd · gamma[c] + beta[c], statistics over a group of channels, in f32.
#include "check.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    int64_t groups;
    double eps;
    int64_t silu;
} group_norm_args;

static aclError run_group_norm(const si_run *run) {
    const group_norm_args *args = run->args;
    view x = view_of(run->in[0]), y = view_of(run->out[0]), mean = view_of(run->out[1]), rstd = view_of(run->out[2]);
    int64_t batch = x.dims[0], channels = x.dims[1], area = view_count(&x) / (batch * channels);
    int64_t width = channels / args->groups, size = width * area;
    float *values = view_load(&x), *affine[2] = {NULL, NULL}, *means = scratch(batch * args->groups), *inverses = scratch(batch * args->groups);
    for (int i = 0; i < 2; i++) {
        if (!run->in[i + 1]) continue;
        view v = view_of(run->in[i + 1]);
        affine[i] = view_load(&v);
    }
    for (int64_t g = 0; g < batch * args->groups; g++) {
        float *group = values + g * size;
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < size; i++) sum += group[i];
        double average = sum / (double)size;
        for (int64_t i = 0; i < size; i++) squares += (group[i] - average) * (group[i] - average);
        means[g] = (float)average;
        inverses[g] = (float)(1 / sqrt(squares / (double)size + args->eps));
        for (int64_t c = 0; c < width; c++) {
            int64_t channel = g % args->groups * width + c;
            float weight = affine[0] ? affine[0][channel] : 1, bias = affine[1] ? affine[1][channel] : 0;
            for (int64_t i = c * area; i < (c + 1) * area; i++) {
                float normal = (group[i] - means[g]) * inverses[g] * weight + bias;
                group[i] = args->silu ? normal / (1 + expf(-normal)) : normal;
            }
        }
    }
    view_store(&y, values);
    view_store(&mean, means);
    view_store(&rstd, inverses);
    free(values);
    free(means);
    free(inverses);
    free(affine[0]);
    free(affine[1]);
    return 0;
}

static aclnnStatus plan(const si_operator *op, const aclTensor *self, const aclTensor *gamma, const aclTensor *beta, int64_t group, double eps, bool silu, const aclTensor *out,
                        const aclTensor *meanOut, const aclTensor *rstdOut, PHASE1) {
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_optional(gamma, "gamma"));
    SI_TRY(si_optional(beta, "beta"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(si_need(meanOut, "meanOut"));
    SI_TRY(si_need(rstdOut, "rstdOut"));
    SI_TRY(check_type(op->name, self, "self", FLOATS));
    SI_TRY(check_rank(op->name, self, "self", 2, MAX_RANK));
    int64_t channels = self->dims[1], statistics[] = {self->dims[0], group};
    if (group < 1 || channels % group) SI_REFUSE(INVALID, "%s: %lld channels in %lld groups", op->name, (long long)channels, (long long)group);
    if (!(eps > 0)) SI_REFUSE(INVALID, "%s: eps is %g", op->name, eps);
    const aclTensor *affine[] = {gamma, beta}, *outputs[] = {out, meanOut, rstdOut};
    for (int i = 0; i < 2; i++) {
        if (!affine[i]) continue;
        SI_TRY(check_same_type(op->name, self, "self", affine[i], i ? "beta" : "gamma"));
        SI_TRY(check_dims(op->name, affine[i], i ? "beta" : "gamma", 1, &channels));
    }
    for (int i = 0; i < 3; i++) SI_TRY(check_same_type(op->name, self, "self", outputs[i], "an output"));
    SI_TRY(check_same_dims(op->name, self, "self", out, "out"));
    SI_TRY(check_dims(op->name, meanOut, "meanOut", 2, statistics));
    SI_TRY(check_dims(op->name, rstdOut, "rstdOut", 2, statistics));
    forbid_shift(op->name, self, out);
    group_norm_args args = {group, eps, silu};
    return PLAN(op, &args, sizeof args, SI_TENSORS(self, gamma, beta), SI_TENSORS(out, meanOut, rstdOut), SI_NONE, ((uint64_t)si_count(self) * sizeof(float) + 511) / 512 * 512);
}

static const si_operator group_norm_op = {.name = "aclnnGroupNorm", .run = run_group_norm};
static const si_operator group_norm_silu_op = {.name = "aclnnGroupNormSilu", .run = run_group_norm};

aclnnStatus aclnnGroupNormGetWorkspaceSize(const aclTensor *self, const aclTensor *gamma, const aclTensor *beta, int64_t N, int64_t C, int64_t HxW, int64_t group, double eps,
                                           aclTensor *out, aclTensor *meanOut, aclTensor *rstdOut, PHASE1) {
    SI_TRY(si_need(self, "self"));
    if (self->rank < 2 || self->dims[0] != N || self->dims[1] != C || si_count(self) != N * C * HxW) {
        SI_REFUSE(INVALID, "aclnnGroupNorm: self is %s, told N %lld, C %lld, HxW %lld", si_shape(self), (long long)N, (long long)C, (long long)HxW);
    }
    return plan(&group_norm_op, self, gamma, beta, group, eps, false, out, meanOut, rstdOut, workspaceSize, executor);
}
SI_PHASE2(aclnnGroupNorm)

aclnnStatus aclnnGroupNormSiluGetWorkspaceSize(const aclTensor *self, const aclTensor *gamma, const aclTensor *beta, int64_t group, double eps, aclTensor *out, aclTensor *meanOut,
                                               aclTensor *rstdOut, PHASE1) {
    SI_TRY(check_soc("aclnnGroupNormSilu", "+++-"));
    return plan(&group_norm_silu_op, self, gamma, beta, group, eps, true, out, meanOut, rstdOut, workspaceSize, executor);
}
SI_PHASE2(aclnnGroupNormSilu)
