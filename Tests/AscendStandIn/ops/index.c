// Embedding and ScatterNdUpdate. The host can't see the indices: a bad one is a fault of the vector core.
#include "check.h"

#include <stdlib.h>
#include <string.h>

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

/// var [entries, ...] at indices[i] = updates[i], for indices [rows, 1]. Where two indices are equal, which of the updates stays is not said; here
/// they are refused as a mistake of the caller.
static aclError run_scatter_nd_update(const si_run *run) {
    view var = view_of(run->out[0]), indices = view_of(run->in[1]), updates = view_of(run->in[2]);
    int64_t rows = updates.dims[0], entries = var.dims[0], columns = rows ? view_count(&updates) / rows : 0, size = type_size(var.type);
    bool *written = calloc((size_t)(entries ? entries : 1), sizeof *written);
    aclError code = 0;
    for (int64_t i = 0; i < rows && !code; i++) {
        int64_t at = load_integer(indices.type, view_row(&indices, indices.rank, i));
        if (at < 0 || at >= entries) {
            code = bad_index("aclnnScatterNdUpdate", at, entries);
            break;
        }
        if (written[at]) si_die("aclnnScatterNdUpdate writes entry %lld twice", (long long)at);
        written[at] = true;
        for (int64_t j = 0; j < columns; j++) memcpy(view_row(&var, var.rank, at * columns + j), view_row(&updates, updates.rank, i * columns + j), (size_t)size);
    }
    free(written);
    return code;
}
static const si_operator scatter_nd_update_op = {.name = "aclnnScatterNdUpdate", .run = run_scatter_nd_update};

aclnnStatus aclnnScatterNdUpdateGetWorkspaceSize(aclTensor *varRef, const aclTensor *indices, const aclTensor *updates, PHASE1) {
    const char *op = scatter_nd_update_op.name;
    SI_TRY(check_soc(op, "++--"));
    SI_TRY(si_need(varRef, "varRef"));
    SI_TRY(si_need(indices, "indices"));
    SI_TRY(si_need(updates, "updates"));
    SI_TRY(check_type(op, varRef, "varRef", FLOATS | INDICES | I8 | BOOL));
    SI_TRY(check_type(op, indices, "indices", INDICES));
    SI_TRY(check_same_type(op, varRef, "varRef", updates, "updates"));
    SI_TRY(check_rank(op, varRef, "varRef", 1, MAX_RANK));
    // Of its general form only rows at one index each are needed here.
    SI_TRY(check_rank(op, indices, "indices", 2, 2));
    if (indices->dims[1] != 1) SI_REFUSE(INVALID, "%s: indices %s have more than one axis of %s", op, si_shape(indices), si_shape(varRef));
    int64_t dims[MAX_RANK];
    memcpy(dims, varRef->dims, sizeof dims);
    dims[0] = indices->dims[0];
    SI_TRY(check_dims(op, updates, "updates", varRef->rank, dims));
    forbid_overlap(op, updates, varRef);
    return PLAN(&scatter_nd_update_op, NULL, 0, SI_TENSORS(varRef, indices, updates), SI_TENSORS(varRef), SI_NONE, 512);
}
SI_PHASE2(aclnnScatterNdUpdate)
