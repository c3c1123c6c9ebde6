// Which method serves a convolution, and weights as kernels/convolution.h reads them, made once at load.

#include "constants.h"
#include "context.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>

static float element(ck_weight weight, long index) {
    const char *p = weight.data;
    uint32_t bits;
    float value;
    if (weight.type == CK_F32) {
        memcpy(&value, p + index * 4, 4);
        return value;
    }
    uint16_t half;
    memcpy(&half, p + index * 2, 2);
    if (weight.type == CK_BF16) {
        bits = (uint32_t)half << 16;
        memcpy(&value, &bits, 4);
        return value;
    }
    uint32_t magnitude = (uint32_t)(half & 0x7fff) << 13;
    memcpy(&value, &magnitude, 4);
    value *= 0x1p112f; // the exponent's bias; exact, for subnormals too
    memcpy(&bits, &value, 4);
    if (value >= 65536) bits |= 0x7f800000;
    bits |= (uint32_t)(half & 0x8000) << 16;
    memcpy(&value, &bits, 4);
    return value;
}

/// As bf16, to nearest even; a NaN stays one.
static uint32_t rounded(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    if (value != value) return bits >> 16 | 0x40;
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

static bool packs_bf16(const ck_context *context, ck_type type) { return context->bf16 && type == CK_BF16; }

ck_convolution_method ck_convolution_method_of(const ck_context *context, ck_type type, long out, long kernel, long stride, long upsampling, const long padding[4]) {
    if (out <= CK_THIN_OUTPUTS) return CK_THIN;
    bool same = padding[0] == 1 && padding[1] == 1 && padding[2] == 1 && padding[3] == 1;
    if (kernel != 3 || stride != 1 || upsampling > 2 || !same) return CK_DIRECT;
    return context->table->tiles && packs_bf16(context, type) && upsampling == 1 ? CK_TILED : CK_WINOGRAD;
}

/// Steps of one tap of a tiled convolution: pairs of channels in whole registers.
static long tap_steps(long in) { return (in + 2 * W - 1) / (2 * W) * W; }

long ck_convolution_packed_count(const ck_context *context, ck_convolution_method method, ck_type type, long out, long in, long kernel) {
    long depth = kernel * kernel * in, width = context->table->panel;
    switch (method) {
    case CK_WINOGRAD: return 0;
    case CK_THIN: return CK_THIN_OUTPUTS * kernel * kernel * ((in + W - 1) / W * W);
    case CK_TILED: return (out + width - 1) / width * kernel * kernel * tap_steps(in) * width;
    case CK_DIRECT: break;
    }
    long steps = packs_bf16(context, type) ? (depth + 1) / 2 : depth;
    return (steps + KC - 1) / KC * ((out + width - 1) / width) * KC * width;
}

/// One kernel, given as f32 `[taps][in]` of output `o`.
static void pack_output(const ck_context *context, ck_convolution_method method, bool bf16, const float *row, long o, long out, long in, long taps, float *packed) {
    if (method == CK_THIN) {
        long padded = (in + W - 1) / W * W;
        for (long tap = 0; tap < taps; tap++) memcpy(packed + (o * taps + tap) * padded, row + tap * in, (size_t)in * 4);
        return;
    }
    if (method == CK_TILED) {
        // [panel of NR outputs][tap][step][NR].
        long width = context->table->panel, steps = tap_steps(in);
        float *to = packed + o / width * taps * steps * width + o % width;
        for (long tap = 0; tap < taps; tap++, row += in, to += steps * width) {
            for (long c = 0; c < in; c += 2) {
                uint32_t pair = rounded(row[c]) | (c + 1 < in ? rounded(row[c + 1]) << 16 : 0);
                memcpy(to + c / 2 * width, &pair, 4);
            }
        }
        return;
    }
    // [k-block of KC steps][panel of NR outputs][KC][NR]; NR, 16 or 32, is the table's.
    long width = context->table->panel, panels = (out + width - 1) / width, depth = taps * in;
    for (long k = 0; k < depth; k += bf16 ? 2 : 1) {
        long step = bf16 ? k / 2 : k;
        float *to = packed + ((step / KC * panels + o / width) * KC + step % KC) * width + o % width;
        if (bf16) {
            uint32_t pair = rounded(row[k]) | (k + 1 < depth ? rounded(row[k + 1]) << 16 : 0);
            memcpy(to, &pair, 4);
        } else {
            *to = row[k];
        }
    }
}

typedef struct {
    const ck_context *context;
    ck_convolution_method method;
    ck_weight weight;
    long out, in, taps;
    float *packed, *rows; // a row for each thread
} pack_t;

static void pack_outputs(void *argument, long begin, long end, int thread) {
    const pack_t *g = argument;
    float *row = g->rows + thread * g->taps * g->in;
    for (long o = begin; o < end; o++) {
        for (long c = 0; c < g->in; c++) {
            for (long tap = 0; tap < g->taps; tap++) row[tap * g->in + c] = element(g->weight, (o * g->in + c) * g->taps + tap);
        }
        pack_output(g->context, g->method, packs_bf16(g->context, g->weight.type), row, o, g->out, g->in, g->taps, g->packed);
    }
}

void ck_convolution_pack(ck_context *context, ck_convolution_method method, ck_weight weight, long out, long in, long kernel, float *packed) {
    long floats = ck_convolution_packed_count(context, method, weight.type, out, in, kernel), taps = kernel * kernel;
    if (!floats) return;
    memset(packed, 0, (size_t)floats * 4);
    size_t bytes = (size_t)(context->threads * taps * in) * 4;
    float *rows = ck_require(malloc(bytes), bytes, "the packing of a convolution");
    pack_t pack = {context, method, weight, out, in, taps, packed, rows};
    ck_pool_run(context->pool, out, 1, pack_outputs, &pack);
    free(rows);
}
