// LayerNorm over the last axes: y = (x − mean) · rstd · weight + bias, in f32.
#include "check.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    int64_t width;
    double eps;
} layer_norm_args;

static aclError run_layer_norm(const si_run *run) {
    const layer_norm_args *args = run->args;
    int64_t width = args->width;
    view x = view_of(run->in[0]);
    int64_t rows = view_count(&x) / width;
    float *values = view_load(&x), *affine[2] = {NULL, NULL}, *means = scratch(rows), *inverses = scratch(rows);
    for (int i = 0; i < 2; i++) {
        if (!run->in[i + 1]) continue;
        view v = view_of(run->in[i + 1]);
        affine[i] = view_load(&v);
    }
    for (int64_t i = 0; i < rows; i++) {
        float *row = values + i * width;
        double sum = 0, squares = 0;
        for (int64_t j = 0; j < width; j++) sum += row[j];
        double mean = sum / (double)width;
        for (int64_t j = 0; j < width; j++) squares += (row[j] - mean) * (row[j] - mean);
        means[i] = (float)mean;
        inverses[i] = (float)(1 / sqrt(squares / (double)width + args->eps));
        for (int64_t j = 0; j < width; j++) {
            float normal = (row[j] - means[i]) * inverses[i];
            row[j] = (affine[0] ? normal * affine[0][j] : normal) + (affine[1] ? affine[1][j] : 0);
        }
    }
    const float *results[] = {values, means, inverses};
    for (int i = 0; i < 3; i++) {
        if (!run->out[i]) continue;
        view v = view_of(run->out[i]);
        view_store(&v, results[i]);
    }
    free(values);
    free(means);
    free(inverses);
    free(affine[0]);
    free(affine[1]);
    return 0;
}
static const si_operator layer_norm_op = {.name = "aclnnLayerNorm", .run = run_layer_norm};

aclnnStatus aclnnLayerNormGetWorkspaceSize(const aclTensor *input, const aclIntArray *normalizedShape, const aclTensor *weightOptional, const aclTensor *biasOptional, double eps,
                                           aclTensor *out, aclTensor *meanOutOptional, aclTensor *rstdOutOptional, PHASE1) {
    const char *op = layer_norm_op.name;
    SI_TRY(check_soc(op, "++-+"));
    SI_TRY(si_need(input, "input"));
    SI_TRY(si_need_ints(normalizedShape, "normalizedShape"));
    SI_TRY(si_optional(weightOptional, "weightOptional"));
    SI_TRY(si_optional(biasOptional, "biasOptional"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(si_optional(meanOutOptional, "meanOutOptional"));
    SI_TRY(si_optional(rstdOutOptional, "rstdOutOptional"));
    SI_TRY(check_type(op, input, "input", FLOATS));
    SI_TRY(check_same_type(op, input, "input", out, "out"));
    SI_TRY(check_same_dims(op, input, "input", out, "out"));
    int axes = (int)normalizedShape->count, kept = input->rank - axes;
    if (axes < 1 || kept < 0) SI_REFUSE(INVALID, "%s: %d axes to normalise of %s", op, axes, si_shape(input));
    int64_t width = 1, leading[MAX_RANK];
    for (int i = 0; i < input->rank; i++) leading[i] = i < kept ? input->dims[i] : 1;
    for (int i = 0; i < axes; i++) {
        if (normalizedShape->values[i] != input->dims[kept + i]) SI_REFUSE(INVALID, "%s: normalizedShape[%d] is %lld for %s", op, i, (long long)normalizedShape->values[i], si_shape(input));
        width *= normalizedShape->values[i];
    }
    const aclTensor *affine[] = {weightOptional, biasOptional}, *statistics[] = {meanOutOptional, rstdOutOptional};
    for (int i = 0; i < 2; i++) {
        const char *name = i ? "biasOptional" : "weightOptional";
        if (affine[i] && affine[i]->dtype != ACL_FLOAT) SI_TRY(check_same_type(op, input, "input", affine[i], name));
        if (affine[i]) SI_TRY(check_dims(op, affine[i], name, axes, normalizedShape->values));
        name = i ? "rstdOutOptional" : "meanOutOptional";
        if (statistics[i] && statistics[i]->dtype != ACL_FLOAT) SI_TRY(check_same_type(op, input, "input", statistics[i], name));
        if (statistics[i]) SI_TRY(check_dims(op, statistics[i], name, input->rank, leading));
    }
    forbid_shift(op, input, out);
    layer_norm_args args = {width, eps};
    uint64_t rows = width ? (uint64_t)(si_count(input) / width) : 0;
    return PLAN(&layer_norm_op, &args, sizeof args, SI_TENSORS(input, weightOptional, biasOptional), SI_TENSORS(out, meanOutOptional, rstdOutOptional), SI_KEPT(normalizedShape),
                (2 * rows * sizeof(float) + 511) / 512 * 512);
}
SI_PHASE2(aclnnLayerNorm)
