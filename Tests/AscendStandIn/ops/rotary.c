// RotaryPositionEmbedding: out = x · cos + rotated(x) · sin over the last axis; mode 0 pairs halves, mode 1 neighbours.
#include "check.h"

#include <stdlib.h>

enum { HALF = 0, INTERLEAVE = 1, WIDTH_LIMIT = 896, ROW_LIMIT = 1000 };

typedef struct {
    int64_t mode;
} rotary_args;

static aclError run_rotary(const si_run *run) {
    const rotary_args *args = run->args;
    view x = view_of(run->in[0]), out = view_of(run->out[0]);
    view cosine = view_broadcast(view_of(run->in[1]), 4, x.dims), sine = view_broadcast(view_of(run->in[2]), 4, x.dims);
    int64_t count = view_count(&x), width = x.dims[3], half = width / 2;
    float *values = view_load(&x), *c = view_load(&cosine), *s = view_load(&sine), *result = scratch(count);
    for (int64_t i = 0; i < count; i++) {
        int64_t j = i % width;
        bool first = args->mode == HALF ? j < half : j % 2 == 0;
        int64_t step = args->mode == HALF ? half : 1;
        float partner = first ? -values[i + step] : values[i - step];
        result[i] = values[i] * c[i] + partner * s[i];
    }
    view_store(&out, result);
    free(values);
    free(c);
    free(s);
    free(result);
    return 0;
}
static const si_operator rotary_op = {.name = "aclnnRotaryPositionEmbedding", .run = run_rotary};

aclnnStatus aclnnRotaryPositionEmbeddingGetWorkspaceSize(const aclTensor *x, const aclTensor *cos, const aclTensor *sin, int64_t mode, aclTensor *out, PHASE1) {
    const char *op = rotary_op.name;
    SI_TRY(check_soc(op, "++--"));
    SI_TRY(si_need(x, "x"));
    SI_TRY(si_need(cos, "cos"));
    SI_TRY(si_need(sin, "sin"));
    SI_TRY(si_need(out, "out"));
    const aclTensor *others[] = {cos, sin, out};
    const char *names[] = {"cos", "sin", "out"};
    SI_TRY(check_type(op, x, "x", FLOATS));
    SI_TRY(check_rank(op, x, "x", 4, 4));
    for (int i = 0; i < 3; i++) {
        SI_TRY(check_same_type(op, x, "x", others[i], names[i]));
        SI_TRY(check_rank(op, others[i], names[i], 4, 4));
    }
    SI_TRY(check_same_dims(op, x, "x", out, "out"));
    SI_TRY(check_same_dims(op, cos, "cos", sin, "sin"));
    SI_TRY(check_contiguous(op, out, "out"));
    if (mode != HALF && mode != INTERLEAVE) SI_REFUSE(INVALID, "%s: mode is %lld, not 0 (half) or 1 (interleave)", op, (long long)mode);
    int64_t width = x->dims[3], shared = 1, own = 0;
    if (width >= WIDTH_LIMIT || width % 2) SI_REFUSE(TILING, "%s: %lld wide, must be even and below %d", op, (long long)width, WIDTH_LIMIT);
    if (cos->dims[3] != width) SI_REFUSE(INVALID, "%s: x is %s, cos is %s", op, si_shape(x), si_shape(cos));
    for (int i = 0; i < 3; i++) { // batch and heads are the axes over which cos is the same
        if (cos->dims[i] != 1 && cos->dims[i] != x->dims[i]) SI_REFUSE(INVALID, "%s: x is %s, cos is %s", op, si_shape(x), si_shape(cos));
        if (cos->dims[i] != 1) {
            own++;
            continue;
        }
        shared *= x->dims[i];
        if (mode == HALF && x->dims[i] >= ROW_LIMIT) SI_REFUSE(TILING, "%s: axis %d of x %s must be below %d", op, i, si_shape(x), ROW_LIMIT);
    }
    if (mode == INTERLEAVE && (own > 1 || shared >= ROW_LIMIT)) {
        SI_REFUSE(TILING, "%s interleaved: cos %s must be [1, 1, S, D], [1, S, 1, D] or [S, 1, 1, D] for x %s, batch · heads below %d", op, si_shape(cos), si_shape(x), ROW_LIMIT);
    }
    forbid_overlap(op, x, out);
    rotary_args args = {mode};
    return PLAN(&rotary_op, &args, sizeof args, SI_TENSORS(x, cos, sin), SI_TENSORS(out), SI_NONE, (uint64_t)(16 << 10));
}
SI_PHASE2(aclnnRotaryPositionEmbedding)
