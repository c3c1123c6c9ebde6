// Embedding and InplaceIndexCopy. The host can't see the indices: a bad one is a fault of the vector core.
#include "check.h"

#include <string.h>

typedef struct {
    int axis;
} index_args;

static aclError bad_index(const char *op, int64_t index, int64_t entries) {
    return si_fail(VECTOR_FAULT, "%s: index %lld of %lld entries", op, (long long)index, (long long)entries);
}

/// out [..., columns] = weight [entries, columns] at indices [...].
static aclError run_embedding(const si_run *run) {
    view weight = view_of(run->in[0]), indices = view_of(run->in[1]), out = view_of(run->out[0]);
    int64_t count = view_count(&indices), columns = weight.dims[1];
    for (int64_t i = 0; i < count; i++) {
        int64_t index = load_integer(indices.type, view_row(&indices, indices.rank, i));
        if (index < 0 || index >= weight.dims[0]) return bad_index("aclnnEmbedding", index, weight.dims[0]);
        char *to = view_row(&out, out.rank - 1, i);
        int64_t size = type_size(weight.type), from_step = weight.strides[1] * size, to_step = out.strides[out.rank - 1] * size;
        const char *from = weight.data + index * weight.strides[0] * size;
        for (int64_t j = 0; j < columns; j++) memcpy(to + j * to_step, from + j * from_step, (size_t)size);
    }
    return 0;
}
static const si_operator embedding_op = {.name = "aclnnEmbedding", .run = run_embedding};

aclnnStatus aclnnEmbeddingGetWorkspaceSize(const aclTensor *weight, const aclTensor *indices, const aclTensor *out, PHASE1) {
    const char *op = embedding_op.name;
    SI_TRY(si_need(weight, "weight"));
    SI_TRY(si_need(indices, "indices"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check_type(op, weight, "weight", ANY));
    SI_TRY(check_type(op, indices, "indices", INDICES));
    SI_TRY(check_same_type(op, weight, "weight", out, "out"));
    SI_TRY(check_rank(op, weight, "weight", 2, 2));
    SI_TRY(check_rank(op, indices, "indices", 0, MAX_RANK - 1));
    int64_t dims[MAX_RANK];
    memcpy(dims, indices->dims, sizeof dims);
    dims[indices->rank] = weight->dims[1];
    SI_TRY(check_dims(op, out, "out", indices->rank + 1, dims));
    return PLAN(&embedding_op, NULL, 0, SI_TENSORS(weight, indices), SI_TENSORS(out), SI_NONE, 0);
}
SI_PHASE2(aclnnEmbedding)

/// self at index[i] along the axis = source at i.
static aclError run_index_copy(const si_run *run) {
    const index_args *args = run->args;
    view self = view_axis_last(view_of(run->out[0]), args->axis), source = view_axis_last(view_of(run->in[2]), args->axis), index = view_of(run->in[1]);
    int last = self.rank - 1;
    int64_t count = source.dims[last], size = type_size(self.type), rows = count ? view_count(&source) / count : 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t at = load_integer(index.type, view_row(&index, index.rank, i));
        if (at < 0 || at >= self.dims[last]) return bad_index("aclnnInplaceIndexCopy", at, self.dims[last]);
        for (int64_t row = 0; row < rows; row++) {
            memcpy(view_row(&self, last, row) + at * self.strides[last] * size, view_row(&source, last, row) + i * source.strides[last] * size, (size_t)size);
        }
    }
    return 0;
}
static const si_operator index_copy_op = {.name = "aclnnInplaceIndexCopy", .run = run_index_copy, .unrepeatable = true};

aclnnStatus aclnnInplaceIndexCopyGetWorkspaceSize(aclTensor *selfRef, int64_t dim, const aclTensor *index, const aclTensor *source, PHASE1) {
    const char *op = index_copy_op.name;
    SI_TRY(check_soc(op, "++--"));
    SI_TRY(si_need(selfRef, "selfRef"));
    SI_TRY(si_need(index, "index"));
    SI_TRY(si_need(source, "source"));
    SI_TRY(check_type(op, selfRef, "selfRef", ANY));
    SI_TRY(check_type(op, index, "index", INDICES));
    SI_TRY(check_same_type(op, selfRef, "selfRef", source, "source"));
    SI_TRY(check_rank(op, selfRef, "selfRef", 1, MAX_RANK));
    SI_TRY(check_rank(op, index, "index", 1, 1));
    SI_TRY(check_axis(op, &dim, selfRef->rank));
    int64_t dims[MAX_RANK];
    memcpy(dims, selfRef->dims, sizeof dims);
    dims[dim] = index->dims[0];
    SI_TRY(check_dims(op, source, "source", selfRef->rank, dims));
    forbid_overlap(op, source, selfRef);
    index_args args = {(int)dim};
    return PLAN(&index_copy_op, &args, sizeof args, SI_TENSORS(selfRef, index, source), SI_TENSORS(selfRef), SI_NONE, 512);
}
SI_PHASE2(aclnnInplaceIndexCopy)
