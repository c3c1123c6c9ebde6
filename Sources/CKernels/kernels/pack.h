// Rows of x as a product reads them: steps of 4 bytes, one f32 or a pair of bf16.
#pragma once
#include "pairs.h"

/// One row of a block: `steps` steps, of which `left` elements exist, in vectors `stride` floats apart.
INLINE void pack_row(bool bf16, const float *x, long left, long steps, float *a, long stride) {
#if CK_HAS_BF16
    if (bf16) {
        long s = 0;
        for (; s + W <= steps && left >= 2 * W; s += W, x += 2 * W, left -= 2 * W, a += stride) store(a, pair_bf16(load(x), load(x + W)));
        for (; s < steps; s += W, x += 2 * W, left -= 2 * W, a += stride) {
            vf low = left > 0 ? load_n(x, left) : splat(0), high = left > W ? load_n(x + W, left - W) : splat(0);
            store(a, pair_bf16(low, high));
        }
        return;
    }
#endif
    (void)bf16, (void)left, (void)stride;
    memcpy(a, x, (size_t)steps * 4);
}

/// A row of a block that is not there: KC steps of zeros.
INLINE void pack_nothing(float *a, long stride) {
    for (long s = 0; s < KC; s += W, a += stride) store(a, splat(0));
}
