// Softmax attention of one sequence over one key head, as FusedInferAttentionScore computes it.
#pragma once

#include "view.h"

typedef struct {
    int64_t rows, keys, width;  // of one head
    const float *query;         // [rows, width]
    const float *key, *value;   // [keys, width]
    float *output;              // [rows, width]
    float scale;
    /// Written with the additive part of a row's scores and, where masked[j], which keys it must not see.
    void (*row)(const void *context, int64_t row, float *bias, bool *masked);
    const void *context;
    bool zero_fully_masked, uniform;
    int64_t parts;              // of the keys, each with a softmax of its own, whose weights are rounded to `type`; 1: one softmax over all
    aclDataType type;
    float *log_sum;             // [rows] or NULL
} attention_head;

void attend(const attention_head *head);
