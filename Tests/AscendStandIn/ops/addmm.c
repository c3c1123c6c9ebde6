// Addmm: out [m, n] = beta · self + alpha · mat1 [m, k] · mat2 [k, n], self broadcast to [m, n].
#include "product.h"

#include <stdlib.h>

typedef struct {
    int cubeMathType;
    float beta, alpha;
} addmm_args;

static aclError run_addmm(const si_run *run) {
    const addmm_args *args = run->args;
    view out = view_of(run->out[0]), self = view_broadcast(view_of(run->in[0]), 2, out.dims), a = view_of(run->in[1]), b = view_of(run->in[2]);
    float *sum = view_load(&self), *result = product(&a, &b, (int8_t)args->cubeMathType, run->determinism);
    int64_t count = view_count(&out);
    for (int64_t i = 0; i < count; i++) result[i] = args->beta * sum[i] + args->alpha * result[i];
    view_store(&out, result);
    free(sum);
    free(result);
    return 0;
}
static const si_operator addmm_op = {.name = "aclnnAddmm", .run = run_addmm};

aclnnStatus aclnnAddmmGetWorkspaceSize(const aclTensor *self, const aclTensor *mat1, const aclTensor *mat2, const aclScalar *beta, const aclScalar *alpha, aclTensor *out,
                                       int8_t cubeMathType, PHASE1) {
    const char *op = addmm_op.name;
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need(mat1, "mat1"));
    SI_TRY(si_need(mat2, "mat2"));
    SI_TRY(si_need_scalar(beta, "beta"));
    SI_TRY(si_need_scalar(alpha, "alpha"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check_type(op, self, "self", FLOATS));
    SI_TRY(check_rank(op, mat1, "mat1", 2, 2));
    SI_TRY(check_rank(op, mat2, "mat2", 2, 2));
    SI_TRY(check_product(op, mat1, mat2, out, cubeMathType));
    if (promoted(self->dtype, mat1->dtype) != mat1->dtype) SI_REFUSE(INVALID, "%s: self is %s, mat1 is %s", op, si_dtype_name(self->dtype), si_dtype_name(mat1->dtype));
    if (mat1->dims[1] != mat2->dims[0]) SI_REFUSE(INVALID, "%s: %s · %s", op, si_shape(mat1), si_shape(mat2));
    int rank = 2;
    int64_t dims[MAX_RANK] = {mat1->dims[0], mat2->dims[1]};
    SI_TRY(check_dims(op, out, "out", rank, dims));
    SI_TRY(broadcast_dims(op, self, &rank, dims));
    if (rank != 2 || dims[0] != mat1->dims[0] || dims[1] != mat2->dims[1]) SI_REFUSE(INVALID, "%s: self %s does not broadcast to out %s", op, si_shape(self), si_shape(out));
    forbid_overlap(op, mat1, out);
    forbid_overlap(op, mat2, out);
    addmm_args args = {cubeMathType, (float)beta->real, (float)alpha->real};
    return PLAN(&addmm_op, &args, sizeof args, SI_TENSORS(self, mat1, mat2), SI_TENSORS(out), SI_KEPT(beta, alpha), product_workspace(mat1, mat2, out));
}
SI_PHASE2(aclnnAddmm)
