#include "attention.h"
#include "gemm.h"
#include "numbers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROWS = 64 };
// What the device adds for a masked key: finite, so that a fully masked row is a mean and no NaN.
static const float MASKED = -1e30f;

/// Softmax of scores in place; returns log(sum(exp)).
static float softmax(float *scores, int64_t keys) {
    float largest = -INFINITY;
    for (int64_t j = 0; j < keys; j++) largest = scores[j] > largest || isnan(scores[j]) ? scores[j] : largest;
    double sum = 0;
    for (int64_t j = 0; j < keys; j++) sum += scores[j] = expf(scores[j] - largest);
    float inverse = (float)(1 / sum);
    for (int64_t j = 0; j < keys; j++) scores[j] *= inverse;
    return largest + (float)log(sum);
}

static float rounded(float x, aclDataType type) { return type == ACL_BF16 ? bf16_to_float(float_to_bf16(x)) : f16_to_float(float_to_f16(x)); }

/// One row from the softmax of each part of its keys; returns log(sum(exp)).
static float attend_in_parts(const attention_head *h, const float *scores, float *output) {
    float largest = -INFINITY, total = 0, *part = scratch(h->width);
    memset(output, 0, (size_t)h->width * sizeof(float));
    for (int64_t number = 0; number < h->parts; number++) {
        int64_t from = h->keys * number / h->parts, to = h->keys * (number + 1) / h->parts;
        float own = -INFINITY, sum = 0;
        for (int64_t j = from; j < to; j++) own = scores[j] > own ? scores[j] : own;
        memset(part, 0, (size_t)h->width * sizeof(float));
        for (int64_t j = from; j < to; j++) {
            float weight = expf(scores[j] - own);
            sum += weight;
            weight = rounded(weight, h->type);
            for (int64_t d = 0; d < h->width; d++) part[d] += weight * h->value[j * h->width + d];
        }
        float next = own > largest ? own : largest, before = expf(largest - next), here = expf(own - next);
        for (int64_t d = 0; d < h->width; d++) output[d] = output[d] * before + part[d] * here;
        total = total * before + sum * here;
        largest = next;
    }
    for (int64_t d = 0; d < h->width; d++) output[d] /= total;
    free(part);
    return largest + logf(total);
}

void attend(const attention_head *h) {
    int64_t keys = h->keys, width = h->width;
    float *scores = scratch(BLOCK_ROWS * keys);
    float *bias = scratch(keys);
    bool *masked = malloc((size_t)keys + 1);
    for (int64_t first = 0; first < h->rows; first += BLOCK_ROWS) {
        int64_t rows = h->rows - first < BLOCK_ROWS ? h->rows - first : BLOCK_ROWS;
        gemm(rows, keys, width, h->query + first * width, (matrix){h->key, 1, width}, scores);
        for (int64_t i = 0; i < rows; i++) {
            float *row = scores + i * keys;
            memset(bias, 0, (size_t)keys * sizeof(float));
            memset(masked, 0, (size_t)keys);
            h->row(h->context, first + i, bias, masked);
            int64_t visible = 0;
            for (int64_t j = 0; j < keys; j++) {
                row[j] = h->uniform ? 0 : masked[j] ? MASKED : row[j] * h->scale + bias[j];
                visible += !masked[j];
            }
            float log_sum = h->parts > 1 ? attend_in_parts(h, row, h->output + (first + i) * width) : softmax(row, keys);
            if (visible == 0 && h->zero_fully_masked) memset(row, 0, (size_t)keys * sizeof(float));
            if (h->log_sum) h->log_sum[first + i] = visible ? log_sum : INFINITY;
        }
        if (h->parts == 1) gemm(rows, width, keys, scores, (matrix){h->value, width, 1}, h->output + first * width);
    }
    free(scores);
    free(bias);
    free(masked);
}
