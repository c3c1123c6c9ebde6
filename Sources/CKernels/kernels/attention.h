// Softmax attention over tiles, the score matrix never whole.
//
//   packed keys    [head][key panel of NR][size][NR]        transposed once per call, so a score panel is a small product
//   packed values  [head][keys][V_PAD]                      V_PAD: head size in whole vectors
//   one task       QUERIES queries of one head: for each tile of KEY_TILE keys, MR queries at a time:
//                  scores [MR][KEY_TILE] = Q · Kᵀ, running maximum and sum, P · V added to the output in registers and L1
//
// The scale and log₂e are folded into Q, so the exponential is a power of two. Heads that share keys share their packing.

MICRO(micro_1, MR, 1)

enum { QUERIES = 4 * MR, KEY_TILE = 256, MAX_HEAD = 256 };
static const float LOG2E = 1.44269504088896341f, NO_SCORE = -1e30f;

typedef struct {
    ck_context *context;
    const ck_attention_call *call;
    float *keys, *values;
    long panels;    // of keys
    long value_pad; // floats of a packed value
    long head;      // the first key-value head in packed keys and values
    long query_blocks;
} attention_t;

/// Packs keys `begin ..< end` (in panels) of all heads of the group.
static void attention_pack(void *argument, long begin, long end, int thread) {
    (void)thread;
    const attention_t *g = argument;
    const ck_attention_call *call = g->call;
    long size = call->head_size;
    for (long item = begin; item < end; item++) {
        long head = item / g->panels, panel = item % g->panels;
        long key = panel * NR, count = call->keys - key < NR ? call->keys - key : NR;
        const float *from = call->key + key * call->key_stride + (g->head + head) * size;
        float *to = g->keys + (head * g->panels + panel) * size * NR;
        for (int v = 0; v < NV; v++) {
            for (long d = 0; d < size; d += W) {
                vf r[W];
                for (int j = 0; j < W; j++) {
                    long row = v * W + j;
                    r[j] = row < count ? load_n(from + row * call->key_stride + d, size - d) : splat(0);
                }
                transpose16(r);
                for (int j = 0; j < W && d + j < size; j++) store(to + (d + j) * NR + v * W, r[j]);
            }
        }
        const float *value = call->value + key * call->value_stride + (g->head + head) * size;
        float *values = g->values + (head * call->keys + key) * g->value_pad;
        for (long j = 0; j < count; j++) {
            for (long d = 0; d < size; d += W) store(values + j * g->value_pad + d, load_n(value + j * call->value_stride + d, size - d));
        }
    }
}

/// The state of QUERIES queries of one head.
typedef struct {
    float query[QUERIES][MAX_HEAD];
    float output[QUERIES][MAX_HEAD];
    float scores[MR][KEY_TILE];
    float maximum[QUERIES], sum[QUERIES];
} attention_state;

/// Scores of MR queries against `keys` keys from `panel` on, into `scores`.
static void attention_scores(const float *query, const float *panel, long size, long keys, float *scores) {
    for (long j = 0; j < keys; j += NR, panel += size * NR) {
        vf sum[MR][NV];
#pragma clang loop unroll(full)
        for (int i = 0; i < MR; i++)
#pragma clang loop unroll(full)
            for (int v = 0; v < NV; v++) sum[i][v] = splat(0);
        micro(size, query, MAX_HEAD, panel, NR, sum);
#pragma clang loop unroll(full)
        for (int i = 0; i < MR; i++)
#pragma clang loop unroll(full)
            for (int v = 0; v < NV; v++) store(scores + i * KEY_TILE + j + v * W, sum[i][v]);
    }
}

/// One row of scores to probabilities over `keys` keys; returns what the earlier output shrinks by.
INLINE float attention_softmax(float *scores, long keys, float *maximum, float *sum) {
    vf top = splat(NO_SCORE);
    for (long j = 0; j < keys; j += W) top = max_v(top, load(scores + j));
    float before = *maximum, now = max_of(top);
    now = now > before ? now : before;
    vf total = splat(0);
    for (long j = 0; j < keys; j += W) {
        vf p = exp2_v(load(scores + j) - now);
        total += p;
        store(scores + j, p);
    }
    float shrink = exp2_v(splat(before - now))[0];
    *maximum = now;
    *sum = *sum * shrink + sum_v(total);
    return shrink;
}

/// output [MR][value_pad] = output · shrink + P [MR][keys] · values [keys][value_pad].
static void attention_output(const float *p, const float *values, long keys, long value_pad, const float *shrink, float *output) {
    long d = 0;
    for (; d + NR <= value_pad; d += NR) {
        vf sum[MR][NV];
#pragma clang loop unroll(full)
        for (int i = 0; i < MR; i++)
#pragma clang loop unroll(full)
            for (int v = 0; v < NV; v++) sum[i][v] = load(output + i * MAX_HEAD + d + v * W) * shrink[i];
        micro(keys, p, KEY_TILE, values + d, value_pad, sum);
#pragma clang loop unroll(full)
        for (int i = 0; i < MR; i++)
#pragma clang loop unroll(full)
            for (int v = 0; v < NV; v++) store(output + i * MAX_HEAD + d + v * W, sum[i][v]);
    }
    for (; d < value_pad; d += W) {
        vf sum[MR][1];
#pragma clang loop unroll(full)
        for (int i = 0; i < MR; i++) sum[i][0] = load(output + i * MAX_HEAD + d) * shrink[i];
        micro_1(keys, p, KEY_TILE, values + d, value_pad, sum);
#pragma clang loop unroll(full)
        for (int i = 0; i < MR; i++) store(output + i * MAX_HEAD + d, sum[i][0]);
    }
}

/// Bias and mask on the scores of MR queries from `row` on, keys from `key` on; whole vectors end with no score.
static void attention_adjust(const ck_attention_call *call, long head, long row, long key, long keys, float *scores) {
    long padded = (keys + W - 1) / W * W;
    for (long i = 0; i < MR; i++, scores += KEY_TILE) {
        if (call->bias && row + i < call->rows) {
            // Column j − i + rows − 1 of this head's bias.
            const float *bias = call->bias + head * call->bias_stride + key - (row + i) + call->rows - 1;
            for (long j = 0; j < keys; j += W) store(scores + j, load(scores + j) + LOG2E * load_n(bias + j, keys - j));
        }
        long seen = keys;
        if (call->causal) {
            long last = row + i + call->keys - call->rows - key + 1;
            seen = last < 0 ? 0 : last < keys ? last : keys;
        }
        for (long j = seen; j < padded; j++) scores[j] = -__builtin_inff();
    }
}

static void attention_task(void *argument, long begin, long end, int thread) {
    const attention_t *g = argument;
    const ck_attention_call *call = g->call;
    long size = call->head_size, shared = call->heads / call->key_value_heads;
    attention_state *state = ck_scratch(g->context, thread, THREAD_X, sizeof(attention_state));
    for (long task = begin; task < end; task++) {
        // The longest rows of a causal mask first, so that the threads end together.
        long head = task / g->query_blocks, block = g->query_blocks - 1 - task % g->query_blocks;
        long row = block * QUERIES, rows = call->rows - row < QUERIES ? call->rows - row : QUERIES;
        const float *keys = g->keys + head / shared * g->panels * size * NR;
        const float *values = g->values + head / shared * call->keys * g->value_pad;
        long query_head = g->head * shared + head;
        float scale = call->scale * LOG2E;
        long row_blocks = (rows + MR - 1) / MR;
        for (long i = 0; i < row_blocks * MR; i++) {
            const float *query = call->query + (row + i) * call->query_stride + query_head * size;
            for (long d = 0; d < size; d += W) store(state->query[i] + d, i < rows ? load_n(query + d, size - d) * scale : splat(0));
            for (long d = 0; d < g->value_pad; d += W) store(state->output[i] + d, splat(0));
            state->maximum[i] = NO_SCORE;
            state->sum[i] = 0;
        }
        long visible = call->causal ? row + rows + call->keys - call->rows : call->keys;
        for (long key = 0; key < visible; key += KEY_TILE) {
            long tile = visible - key < KEY_TILE ? visible - key : KEY_TILE;
            long padded = (tile + W - 1) / W * W;
            for (long i = 0; i < row_blocks * MR; i += MR) {
                float shrink[MR], *scores = state->scores[0];
                attention_scores(state->query[i], keys + key / NR * size * NR, size, tile, scores);
                bool crossed = call->causal && key + tile > row + i + call->keys - call->rows + 1;
                if (call->bias || crossed || padded != tile) attention_adjust(call, query_head, row + i, key, tile, scores);
                for (int r = 0; r < MR; r++) shrink[r] = attention_softmax(scores + r * KEY_TILE, padded, &state->maximum[i + r], &state->sum[i + r]);
                attention_output(scores, values + key * g->value_pad, tile, g->value_pad, shrink, state->output[i]);
            }
        }
        for (long i = 0; i < rows; i++) {
            float *output = call->output + (row + i) * call->output_stride + query_head * size;
            // A query that sees no key at all has no sum: its output is zero.
            float inverse = state->sum[i] != 0 ? 1 / state->sum[i] : 0;
            for (long d = 0; d < size; d += W) store_n(output + d, load(state->output[i] + d) * inverse, size - d);
        }
    }
}

static void attention(ck_context *context, const ck_attention_call *call) {
    if (call->rows <= 0 || call->heads <= 0) return;
    attention_t g = {.context = context, .call = call};
    g.panels = (call->keys + NR - 1) / NR;
    g.value_pad = (call->head_size + W - 1) / W * W;
    g.query_blocks = (call->rows + QUERIES - 1) / QUERIES;
    long key_bytes = g.panels * call->head_size * NR * 4, value_bytes = call->keys * g.value_pad * 4;
    // As many heads at a time as fit a bounded scratch, yet enough tasks for all threads.
    long shared = call->heads / call->key_value_heads, group = (64 << 20) / (key_bytes + value_bytes + 1);
    if (group * shared * g.query_blocks < 2 * context->threads) group = 1 + 2 * context->threads / (shared * g.query_blocks);
    group = group < 1 ? 1 : group > call->key_value_heads ? call->key_value_heads : group;
    g.keys = ck_shared(context, SHARED_KEYS, (size_t)(group * key_bytes) + 64);
    g.values = ck_shared(context, SHARED_VALUES, (size_t)(group * value_bytes) + 64);
    for (g.head = 0; g.head < call->key_value_heads; g.head += group) {
        long heads = call->key_value_heads - g.head < group ? call->key_value_heads - g.head : group;
        ck_pool_run(context->pool, heads * g.panels, 4, attention_pack, &g);
        ck_pool_run(context->pool, heads * shared * g.query_blocks, 1, attention_task, &g);
    }
}
