// What the machine can do at most: products without memory, and reads without work.
#pragma once
#include "gemm.h"

/// Runs `rounds` times the innermost loop over a block that stays in the first-level cache; returns its operations. The compiler
/// knows that A is zero and keeps it in a register, so this is the rate of the multiplying units alone; with AMX, of units, loads and stores.
static double product_flops(bool bf16, long rounds) {
    _Alignas(64) static const float zeros[(BF16_ROWS > MR ? BF16_ROWS : MR) * KC], panel[KC * NR];
    _Alignas(64) float sums[(BF16_ROWS > MR ? BF16_ROWS : MR) * NR];
    tiles_open();
    for (long round = 0; round < rounds; round++) gemm_block(bf16, KC, zeros, panel, sums, true);
    tiles_close();
    __asm__ volatile("" : : "r"(sums) : "memory");
    return (double)rounds * 2 * (double)block_rows(bf16) * NR * KC * (bf16 ? 2 : 1);
}

/// The sum of a block of memory, only so that it is read.
static float read_sum(const void *memory, size_t bytes) {
    const char *p = memory;
    vf a = 0, b = 0, c = 0, d = 0;
    for (size_t i = 0; i + 256 <= bytes; i += 256) {
        a += load(p + i);
        b += load(p + i + 64);
        c += load(p + i + 128);
        d += load(p + i + 192);
        __builtin_prefetch(p + i + 4096);
        __builtin_prefetch(p + i + 4160);
        __builtin_prefetch(p + i + 4224);
        __builtin_prefetch(p + i + 4288);
    }
    return sum_v((a + b) + (c + d));
}
