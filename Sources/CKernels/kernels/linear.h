// Which product serves a call: few rows stream the weights, many rows pack them.
#pragma once
#include "blas.h"
#include "dot.h"
#include "dot_bf16.h"
#include "dot_int8.h"
#include "dot_tiles.h"
#include "gemm.h"
#include "gemm_int8.h"

static void linear(ck_context *context, const ck_linear_call *call) {
    if (call->rows <= 0 || call->out <= 0) return;
    if (call->rows <= DOT_MAX_ROWS) {
        if (call->weight.type == CK_I8) return dot_int8(context, call);
#if CK_HAS_TILES
        if (multiplies_bf16(context, call)) return dot_tiles(context, call);
#elif CK_HAS_BF16
        if (multiplies_bf16(context, call)) return dot_bf16(context, call);
#endif
        dot(context, call);
    } else if (multiplies_int8(context, call)) gemm_int8(context, call);
    else if (context->sgemm) blas(context, call);
    else gemm(context, call);
}
