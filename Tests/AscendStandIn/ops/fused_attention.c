#include "fused_attention.h"
#include "attention.h"

#include <math.h>
#include <stdlib.h>

enum { LOST_FROM = 512, DIVIDED_FROM = 2048 }; // keys: where the silent faults of public reports begin, and the division of decode steps

placement place(const view *v, attention_layout layout, int64_t heads) {
    const int64_t *d = v->dims, *s = v->strides;
    switch (layout) {
    case BSH: return (placement){d[0], d[1], heads, d[2] / heads, s[0], s[1], d[2] / heads};
    case BSND: return (placement){d[0], d[1], d[2], d[3], s[0], s[1], s[2]};
    case TND: return (placement){1, d[0], d[1], d[2], 0, s[0], s[1]};
    default: return (placement){d[0], d[2], d[1], d[3], s[0], s[2], s[1]};
    }
}

placement place_blocks(const view *v, int64_t heads) { return place(v, v->rank == 3 ? BSH : BNSD, heads); }

/// One tensor while one sequence is computed: row s of head n is read or written at its place.
typedef struct {
    view v;
    placement at;
    int64_t batch, first;   // the sequence, and with TND the row it begins at
    const view *table;      // of blocks, NULL where rows follow each other
    int64_t block_size;
} rows;

static char *row_of(const rows *r, int64_t s, int64_t n) {
    int64_t page = r->batch, row = r->first + s;
    if (r->table) {
        page = *(const int32_t *)(r->table->data + (r->batch * r->table->strides[0] + s / r->block_size * r->table->strides[1]) * (int64_t)sizeof(int32_t));
        row = s % r->block_size;
        if (page < 0 || page >= r->at.batches) si_die("FusedInferAttentionScore reads block %lld of %lld", (long long)page, (long long)r->at.batches);
    }
    return r->v.data + (page * r->at.batch + row * r->at.row + n * r->at.head) * type_size(r->v.type);
}

static void load_head(const rows *r, int64_t count, int64_t head, float *to) {
    for (int64_t s = 0; s < count; s++) load_floats(r->v.type, row_of(r, s, head), 1, r->at.width, to + s * r->at.width);
}

typedef struct {
    const attention_args *args;
    const view *pse, *mask;
    int64_t batch, head, rows, keys;
} scores;

/// Element (b, n, row, first key) of a tensor whose leading axes may be missing or 1.
static const char *line(const view *v, int64_t batch, int64_t head, int64_t row) {
    int64_t index[] = {batch, head, row}, offset = 0;
    int missing = 4 - v->rank;
    for (int i = 0; i < v->rank - 1; i++) {
        int axis = v->rank == 3 && i == 0 ? 0 : i + missing; // [B, rows, keys] has its batch first
        offset += (v->dims[i] == 1 ? 0 : index[axis]) * v->strides[i];
    }
    return v->data + offset * type_size(v->type);
}

static void score_row(const void *context, int64_t row, float *bias, bool *masked) {
    const scores *s = context;
    const attention_args *a = s->args;
    int64_t offset = a->sparse == LEFT_UP ? 0 : s->keys - s->rows;
    if (s->pse) {
        load_floats(s->pse->type, line(s->pse, s->batch, s->head, row), s->pse->strides[3], s->keys, bias);
        bool infinite = false;
        for (int64_t j = 0; j < s->keys; j++) infinite |= isinf(bias[j]);
        for (int64_t j = 0; j < s->keys; j++) {
            if (si_bug(SI_BUG_INF) && infinite && s->keys > LOST_FROM) bias[j] = NAN;
            if (si_bug(SI_BUG_MASK512) && s->pse->dims[1] == 1 && s->args->heads > 1) bias[j] = 0;
        }
    }
    if (a->sparse >= LEFT_UP) {
        for (int64_t j = 0; j < s->keys; j++) masked[j] = j > row + offset + (a->sparse == BAND ? a->next : 0) || (a->sparse == BAND && j < row + offset - a->previous);
    } else if (s->mask) {
        const char *from = line(s->mask, s->batch, 0, row);
        bool decode = s->rows == 1 && s->mask->rank == 4;
        int64_t seen = si_bug(SI_BUG_MASK512) && decode && s->keys > LOST_FROM ? LOST_FROM : s->keys;
        for (int64_t j = 0; j < seen; j++) masked[j] = from[j * s->mask->strides[s->mask->rank - 1]] != 0;
    }
}

/// The sparse modes need a triangle of ones above the diagonal; the device does not look whether it is one.
static void check_triangle(const view *mask) {
    for (int64_t i = 0; i + 1 < SPARSE_MASK; i++) {
        const char *at = mask->data + i * (mask->strides[mask->rank - 2] + mask->strides[mask->rank - 1]);
        if (*at != 0 || at[mask->strides[mask->rank - 1]] != 1) si_die("FusedInferAttentionScore: the mask of a sparse mode is not 1 exactly above the diagonal, see row %lld", (long long)i);
    }
}

/// Into how many parts the cores divide the keys of a decode step on pages: by the batch, unless CANN is asked for level 3.
static int64_t key_parts(const si_run *run, int64_t rows, int64_t keys) {
    const attention_args *a = run->args;
    int64_t cores = si_soc_get()->cores, heads = a->batches * a->key_heads;
    bool divides = run->in[BLOCK_TABLE] && rows == 1 && keys >= DIVIDED_FROM && 10 * heads < 4 * cores;
    return divides && si_order_by_place(run->determinism, 3) ? cores / heads : 1;
}

aclError run_fused_attention(const si_run *run) {
    const attention_args *a = run->args;
    view v[ATTENTION_INPUTS], out = view_of(run->out[0]), log_sums = {0};
    for (int i = 0; i < ATTENTION_INPUTS; i++) if (run->in[i]) v[i] = view_of(run->in[i]);
    if (run->out[1]) log_sums = view_of(run->out[1]);
    bool paged = run->in[BLOCK_TABLE] != NULL, masked = run->in[MASK] != NULL;
    if (masked && a->sparse >= LEFT_UP) check_triangle(&v[MASK]);

    rows query = {v[QUERY], place(&v[QUERY], a->layout, a->heads), 0, 0, NULL, 0};
    rows result = {out, place(&out, a->layout == BNSD_BSND ? BSND : a->layout, a->heads), 0, 0, NULL, 0};
    rows sides[2];
    for (int i = 0; i < 2; i++) {
        const view *side = &v[KEY + i];
        sides[i] = (rows){*side, paged ? place_blocks(side, a->key_heads) : place(side, a->layout, a->key_heads), 0, 0, paged ? &v[BLOCK_TABLE] : NULL, a->block_size};
    }
    int64_t width = query.at.width, first_query = 0, first_key = 0;
    for (int64_t b = 0; b < a->batches; b++) {
        int64_t count = a->lengths[b], keys = a->lengths[a->batches + b];
        int64_t batch = a->layout == TND ? 0 : b;
        query.batch = result.batch = batch, query.first = result.first = first_query;
        for (int i = 0; i < 2; i++) sides[i].batch = paged ? b : batch, sides[i].first = paged ? 0 : first_key;
        float *q = scratch(count * width), *k = scratch(keys * width), *values = scratch(keys * width), *o = scratch(count * width), *sums = scratch(count);
        for (int64_t head = 0; head < a->heads; head++) {
            int64_t shared = a->heads / a->key_heads;
            if (head % shared == 0) {
                load_head(&sides[0], keys, head / shared, k);
                load_head(&sides[1], keys, head / shared, values);
            }
            load_head(&query, count, head, q);
            scores context = {a, run->in[PSE] ? &v[PSE] : NULL, masked ? &v[MASK] : NULL, b, head, count, keys};
            attend(&(attention_head){
                .rows = count, .keys = keys, .width = width, .query = q, .key = k, .value = values, .output = o, .scale = a->scale, .row = score_row, .context = &context,
                .zero_fully_masked = a->inner_precise >= 2, .uniform = si_bug(SI_BUG_TND) && a->layout == TND && a->sparse == FULL_MASK && !masked, .log_sum = sums,
                .parts = key_parts(run, count, keys), .type = query.v.type,
            });
            for (int64_t s = 0; s < count; s++) store_floats(out.type, row_of(&result, s, head), 1, width, o + s * width);
            for (int64_t s = 0; run->out[1] && s < count; s++) store_floats(ACL_FLOAT, view_row(&log_sums, 3, (b * a->heads + head) * log_sums.dims[2] + s), 1, 1, sums + s);
        }
        free(q);
        free(k);
        free(values);
        free(o);
        free(sums);
        if (a->layout == TND) first_query += count, first_key += keys;
    }
    return 0;
}
