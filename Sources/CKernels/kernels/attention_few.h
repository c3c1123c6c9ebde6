// Attention of few queries over many keys, as when one token is decoded: the keys are split among the threads.
//
//   one task   KEY_TILE keys of one key-value head: pack them into this thread's cache, and all queries that read this head
//              (rows · shared heads) take their scores, probabilities and part of the output from there
//   at the end the parts are joined, each weighed by its own maximum
//
// Operands stay f32 in every precision: the keys' bytes are what takes time. How keys are split depends on their number
// alone, so a request's values do not depend on the threads.
#pragma once
#include "attention.h"

enum { FEW = 32 };
MICRO(micro_few, FEW_ROWS, NV, false)
MICRO(micro_few_1, FEW_ROWS, 1, false)

typedef struct {
    attention_t packing; // one head and one tile at a time
    long queries;        // rows · shared
    long tiles;
    float *parts; // [key-value head][tile][query][maximum, sum, 14 unused, output in whole vectors]
    long part_stride;
} attention_few_t;

enum { PART_HEAD = W };

#define FEW_LOOP(I, N) _Pragma("clang loop unroll(full)") for (int I = 0; I < N; I++)

/// The softmax of a tile of up to FEW_ROWS queries, and its maximum and sum at the beginning of each one's part.
static void attention_part(float *scores, long queries, long keys, float *part, long part_stride) {
    float maximum[FEW_ROWS] = {NO_SCORE, NO_SCORE, NO_SCORE, NO_SCORE}, sum[FEW_ROWS] = {0}, shrink[FEW_ROWS];
    attention_softmax(false, scores, queries, keys, maximum, sum, shrink);
    for (long i = 0; i < queries; i++) {
        part[i * part_stride] = maximum[i];
        part[i * part_stride + 1] = sum[i];
    }
}

/// Bias and mask of one query's scores for keys `key ..< key + keys`.
static void attention_few_adjust(const ck_attention_call *call, long head, long row, long key, long keys, float *scores) {
    if (call->bias) {
        const float *bias = call->bias + head * call->bias_stride + key - row + call->rows - 1;
        for (long j = 0; j < keys; j++) scores[j] += LOG2E * bias[j];
    }
    long seen = call->causal ? row + call->keys - call->rows - key + 1 : keys;
    for (long j = seen < 0 ? 0 : seen < keys ? seen : keys; j < (keys + NR - 1) / NR * NR; j++) scores[j] = -__builtin_inff();
}

static void attention_few_tile(const attention_few_t *f, long kv_head, long tile, float *packed, attention_state *state) {
    const attention_t *g = &f->packing;
    const ck_attention_call *call = g->call;
    long size = call->head_size, shared = call->heads / call->key_value_heads;
    long key = tile * KEY_TILE, keys = call->keys - key < KEY_TILE ? call->keys - key : KEY_TILE, padded = (keys + NR - 1) / NR * NR;
    float *values = packed + KEY_TILE * size;
    attention_t one = *g;
    one.head = kv_head;
    for (long panel = 0; panel * NR < keys; panel++) {
        attention_pack_panel(&one, 0, key / NR + panel, packed + panel * NR * size, panel * NR, values);
    }
    for (long q = 0; q < f->queries; q += FEW_ROWS) {
        for (long j = 0; j < padded; j += NR) {
            vf sum[FEW_ROWS][NV];
            FEW_LOOP(i, FEW_ROWS) FEW_LOOP(v, NV) sum[i][v] = splat(0);
            micro_few(size, state->query + q * state->stride, state->stride, packed + j * size, NR, sum);
            FEW_LOOP(i, FEW_ROWS) FEW_LOOP(v, NV) store(&state->scores[i][j + v * W], sum[i][v]);
        }
        float *part = f->parts + ((kv_head * f->tiles + tile) * f->queries + q) * f->part_stride;
        long queries = f->queries - q < FEW_ROWS ? f->queries - q : FEW_ROWS;
        for (long i = 0; i < queries; i++) attention_few_adjust(call, kv_head * shared + (q + i) % shared, (q + i) / shared, key, keys, state->scores[i]);
        attention_part(state->scores[0], queries, padded, part, f->part_stride);
#define FEW_OUTPUT(V, MICRO_KERNEL)                                                                                     \
    for (; d + V * W <= g->value_pad; d += V * W) {                                                                     \
        const float *panel = value_place(g, values, 0, d);                                                              \
        vf sum[FEW_ROWS][V];                                                                                            \
        FEW_LOOP(i, FEW_ROWS) FEW_LOOP(v, V) sum[i][v] = splat(0);                                                      \
        MICRO_KERNEL(keys, state->scores[0], SCORE_STRIDE, panel, V * W, sum);                                              \
        FEW_LOOP(i, FEW_ROWS) if (i < queries) FEW_LOOP(v, V) store(part + i * f->part_stride + PART_HEAD + d + v * W, sum[i][v]); \
    }
        long d = 0;
        FEW_OUTPUT(NV, micro_few)
        FEW_OUTPUT(1, micro_few_1)
#undef FEW_OUTPUT
    }
}

static void attention_few_task(void *argument, long begin, long end, int thread) {
    const attention_few_t *f = argument;
    const attention_t *g = &f->packing;
    const ck_attention_call *call = g->call;
    long size = call->head_size, shared = call->heads / call->key_value_heads;
    attention_state *state = attention_state_of(g->context, thread, size, FEW);
    float *packed = ck_scratch(g->context, thread, THREAD_A, (size_t)KEY_TILE * (size_t)(size + g->value_pad) * 4);
    long filled = -1;
    for (long task = begin; task < end; task++) {
        long kv_head = task / f->tiles;
        if (kv_head != filled) {
            filled = kv_head;
            for (long q = 0; q < (f->queries + FEW_ROWS - 1) / FEW_ROWS * FEW_ROWS; q++) {
                const float *query = call->query + q / shared * call->query_stride + (kv_head * shared + q % shared) * size;
                for (long d = 0; d < size; d += W) store(state->query + q * state->stride + d, q < f->queries ? load_n(query + d, size - d) * (call->scale * LOG2E) : splat(0));
            }
        }
        attention_few_tile(f, kv_head, task % f->tiles, packed, state);
    }
}

/// One query's `count` parts, `step` floats apart, joined: each weighed by its own maximum.
static void attention_join(const float *first, long step, long count, long size, float *output) {
    float maximum = NO_SCORE, sum = 0;
    for (long tile = 0; tile < count; tile++) maximum = first[tile * step] > maximum ? first[tile * step] : maximum;
    for (long tile = 0; tile < count; tile++) sum += exp2_v(splat(first[tile * step] - maximum), false)[0] * first[tile * step + 1];
    float inverse = sum != 0 ? 1 / sum : 0;
    for (long d = 0; d < size; d += W) {
        vf total = splat(0);
        for (long tile = 0; tile < count; tile++) {
            const float *part = first + tile * step;
            total += exp2_v(splat(part[0] - maximum), false)[0] * load(part + PART_HEAD + d);
        }
        store_n(output + d, total * inverse, size - d);
    }
}

/// The parts of the queries `begin ..< end` (of all heads) joined.
static void attention_few_join(void *argument, long begin, long end, int thread) {
    (void)thread;
    const attention_few_t *f = argument;
    const ck_attention_call *call = f->packing.call;
    long size = call->head_size, shared = call->heads / call->key_value_heads, step = f->queries * f->part_stride;
    for (long item = begin; item < end; item++) {
        long kv_head = item / f->queries, q = item % f->queries;
        const float *first = f->parts + (kv_head * f->tiles * f->queries + q) * f->part_stride;
        attention_join(first, step, f->tiles, size, call->output + q / shared * call->output_stride + (kv_head * shared + q % shared) * size);
    }
}

static void attention_few(ck_context *context, const ck_attention_call *call) {
    attention_few_t f = {.packing = {.context = context, .call = call, .key_steps = call->head_size, .value_pad = (call->head_size + W - 1) / W * W, .value_steps = KEY_TILE}};
    f.queries = call->rows * (call->heads / call->key_value_heads);
    f.tiles = (call->keys + KEY_TILE - 1) / KEY_TILE;
    f.part_stride = PART_HEAD + f.packing.value_pad;
    f.parts = ck_shared(context, SHARED_PARTIAL, (size_t)(call->key_value_heads * f.tiles * f.queries * f.part_stride + W) * 4);
    ck_pool_run(context->pool, call->key_value_heads * f.tiles, 1, attention_few_task, &f);
    ck_pool_run(context->pool, call->key_value_heads * f.queries, 8, attention_few_join, &f);
}

static void attention(ck_context *context, const ck_attention_call *call) {
    if (call->rows <= 0 || call->heads <= 0) return;
    if (call->rows * (call->heads / call->key_value_heads) <= FEW) attention_few(context, call);
    else attention_many(context, call);
}
