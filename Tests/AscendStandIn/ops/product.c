#include "product.h"
#include "gemm.h"
#include "numbers.h"

#include <stdlib.h>
#include <string.h>

aclnnStatus check_product(const char *op, const aclTensor *a, const aclTensor *b, const aclTensor *out, int8_t cubeMathType) {
    SI_TRY(check_type(op, a, "the left side", FLOATS));
    SI_TRY(check_same_type(op, a, "the left side", b, "the right side"));
    SI_TRY(check_type(op, out, "out", FLOATS));
    SI_TRY(check_format(op, a, "the left side", ACL_FORMAT_ND));
    SI_TRY(check_format(op, b, "the right side", ACL_FORMAT_ND));
    SI_TRY(check_format(op, out, "out", ACL_FORMAT_ND));
    if (cubeMathType < KEEP_DTYPE || cubeMathType > USE_FP32_ADD) SI_REFUSE(INVALID, "%s: cubeMathType is %d, not 0 to 4", op, cubeMathType);
    bool bf16 = a->dtype == ACL_BF16 || out->dtype == ACL_BF16;
    if (cubeMathType == USE_FP16 && bf16) SI_REFUSE(INVALID, "%s: cubeMathType 2 (f16) is not for BF16", op);
    bool f32 = a->dtype == ACL_FLOAT;
    if (f32 && cubeMathType == KEEP_DTYPE && !si_soc_get()->bf16) SI_REFUSE(INVALID, "%s: %s multiplies FLOAT only as f16: cubeMathType can't be 0", op, si_soc_get()->name);
    return 0;
}

void round_for_cube(float *values, int64_t count, aclDataType type, int8_t cubeMathType) {
    if (type != ACL_FLOAT || cubeMathType == KEEP_DTYPE || cubeMathType == USE_FP32_ADD) return;
    bool f16 = cubeMathType == USE_FP16 || !si_soc_get()->bf16;
    for (int64_t i = 0; i < count; i++) values[i] = f16 ? f16_to_float(float_to_f16(values[i])) : round_to_hf32(values[i]);
}

/// Rows of number `place`, `place` + PLACES, … are summed in two parts that `place` decides on.
enum { PLACES = 4 };
static void gemm_by_place(int64_t m, int64_t n, int64_t k, const float *a, matrix b, float *c) {
    float *rows = scratch((m + PLACES - 1) / PLACES * k), *parts[] = {scratch((m + PLACES - 1) / PLACES * n), scratch((m + PLACES - 1) / PLACES * n)};
    for (int64_t place = 0; place < PLACES && place < m; place++) {
        int64_t count = (m - place + PLACES - 1) / PLACES, cut = k * place / PLACES, ends[] = {0, cut, k};
        for (int part = 0; part < 2; part++) {
            int64_t from = ends[part], depth = ends[part + 1] - from;
            for (int64_t i = 0; i < count; i++) memcpy(rows + i * depth, a + (place + i * PLACES) * k + from, (size_t)depth * sizeof(float));
            gemm(count, n, depth, rows, (matrix){b.data + from * b.row, b.row, b.column}, parts[part]);
        }
        for (int64_t i = 0; i < count * n; i++) c[(place + i / n * PLACES) * n + i % n] = parts[1][i] + parts[0][i];
    }
    free(rows);
    free(parts[0]);
    free(parts[1]);
}

float *product(const view *a, const view *b, int8_t cubeMathType, int determinism) {
    int64_t m = a->dims[0], k = a->dims[1], n = b->dims[1];
    // A transposed weight is read in the order it lies in.
    bool transposed = b->strides[0] < b->strides[1];
    view stored = transposed ? view_axis_last(*b, 0) : *b;
    float *left = view_load(a), *right = view_load(&stored), *result = scratch(m * n);
    round_for_cube(left, m * k, a->type, cubeMathType);
    round_for_cube(right, k * n, b->type, cubeMathType);
    matrix weight = transposed ? (matrix){right, 1, k} : (matrix){right, n, 1};
    if (si_order_by_place(determinism, 2)) gemm_by_place(m, n, k, left, weight, result);
    else gemm(m, n, k, left, weight, result);
    free(left);
    free(right);
    return result;
}

/// A matrix, or a batch of them, that the cube reads as it lies: contiguous but for a transposition of the last two axes.
static bool plain(const aclTensor *t) {
    aclTensor flipped = *t;
    int last = t->rank - 1;
    if (si_contiguous(t) || last < 1) return true;
    flipped.dims[last] = t->dims[last - 1], flipped.dims[last - 1] = t->dims[last];
    flipped.strides[last] = t->strides[last - 1], flipped.strides[last - 1] = t->strides[last];
    return si_contiguous(&flipped);
}

uint64_t product_workspace(const aclTensor *a, const aclTensor *b, const aclTensor *out) {
    const aclTensor *sides[] = {a, b};
    uint64_t bytes = (uint64_t)si_count(out) * sizeof(float);
    for (int i = 0; i < 2; i++) if (!plain(sides[i])) bytes += (uint64_t)si_count(sides[i]) * si_size(sides[i]->dtype);
    return (bytes + 511) / 512 * 512;
}
