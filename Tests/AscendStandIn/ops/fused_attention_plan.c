// FusedInferAttentionScore: the limits of phase 1.
#include "fused_attention.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH_LIMIT = 65536, HEAD_LIMIT = 256, WIDTH_LIMIT = 512, FLAT_LIMIT = 65535, GROUP_LIMIT = 64, BLOCK_LIMIT = 512 };

static placement place_tensor(const aclTensor *t, attention_layout layout, int64_t heads) {
    view v = {.type = t->dtype, .rank = t->rank};
    memcpy(v.dims, t->dims, sizeof v.dims);
    memcpy(v.strides, t->strides, sizeof v.strides);
    return place(&v, layout, heads);
}

static aclnnStatus find_layout(const attention_call *c, attention_layout *layout) {
    static const char *const names[] = {[BSH] = "BSH", [BSND] = "BSND", [BNSD] = "BNSD", [BNSD_BSND] = "BNSD_BSND", [TND] = "TND"};
    if (!c->layout) SI_REFUSE(NULL_POINTER, "%s: inputLayout is NULL", c->op->name);
    for (int i = BSH; i <= TND; i++) {
        if (strcmp(c->layout, names[i]) != 0) continue;
        bool third = strcmp(c->op->name, "aclnnFusedInferAttentionScoreV3") == 0;
        if (i == TND && !third) SI_REFUSE(TILING, "%s: inputLayout TND is V3's", c->op->name);
        *layout = (attention_layout)i;
        return 0;
    }
    SI_REFUSE(TILING, "%s: inputLayout %s", c->op->name, c->layout);
}

/// The kernel reads and writes these as if contiguous, whatever their strides say.
static void need_contiguous(const attention_call *c, const aclTensor *t, const char *name) {
    if (!si_contiguous(t)) si_die("%s takes %s %s as contiguous, which it is not", c->op->name, name, si_shape(t));
}

static aclnnStatus check_tensors(const attention_call *c, attention_layout layout, int64_t key_heads) {
    const char *op = c->op->name;
    SI_TRY(si_need(c->query, "query"));
    SI_TRY(si_need_list(c->key, "key"));
    SI_TRY(si_need_list(c->value, "value"));
    SI_TRY(si_need(c->out, "attentionOut"));
    SI_TRY(si_optional(c->pse, "pseShiftOptional"));
    SI_TRY(si_optional(c->mask, "attenMaskOptional"));
    SI_TRY(si_optional(c->block_table, "blockTableOptional"));
    if (c->key->count != 1 || c->value->count != 1) SI_REFUSE(INVALID, "%s: lists of %llu keys and %llu values; the stand-in takes one", op, (unsigned long long)c->key->count, (unsigned long long)c->value->count);
    const aclTensor *key = c->key->tensors[0], *value = c->value->tensors[0], *all[] = {c->query, key, value, c->out};
    const char *names[] = {"query", "key", "value", "attentionOut"};
    int rank = layout == BSH || layout == TND ? 3 : 4;
    SI_TRY(check_type(op, c->query, "query", HALVES));
    for (int i = 0; i < 4; i++) {
        bool blocks = c->block_table && (i == 1 || i == 2);
        SI_TRY(check_same_type(op, c->query, "query", all[i], names[i]));
        SI_TRY(check_format(op, all[i], names[i], ACL_FORMAT_ND));
        SI_TRY(check_rank(op, all[i], names[i], blocks ? 3 : rank, blocks ? 4 : rank));
        need_contiguous(c, all[i], names[i]);
    }
    SI_TRY(check_same_dims(op, key, "key", value, "value"));
    if (c->heads < 1 || key_heads < 1 || c->heads % key_heads || c->heads / key_heads > GROUP_LIMIT || c->heads > HEAD_LIMIT) {
        SI_REFUSE(TILING, "%s: %lld heads over %lld, must be a whole multiple, at most %d times and %d heads", op, (long long)c->heads, (long long)key_heads, GROUP_LIMIT, HEAD_LIMIT);
    }
    bool flat = layout == BSH || (c->block_table && key->rank == 3);
    if ((layout == BSH && c->query->dims[2] % c->heads) || (flat && key->dims[2] % key_heads)) SI_REFUSE(TILING, "%s: query %s and key %s in %lld and %lld heads", op, si_shape(c->query), si_shape(key), (long long)c->heads, (long long)key_heads);
    forbid_overlap(op, c->query, c->out);
    forbid_overlap(op, key, c->out);
    forbid_overlap(op, value, c->out);
    return 0;
}

static aclnnStatus check_shapes(const attention_call *c, attention_layout layout, const placement *q, const placement *k) {
    const char *op = c->op->name;
    placement o = place_tensor(c->out, layout == BNSD_BSND ? BSND : layout, c->heads);
    if (q->heads != c->heads) SI_REFUSE(TILING, "%s: query %s has not numHeads %lld", op, si_shape(c->query), (long long)c->heads);
    if (o.batches != q->batches || o.rows != q->rows || o.heads != q->heads || o.width != q->width) SI_REFUSE(INVALID, "%s: query %s, attentionOut %s", op, si_shape(c->query), si_shape(c->out));
    if (k->width != q->width || (!c->block_table && k->batches != q->batches)) SI_REFUSE(TILING, "%s: query %s, key %s", op, si_shape(c->query), si_shape(c->key->tensors[0]));
    if (q->batches > BATCH_LIMIT) SI_REFUSE(TILING, "%s: batch %lld, the limit is %d", op, (long long)q->batches, BATCH_LIMIT);
    if (q->width > WIDTH_LIMIT) SI_REFUSE(TILING, "%s: heads %lld wide, the limit is %d", op, (long long)q->width, WIDTH_LIMIT);
    if (layout == BSH && q->width * q->heads >= FLAT_LIMIT) SI_REFUSE(TILING, "%s: BSH rows of %lld, must be below %d", op, (long long)(q->width * q->heads), FLAT_LIMIT);
    if (layout == BNSD_BSND && q->rows == 1) SI_REFUSE(TILING, "%s: BNSD_BSND for one query row", op);
    if (q->rows > 1 && q->width % 16) SI_REFUSE(TILING, "%s: heads %lld wide for more than one query row, must be a multiple of 16", op, (long long)q->width);
    return 0;
}

/// Lengths of queries (side 0) or keys (side 1) as `lengths` keeps them.
static aclnnStatus take_lengths(const attention_call *c, attention_layout layout, int side, int64_t batches, int64_t rows, int64_t *to) {
    const char *op = c->op->name, *name = side ? "actualSeqLengthsKvOptional" : "actualSeqLengthsOptional";
    const aclIntArray *array = side ? c->key_lengths : c->lengths;
    if (array) SI_TRY(si_need_ints(array, name));
    if (layout == TND) {
        int64_t before = 0;
        if (array->count != (uint64_t)batches || array->values[batches - 1] != rows) SI_REFUSE(TILING, "%s: %s must be cumulative, one for each sequence, and end in %lld", op, name, (long long)rows);
        for (int64_t b = 0; b < batches; before = array->values[b++]) {
            to[b] = array->values[b] - before;
            if (to[b] < 0) SI_REFUSE(TILING, "%s: %s[%lld] is below the one before", op, name, (long long)b);
        }
        return 0;
    }
    if (array && array->count != 1 && array->count < (uint64_t)batches) SI_REFUSE(TILING, "%s: %s has %llu lengths for a batch of %lld", op, name, (unsigned long long)array->count, (long long)batches);
    for (int64_t b = 0; b < batches; b++) {
        to[b] = array ? array->values[array->count == 1 ? 0 : b] : rows;
        if (to[b] < 0 || to[b] > rows) SI_REFUSE(TILING, "%s: %s[%lld] is %lld of %lld", op, name, (long long)b, (long long)to[b], (long long)rows);
    }
    return 0;
}

static aclnnStatus check_blocks(const attention_call *c, attention_layout layout, const placement *q) {
    const char *op = c->op->name;
    const aclTensor *table = c->block_table, *key = c->key->tensors[0];
    SI_TRY(check_type(op, table, "blockTableOptional", I32));
    SI_TRY(check_rank(op, table, "blockTableOptional", 2, 2));
    int64_t batches = layout == TND ? (int64_t)c->lengths->count : q->batches, step = q->rows > 1 ? 128 : 16;
    if (table->dims[0] != batches) SI_REFUSE(TILING, "%s: blockTableOptional %s for a batch of %lld", op, si_shape(table), (long long)batches);
    if (!c->key_lengths) SI_REFUSE(TILING, "%s: blocks need actualSeqLengthsKvOptional", op);
    if (c->block_size < 1 || c->block_size % step || c->block_size > BLOCK_LIMIT) SI_REFUSE(TILING, "%s: blockSize %lld, must be a multiple of %lld up to %d", op, (long long)c->block_size, (long long)step, BLOCK_LIMIT);
    if (key->rank == 4 && layout != BNSD && layout != BNSD_BSND && layout != TND) SI_REFUSE(TILING, "%s: blocks %s need a query in BNSD or TND", op, si_shape(key));
    if (key->dims[key->rank - 2] != c->block_size) SI_REFUSE(TILING, "%s: blocks %s of blockSize %lld", op, si_shape(key), (long long)c->block_size);
    return 0;
}

/// `keys` is what a mask must reach: the longest sequence, or all that the block table can hold.
static aclnnStatus check_mask(const attention_call *c, attention_layout layout, const placement *q, int64_t keys) {
    const char *op = c->op->name;
    const aclTensor *m = c->mask;
    if (c->sparse < FULL_MASK || c->sparse > BAND) SI_REFUSE(TILING, "%s: sparseMode %lld, not 0 to 4", op, (long long)c->sparse);
    if (c->sparse != FULL_MASK && !m) SI_REFUSE(TILING, "%s: sparseMode %lld without a mask", op, (long long)c->sparse);
    if (c->sparse != FULL_MASK && q->rows == 1) SI_REFUSE(TILING, "%s: sparseMode %lld for one query row", op, (long long)c->sparse);
    if (!m) return 0;
    SI_TRY(check_type(op, m, "attenMaskOptional", BOOL | I8 | U8));
    SI_TRY(check_rank(op, m, "attenMaskOptional", 2, 4));
    int64_t rows = m->dims[m->rank - 2], columns = m->dims[m->rank - 1];
    if (c->sparse >= LEFT_UP) {
        if (rows != SPARSE_MASK || columns != SPARSE_MASK || si_count(m) != rows * columns) SI_REFUSE(TILING, "%s: sparseMode %lld needs a mask of %d · %d, not %s", op, (long long)c->sparse, SPARSE_MASK, SPARSE_MASK, si_shape(m));
        return 0;
    }
    bool batches = m->rank == 2 || m->dims[0] == 1 || m->dims[0] == q->batches, heads = m->rank < 4 || m->dims[1] == 1;
    if (layout == TND || !batches || !heads || (m->rank == 2 && q->rows == 1) || rows < q->rows || columns < keys) {
        SI_REFUSE(TILING, "%s: mask %s for %lld query rows and %lld keys", op, si_shape(m), (long long)q->rows, (long long)keys);
    }
    return 0;
}

static aclnnStatus check_pse(const attention_call *c, attention_layout layout, const placement *q, int64_t keys) {
    const char *op = c->op->name;
    const aclTensor *p = c->pse;
    if (!p) return 0;
    SI_TRY(check_same_type(op, c->query, "query", p, "pseShiftOptional"));
    SI_TRY(check_rank(op, p, "pseShiftOptional", 4, 4));
    if (layout == TND || (p->dims[0] != 1 && p->dims[0] != q->batches) || p->dims[2] < q->rows || p->dims[3] < keys) {
        SI_REFUSE(TILING, "%s: pseShift %s for %lld query rows and %lld keys", op, si_shape(p), (long long)q->rows, (long long)keys);
    }
    if (p->dims[1] == q->heads) return 0;
    if (p->dims[1] != 1) SI_REFUSE(TILING, "%s: pseShift %s for %lld heads", op, si_shape(p), (long long)q->heads);
    if (!si_bug(SI_BUG_MASK512)) si_die("%s computes nonsense with a pseShift %s that its %lld heads share", op, si_shape(p), (long long)q->heads);
    return 0;
}

aclnnStatus plan_fused_attention(const attention_call *c, PHASE1) {
    const char *op = c->op->name;
    attention_layout layout;
    int64_t key_heads = c->key_heads ? c->key_heads : c->heads;
    SI_TRY(check_soc(op, "++--"));
    SI_TRY(find_layout(c, &layout));
    SI_TRY(check_tensors(c, layout, key_heads));
    if (layout == TND && (!c->lengths || !c->key_lengths || c->lengths->count < 1)) SI_REFUSE(TILING, "%s: TND needs both lists of lengths", op);
    placement q = place_tensor(c->query, layout, c->heads), k;
    int64_t batches = layout == TND ? (int64_t)c->lengths->count : q.batches, keys;
    if (c->block_table) {
        const aclTensor *key = c->key->tensors[0];
        SI_TRY(check_blocks(c, layout, &q));
        k = key->rank == 3 ? place_tensor(key, BSH, key_heads) : place_tensor(key, BNSD, key_heads);
        keys = c->block_table->dims[1] * c->block_size;
    } else {
        k = place_tensor(c->key->tensors[0], layout, key_heads);
        keys = k.rows;
    }
    if (k.heads != key_heads) SI_REFUSE(TILING, "%s: key %s has not numKeyValueHeads %lld", op, si_shape(c->key->tensors[0]), (long long)key_heads);
    SI_TRY(check_shapes(c, layout, &q, &k));
    if (c->inner_precise < 0 || c->inner_precise > 3) SI_REFUSE(TILING, "%s: innerPrecise %lld, not 0 to 3", op, (long long)c->inner_precise);

    size_t size = sizeof(attention_args) + 2 * (size_t)batches * sizeof(int64_t);
    attention_args *args = malloc(size);
    *args = (attention_args){layout, (float)c->scale, c->heads, key_heads, c->block_size, c->sparse, c->inner_precise, c->previous, c->next, batches};
    aclnnStatus status = take_lengths(c, layout, 0, batches, q.rows, args->lengths);
    bool blocks_in_tnd = layout == TND && c->block_table; // then the keys' lengths are not cumulative
    if (!status) status = take_lengths(c, blocks_in_tnd ? BSND : layout, 1, batches, keys, args->lengths + batches);
    int64_t longest = 0;
    for (int64_t b = 0; !status && b < batches; b++) if (args->lengths[batches + b] > longest) longest = args->lengths[batches + b];
    if (!status) status = check_mask(c, layout, &q, c->block_table ? keys : longest);
    if (!status) status = check_pse(c, layout, &q, c->block_table ? keys : longest);
    if (!status && c->lse_flag) {
        int64_t dims[] = {q.batches, q.heads, q.rows, 1};
        status = si_need(c->lse, "softmaxLse");
        if (!status) status = layout == TND ? si_fail(INVALID, "%s: the stand-in has no softmaxLse for TND", op) : check_dims(op, c->lse, "softmaxLse", 4, dims);
        if (!status) status = check_type(op, c->lse, "softmaxLse", F32);
    }
    if (!status) {
        uint64_t workspace = (uint64_t)(256 << 10) + ((uint64_t)si_count(c->query) * sizeof(float) + 511) / 512 * 512;
        status = PLAN(c->op, args, size, SI_TENSORS(c->query, c->key->tensors[0], c->value->tensors[0], c->pse, c->mask, c->block_table),
                      SI_TENSORS(c->out, c->lse_flag ? c->lse : NULL), SI_KEPT(c->key, c->value, c->lengths, c->key_lengths), workspace);
    }
    free(args);
    return status;
}
