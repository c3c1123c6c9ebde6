#include "context.h"

#include <string.h>

// As kernels/convolution.h reads it: [k-block of 128][panel of 32 outputs][part of NR outputs][128][NR], K in the order (tap, channel).
// NR, 16 or 32, is the table's, and so part of the layout.
enum { KC = 128, PANEL = 32 };

long ck_convolution_packed_count(long out, long in, long kernel) {
    long k_blocks = (kernel * kernel * in + KC - 1) / KC, panels = (out + PANEL - 1) / PANEL;
    return k_blocks * panels * KC * PANEL;
}

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

void ck_convolution_pack(ck_context *context, ck_weight weight, long out, long in, long kernel, float *packed) {
    memset(packed, 0, (size_t)ck_convolution_packed_count(out, in, kernel) * 4);
    long panels = (out + PANEL - 1) / PANEL, taps = kernel * kernel, width = context->table->panel;
    for (long o = 0; o < out; o++) {
        long panel = o / PANEL, part = o % PANEL / width;
        for (long c = 0; c < in; c++) {
            for (long tap = 0; tap < taps; tap++) {
                long k = tap * in + c;
                packed[((k / KC * panels + panel) * PANEL + part * width) * KC + k % KC * width + o % width] = element(weight, (o * in + c) * taps + tap);
            }
        }
    }
}
