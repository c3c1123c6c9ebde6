// FusedInferAttentionScore: what phase 1 has found out and `run` computes from.
#pragma once

#include "check.h"

/// inputLayout.
typedef enum { BSH, BSND, BNSD, BNSD_BSND, TND } attention_layout;

enum { FULL_MASK = 0, ALL_MASK = 1, LEFT_UP = 2, RIGHT_DOWN = 3, BAND = 4, SPARSE_MASK = 2048 };

/// Inputs in the order that both phases use.
enum { QUERY, KEY, VALUE, PSE, MASK, BLOCK_TABLE, ATTENTION_INPUTS };

/// Where the rows of one tensor lie: element (b, s, n, d) at b · batch + s · row + n · head + d.
typedef struct {
    int64_t batches, rows, heads, width;
    int64_t batch, row, head;
} placement;

typedef struct {
    attention_layout layout;
    float scale;
    int64_t heads, key_heads, block_size, sparse, inner_precise;
    int64_t previous, next;     // tokens that BAND sees
    int64_t batches;
    int64_t lengths[];          // of queries, then of keys, [2 · batches]; each sequence's own also with TND
} attention_args;

/// The arguments of V2 and V3 that are not refused.
typedef struct {
    const si_operator *op;
    const aclTensor *query;
    const aclTensorList *key, *value;
    const aclTensor *pse, *mask;
    const aclIntArray *lengths, *key_lengths;
    const aclTensor *block_table;
    int64_t heads, key_heads;
    double scale;
    int64_t previous, next;
    const char *layout;
    int64_t sparse, inner_precise, block_size;
    bool lse_flag;
    const aclTensor *out, *lse;
} attention_call;

aclnnStatus plan_fused_attention(const attention_call *c, PHASE1);

/// How a tensor lies under a layout. BSH needs the number of heads, the others tell it.
placement place(const view *v, attention_layout layout, int64_t heads);
/// The same for blocks of keys, [blocks, rows, heads · width] or [blocks, heads, rows, width].
placement place_blocks(const view *v, int64_t heads);

aclError run_fused_attention(const si_run *run);
