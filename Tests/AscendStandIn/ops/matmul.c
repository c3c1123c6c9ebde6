// Matmul and BatchMatMul: out = self · mat2. Vectors, which Matmul takes too, are not needed here and refused.
#include "product.h"

#include <stdlib.h>

typedef struct {
    int8_t cubeMathType;
} matmul_args;

/// The matrix of number `index` of a batch, as a view of two axes.
static view page(const view *batch, int64_t index) {
    int axes = batch->rank - 2;
    view v = {.type = batch->type, .rank = 2, .data = view_row(batch, axes, index)};
    for (int i = 0; i < 2; i++) v.dims[i] = batch->dims[axes + i], v.strides[i] = batch->strides[axes + i];
    return v;
}

/// The batch axes broadcast to those of `out`, the matrix's two kept.
static view spread(view v, const view *out) {
    int64_t dims[MAX_RANK];
    for (int i = 0; i < out->rank; i++) dims[i] = i < out->rank - 2 ? out->dims[i] : v.dims[v.rank - (out->rank - i)];
    return view_broadcast(v, out->rank, dims);
}

static aclError run_matmul(const si_run *run) {
    const matmul_args *args = run->args;
    view out = view_of(run->out[0]), left = spread(view_of(run->in[0]), &out), right = spread(view_of(run->in[1]), &out);
    int64_t pages = 1;
    for (int i = 0; i < out.rank - 2; i++) pages *= out.dims[i];
    for (int64_t i = 0; i < pages; i++) {
        view a = page(&left, i), b = page(&right, i), c = page(&out, i);
        float *result = product(&a, &b, args->cubeMathType, run->determinism);
        view_store(&c, result);
        free(result);
    }
    return 0;
}

static aclnnStatus plan(const si_operator *op, const aclTensor *self, const aclTensor *mat2, const aclTensor *out, int8_t cubeMathType, int least, int most, PHASE1) {
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need(mat2, "mat2"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check_rank(op->name, self, "self", least, most));
    SI_TRY(check_rank(op->name, mat2, "mat2", least, most));
    SI_TRY(check_product(op->name, self, mat2, out, cubeMathType));
    int64_t m = self->dims[self->rank - 2], k = self->dims[self->rank - 1], n = mat2->dims[mat2->rank - 1];
    if (mat2->dims[mat2->rank - 2] != k) SI_REFUSE(INVALID, "%s: %s · %s", op->name, si_shape(self), si_shape(mat2));
    int rank = 0;
    int64_t dims[MAX_RANK];
    const aclTensor *sides[] = {self, mat2};
    for (int i = 0; i < 2; i++) {
        aclTensor batch = *sides[i];
        batch.rank -= 2;
        SI_TRY(broadcast_dims(op->name, &batch, &rank, dims));
    }
    dims[rank] = m;
    dims[rank + 1] = n;
    SI_TRY(check_dims(op->name, out, "out", rank + 2, dims));
    forbid_overlap(op->name, self, out);
    forbid_overlap(op->name, mat2, out);
    matmul_args args = {cubeMathType};
    return PLAN(op, &args, sizeof args, SI_TENSORS(self, mat2), SI_TENSORS(out), SI_NONE, product_workspace(self, mat2, out));
}

static const si_operator matmul_op = {.name = "aclnnMatmul", .run = run_matmul};
static const si_operator batch_matmul_op = {.name = "aclnnBatchMatMul", .run = run_matmul};

aclnnStatus aclnnMatmulGetWorkspaceSize(const aclTensor *self, const aclTensor *mat2, aclTensor *out, int8_t cubeMathType, PHASE1) {
    return plan(&matmul_op, self, mat2, out, cubeMathType, 2, 6, workspaceSize, executor);
}
SI_PHASE2(aclnnMatmul)

aclnnStatus aclnnBatchMatMulGetWorkspaceSize(const aclTensor *self, const aclTensor *mat2, aclTensor *out, int8_t cubeMathType, PHASE1) {
    return plan(&batch_matmul_op, self, mat2, out, cubeMathType, 3, 3, workspaceSize, executor);
}
SI_PHASE2(aclnnBatchMatMul)
