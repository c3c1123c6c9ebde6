// Which product serves a call: few rows stream the weights, many rows pack them, and so does a gated product of any rows.
#pragma once
#include "blas.h"
#include "dot.h"
#include "dot_bf16.h"
#include "dot_int8.h"
#include "dot_tiles.h"
#include "dot_widened.h"
#include "gemm.h"

static void linear(ck_context *context, const ck_linear_call *call) {
    if (call->rows <= 0 || call->out <= 0) return;
    if (call->up.data) return gemm(context, call);
    bool int8 = multiplies_int8(context, call), few = call->rows <= DOT_MAX_ROWS;
#if CK_HAS_TILES
    if (few && (int8 || (call->weight.type == CK_BF16 && context->bf16))) return dot_tiles(context, call);
#elif defined(INT8_NATIVE)
    if (few && int8 && context->native_int8) return dot_int8(context, call);
#endif
    if (int8) gemm(context, call);
    else if (few && call->weight.type == CK_I8) dot_widened(context, call);
#if CK_HAS_BF16 && !CK_HAS_TILES
    else if (few && multiplies_bf16(context, call)) dot_bf16(context, call);
#endif
    else if (few) dot(context, call);
    else if (context->sgemm) blas(context, call);
    else gemm(context, call);
}
