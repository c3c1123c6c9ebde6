// QuantMatmul of rows that have a scale each: out [m, n] = pertokenScale [m] · scale [n] · (x1 [m, k] · x2 [k, n]) + bias [n], the product
// of int8 in int32, whose sums have no order.
#include "check.h"

#include <stdlib.h>

typedef struct {
    bool transposed;
} quant_args;

static int8_t *dense(const view *v) {
    int64_t rows = v->dims[0], columns = v->dims[1];
    int8_t *values = malloc((size_t)(rows * columns) + 1);
    for (int64_t i = 0; i < rows * columns; i++) values[i] = *(const int8_t *)(v->data + i / columns * v->strides[0] + i % columns * v->strides[1]);
    return values;
}

static aclError run_quant_matmul(const si_run *run) {
    const quant_args *args = run->args;
    view out = view_of(run->out[0]), left = view_of(run->in[0]), right = view_of(run->in[1]);
    if (!args->transposed) right = view_axis_last(right, 0);
    view of_row = view_of(run->in[3]), of_column = view_of(run->in[2]);
    int64_t m = out.dims[0], n = out.dims[1], k = left.dims[1];
    int8_t *a = dense(&left), *b = dense(&right);
    float *row = scratch(n), *scales = view_load(&of_column), *row_scales = view_load(&of_row), *bias = NULL;
    if (run->in[4]) {
        view of_bias = view_of(run->in[4]);
        bias = view_load(&of_bias);
    }
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            int32_t sum = 0;
            for (int64_t d = 0; d < k; d++) sum += a[i * k + d] * b[j * k + d];
            row[j] = (float)sum * scales[of_column.dims[0] == 1 ? 0 : j] * row_scales[i] + (bias ? bias[j] : 0);
        }
        store_floats(out.type, view_row(&out, 1, i), out.strides[1], n, row);
    }
    free(a);
    free(b);
    free(row);
    free(scales);
    free(row_scales);
    free(bias);
    return 0;
}
static const si_operator quant_matmul_op = {.name = "aclnnQuantMatmulV4", .run = run_quant_matmul};

aclnnStatus aclnnQuantMatmulV4GetWorkspaceSize(
    const aclTensor *x1, const aclTensor *x2, const aclTensor *scale, const aclTensor *offset, const aclTensor *pertokenScaleOptional, const aclTensor *bias,
    bool transposeX1, bool transposeX2, const aclTensor *out, PHASE1
) {
    const char *op = quant_matmul_op.name;
    SI_TRY(check_soc(op, "+++-"));
    SI_TRY(si_need(x1, "x1"));
    SI_TRY(si_need(x2, "x2"));
    SI_TRY(si_need(scale, "scale"));
    SI_TRY(si_need(pertokenScaleOptional, "pertokenScale, without which the operator is not modelled"));
    SI_TRY(si_need(out, "out"));
    if (offset) SI_REFUSE(INVALID, "%s: an offset is not modelled", op);
    SI_TRY(si_optional(bias, "bias"));
    if (transposeX1) SI_REFUSE(INVALID, "%s: transposeX1 is not modelled", op);
    SI_TRY(check_type(op, x1, "x1", I8));
    SI_TRY(check_type(op, x2, "x2", I8));
    SI_TRY(check_type(op, scale, "scale", F32 | BF16));
    SI_TRY(check_type(op, pertokenScaleOptional, "pertokenScale", F32));
    SI_TRY(check_type(op, out, "out", HALVES));
    if (out->dtype == ACL_FLOAT16 && scale->dtype != ACL_FLOAT) SI_REFUSE(INVALID, "%s: out is float16, scale is %s", op, si_dtype_name(scale->dtype));
    SI_TRY(check_rank(op, x1, "x1", 2, 2));
    SI_TRY(check_rank(op, x2, "x2", 2, 2));
    SI_TRY(check_rank(op, scale, "scale", 1, 1));
    int64_t m = x1->dims[0], k = x1->dims[1], n = x2->dims[transposeX2 ? 0 : 1];
    if (x2->dims[transposeX2 ? 1 : 0] != k) SI_REFUSE(INVALID, "%s: x1 %s, x2 %s, transposeX2 %d", op, si_shape(x1), si_shape(x2), transposeX2);
    if (scale->dims[0] != n && scale->dims[0] != 1) SI_REFUSE(INVALID, "%s: scale %s for %lld columns", op, si_shape(scale), (long long)n);
    SI_TRY(check_dims(op, pertokenScaleOptional, "pertokenScale", 1, &m));
    SI_TRY(check_dims(op, out, "out", 2, (int64_t[]){m, n}));
    if (bias) {
        // Of int32 it would be scaled with the product: not needed here.
        SI_TRY(check_type(op, bias, "bias", BF16 | F32));
        SI_TRY(check_dims(op, bias, "bias", 1, &n));
    }
    const aclTensor *all[] = {x1, x2, scale, pertokenScaleOptional, bias, out};
    for (int i = 0; i < 6; i++) {
        if (!all[i]) continue;
        SI_TRY(check_format(op, all[i], "a tensor", ACL_FORMAT_ND));
        SI_TRY(check_contiguous(op, all[i], "a tensor"));
    }
    forbid_overlap(op, x1, out);
    quant_args args = {transposeX2};
    return PLAN(&quant_matmul_op, &args, sizeof args, SI_TENSORS(x1, x2, scale, pertokenScaleOptional, bias), SI_TENSORS(out), SI_NONE, ((uint64_t)m * (uint64_t)n * sizeof(int32_t) + 511) / 512 * 512);
}
SI_PHASE2(aclnnQuantMatmulV4)
