// Weights of convolutions as kernels/convolution.h reads them, made once at load.

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

static bool is_thin(long out) { return out <= CK_THIN_OUTPUTS; }

/// How a 3 × 3 kernel falls together along one axis for parity `phase`: which of the two taps takes tap `tap`.
static long merged(long phase, long tap) { return phase == 0 ? (tap + 1) / 2 : tap / 2; }

long ck_convolution_phases(long out, long kernel, long stride, long upsampling, const long padding[4]) {
    bool same = padding[0] == 1 && padding[1] == 1 && padding[2] == 1 && padding[3] == 1;
    return kernel == 3 && stride == 1 && upsampling == 2 && same && !is_thin(out) ? 4 : 1;
}

static bool packs_bf16(const ck_context *context, ck_type type) { return context->bf16 && type == CK_BF16; }

static long one_count(const ck_context *context, ck_type type, long out, long in, long taps) {
    if (is_thin(out)) return CK_THIN_OUTPUTS * taps * ((in + W - 1) / W * W);
    long steps = packs_bf16(context, type) ? (taps * in + 1) / 2 : taps * in, width = context->table->panel;
    return (steps + KC - 1) / KC * ((out + width - 1) / width) * KC * width;
}

long ck_convolution_packed_count(const ck_context *context, ck_type type, long out, long in, long kernel, long phases) {
    return phases * one_count(context, type, out, in, phases == 1 ? kernel * kernel : 4);
}

/// One kernel, given as f32 `[taps][in]` of output `o`.
static void pack_output(const ck_context *context, bool bf16, const float *row, long o, long out, long in, long taps, float *packed) {
    if (is_thin(out)) {
        long padded = (in + W - 1) / W * W;
        for (long tap = 0; tap < taps; tap++) memcpy(packed + (o * taps + tap) * padded, row + tap * in, (size_t)in * 4);
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
    ck_weight weight;
    long out, in, kernel, phases;
    float *packed, *rows; // a row for each thread
} pack_t;

static void pack_outputs(void *argument, long begin, long end, int thread) {
    const pack_t *g = argument;
    long taps = g->kernel * g->kernel, phase_taps = g->phases == 1 ? taps : 4, count = one_count(g->context, g->weight.type, g->out, g->in, phase_taps);
    float *row = g->rows + thread * (taps > 4 ? taps : 4) * g->in;
    for (long o = begin; o < end; o++) {
        for (long phase = 0; phase < g->phases; phase++) {
            memset(row, 0, (size_t)(phase_taps * g->in) * 4);
            for (long c = 0; c < g->in; c++) {
                for (long tap = 0; tap < taps; tap++) {
                    long to = g->phases == 1 ? tap : merged(phase >> 1, tap / 3) * 2 + merged(phase & 1, tap % 3);
                    row[to * g->in + c] += element(g->weight, (o * g->in + c) * taps + tap);
                }
            }
            pack_output(g->context, packs_bf16(g->context, g->weight.type), row, o, g->out, g->in, phase_taps, g->packed + phase * count);
        }
    }
}

void ck_convolution_pack(ck_context *context, ck_weight weight, long out, long in, long kernel, long phases, float *packed) {
    memset(packed, 0, (size_t)ck_convolution_packed_count(context, weight.type, out, in, kernel, phases) * 4);
    size_t bytes = (size_t)(context->threads * (kernel * kernel + 4) * in) * 4;
    float *rows = ck_require(malloc(bytes), bytes, "the packing of a convolution");
    pack_t pack = {context, weight, out, in, kernel, phases, packed, rows};
    ck_pool_run(context->pool, out, 1, pack_outputs, &pack);
    free(rows);
}
