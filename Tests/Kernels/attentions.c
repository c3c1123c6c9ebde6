// Attention of many queries, of few, and over pages, against a softmax in double.
#include "cases.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/// One query of one head over the keys it sees, as plain as can be.
typedef struct {
    long size, seen;
    double scale, operand_error;
    double query[64], keys[700][64], values[700][64], bias[700];
} query_t;

static void expect_attended(const query_t *q, const float *output) {
    static double scores[700];
    double top = -INFINITY, sum = 0, error = 0;
    for (long j = 0; j < q->seen; j++) {
        double score = q->bias[j], size = fabs(score);
        for (long d = 0; d < q->size; d++) {
            double term = q->scale * q->query[d] * q->keys[j][d];
            score += term;
            size += fabs(term);
        }
        scores[j] = score;
        top = fmax(top, score);
        // Both operands are rounded; the sum of the head's products is as a product's.
        error = fmax(error, (2 * q->operand_error + (double)(q->size + 8) * STEP) * size);
    }
    for (long j = 0; j < q->seen; j++) sum += scores[j] = exp(scores[j] - top);
    for (long d = 0; d < q->size; d++) {
        double truth = 0, size = 0;
        for (long j = 0; j < q->seen; j++) {
            double term = scores[j] / sum * q->values[j][d];
            truth += term;
            size += fabs(term);
        }
        // A score's error is its probability's relative one, above and below the fraction; then probabilities and values are rounded.
        expect_near(output[d], truth, (2 * error + 2 * q->operand_error + (double)(q->seen + 16) * STEP) * size);
    }
}

static void attention(const kernels_t *k, long rows, long keys, long heads, long kv_heads, long size, bool causal, bool biased) {
    ck_attention_call call = {.rows = rows, .keys = keys, .heads = heads, .key_value_heads = kv_heads, .head_size = size, .scale = 0.3f, .causal = causal};
    call.query_stride = heads * size + 2;
    call.key_stride = call.value_stride = kv_heads * size + 1;
    call.output_stride = heads * size;
    call.bias_stride = rows + keys - 1;
    call.query = drawn(rows * call.query_stride);
    call.key = drawn(keys * call.key_stride);
    call.value = drawn(keys * call.value_stride);
    if (biased) call.bias = drawn(heads * call.bias_stride);
    at("%s, attention of %ld rows, %ld keys, %ld / %ld heads of %ld%s%s", ck_name(k->contexts[0]), rows, keys, heads, kv_heads, size, causal ? ", causal" : "", biased ? ", bias" : "");
    size_t bytes = (size_t)(rows * call.output_stride) * 4;
    float *y[CONTEXTS];
    for (int i = 0; i < CONTEXTS; i++) {
        call.output = y[i] = block(bytes);
        ck_attention(k->contexts[i], &call);
    }
    expect_same(y[0], y[1], bytes, "other bits on more threads");
    query_t *q = block(sizeof *q);
    q->size = size;
    q->scale = call.scale;
    q->operand_error = k->bf16 ? BF16_ERROR : 0;
    for (long h = 0; h < heads; h++) {
        long kv = h / (heads / kv_heads);
        for (long j = 0; j < keys; j++) {
            for (long d = 0; d < size; d++) {
                q->keys[j][d] = call.key[j * call.key_stride + kv * size + d];
                q->values[j][d] = call.value[j * call.value_stride + kv * size + d];
            }
        }
        for (long r = 0; r < rows; r++) {
            q->seen = causal ? keys - rows + r + 1 : keys;
            for (long d = 0; d < size; d++) q->query[d] = call.query[r * call.query_stride + h * size + d];
            for (long j = 0; j < keys; j++) q->bias[j] = biased ? call.bias[h * call.bias_stride + j - r + rows - 1] : 0;
            expect_attended(q, y[0] + r * call.output_stride + h * size);
        }
    }
    release();
}

/// Sequences in shuffled pages of one pool, together and each alone.
static void paged(const kernels_t *k, ck_type type, long heads, long kv_heads, long size) {
    enum { SEQUENCES = 3, PAGE_ROWS = 16, PAGES = 20 };
    static const int32_t lengths[SEQUENCES] = {1, 300, 37};
    ck_paged_attention_call call = {.sequences = SEQUENCES, .heads = heads, .key_value_heads = kv_heads, .head_size = size, .page_rows = PAGE_ROWS, .scale = 0.3f};
    call.query_stride = call.output_stride = heads * size;
    call.cache_stride = kv_heads * size;
    call.query = drawn(SEQUENCES * call.query_stride);
    call.keys = drawn_weight(type, SEQUENCES * PAGES * PAGE_ROWS * call.cache_stride);
    call.values = drawn_weight(type, SEQUENCES * PAGES * PAGE_ROWS * call.cache_stride);
    int32_t *pages = block(SEQUENCES * PAGES * 4);
    for (int i = 0; i < SEQUENCES * PAGES; i++) pages[i] = i * 7 % (SEQUENCES * PAGES);
    call.pages = pages;
    call.pages_stride = PAGES;
    call.lengths = lengths;
    at("%s, paged attention, %ld / %ld heads of %ld, cache %d", ck_name(k->contexts[0]), heads, kv_heads, size, type);
    size_t row_bytes = (size_t)call.output_stride * 4;
    float *y[CONTEXTS];
    for (int i = 0; i < CONTEXTS; i++) {
        call.output = y[i] = block(SEQUENCES * row_bytes);
        ck_paged_attention(k->contexts[i], &call);
    }
    expect_same(y[0], y[1], SEQUENCES * row_bytes, "other bits on more threads");
    query_t *q = block(sizeof *q);
    memset(q->bias, 0, sizeof q->bias);
    q->size = size;
    q->scale = call.scale;
    q->operand_error = 0; // the cache's type is exact, and queries stay f32
    for (long s = 0; s < SEQUENCES; s++) {
        ck_paged_attention_call alone = call;
        alone.sequences = 1;
        alone.query += s * call.query_stride;
        alone.pages += s * PAGES;
        alone.lengths += s;
        alone.output = block(row_bytes);
        ck_paged_attention(k->contexts[0], &alone);
        expect_same(alone.output, y[0] + s * call.output_stride, row_bytes, "a sequence alone has other bits");
        q->seen = lengths[s];
        for (long h = 0; h < heads; h++) {
            for (long j = 0; j < q->seen; j++) {
                long row = pages[s * PAGES + j / PAGE_ROWS] * PAGE_ROWS + j % PAGE_ROWS, from = row * call.cache_stride + h / (heads / kv_heads) * size;
                for (long d = 0; d < size; d++) {
                    q->keys[j][d] = element(call.keys, from + d);
                    q->values[j][d] = element(call.values, from + d);
                }
            }
            for (long d = 0; d < size; d++) q->query[d] = call.query[s * call.query_stride + h * size + d];
            expect_attended(q, y[0] + s * call.output_stride + h * size);
        }
    }
    release();
}

void attentions(const kernels_t *k) {
    for (int variant = 0; variant < 4; variant++) {
        bool causal = variant & 1, biased = variant & 2;
        attention(k, 70, 85, 4, 2, 40, causal, biased);
        attention(k, 37, 37, 1, 1, 64, causal, biased);
        attention(k, 3, 290, 4, 2, 24, causal, biased);
    }
    // Keys beyond one tile, for many queries.
    attention(k, 34, 300, 1, 1, 16, true, false);
    for (int type = CK_F32; type <= CK_BF16; type++) {
        paged(k, (ck_type)type, 5, 1, 40);
        paged(k, (ck_type)type, 4, 2, 64);
    }
}
