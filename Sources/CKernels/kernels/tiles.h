// Products by AMX, where the processor has it: registers of 16 rows × 64 bytes, and one instruction that multiplies two of them.
//
//   sums [16][16] f32    +=  A [16 rows][16 pairs of bf16]  ·  B [16 pairs][16 columns]
//   sums [16][16] int32  +=  A [16 rows][16 fours of int8]  ·  B [16 fours][16 columns], unsigned
//
// A and B lie as products pack them: a step is 4 bytes, A register by register or row by row, B step by step. A block is 2 × 2 registers of
// sums, 32 × 32.
// The instruction takes subnormals as zero and rounds to nearest, in an order that depends on K alone. A thread that computes so
// opens the registers first and closes them when its task is done: what is open must be saved whenever the thread is interrupted.
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18.
#pragma once
#include "vector.h"

/// Rows and columns of a register of sums, and steps of one multiplication.
enum { TILE_ROWS = 16 };

#if CK_HAS_TILES
/// Rows of a block, and what its steps are a multiple of.
enum { BF16_ROWS = 2 * TILE_ROWS, BF16_STEPS = TILE_ROWS };
_Static_assert(NV == 2, "a block is 32 columns");

/// What the processor reads: of each register, how many rows of how many bytes.
typedef struct {
    uint8_t palette, start, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_shape;

/// All eight as large as they can be.
INLINE tile_shape tile_shapes(void) {
    tile_shape shape = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        shape.row_bytes[i] = 64;
        shape.rows[i] = TILE_ROWS;
    }
    return shape;
}

INLINE void tiles_open(void) {
    tile_shape shape = tile_shapes();
    _tile_loadconfig(&shape);
}

INLINE void tiles_close(void) { _tile_release(); }

/// A block's sums `[32][stride]` to registers, or zeros.
INLINE void tiles_begin(const float *sums, long stride, bool first) {
    long rows = TILE_ROWS * stride;
    if (first) {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    } else {
        _tile_loadd(0, sums, stride * 4);
        _tile_loadd(1, sums + W, stride * 4);
        _tile_loadd(2, sums + rows, stride * 4);
        _tile_loadd(3, sums + rows + W, stride * 4);
    }
}

/// Adds A · B for 32 rows of A, `a_stride` apart and every BF16_STEPS steps `a_ahead` further, and 32 columns of B, its steps `b_stride` apart.
/// `steps` is a multiple of BF16_STEPS; strides count floats.
INLINE void tiles_add(bool int8, long steps, const float *a, long a_stride, long a_ahead, const float *b, long b_stride) {
    for (long p = 0; p < steps; p += BF16_STEPS, a += a_ahead, b += BF16_STEPS * b_stride) {
        _tile_loadd(4, a, a_stride * 4);
        _tile_loadd(6, b, b_stride * 4);
        _tile_loadd(7, b + W, b_stride * 4);
        _tile_loadd(5, a + TILE_ROWS * a_stride, a_stride * 4);
        if (int8) {
            _tile_dpbsud(0, 4, 6);
            _tile_dpbsud(1, 4, 7);
            _tile_dpbsud(2, 5, 6);
            _tile_dpbsud(3, 5, 7);
        } else {
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
    }
}

/// The sums from registers to `[32][stride]`.
INLINE void tiles_end(float *sums, long stride) {
    long rows = TILE_ROWS * stride;
    _tile_stored(0, sums, stride * 4);
    _tile_stored(1, sums + W, stride * 4);
    _tile_stored(2, sums + rows, stride * 4);
    _tile_stored(3, sums + rows + W, stride * 4);
}

/// All of it: `sums` = (or, unless `first`, +=) A · B.
INLINE void tiles_multiply(bool int8, long steps, const float *a, long a_stride, long a_ahead, const float *b, long b_stride, float *sums, long sums_stride, bool first) {
    tiles_begin(sums, sums_stride, first);
    tiles_add(int8, steps, a, a_stride, a_ahead, b, b_stride);
    tiles_end(sums, sums_stride);
}
#else
enum { BF16_ROWS = MR, BF16_STEPS = 1 };
INLINE void tiles_open(void) {}
INLINE void tiles_close(void) {}
#endif

/// A row of a block of KC steps: from one to the next, and from one of its vectors to the next. With AMX a block is one register behind the
/// other, which the first-level cache takes faster than rows that are far apart.
typedef struct {
    long row, vector;
} block_strides;
INLINE block_strides strides_of(bool tiles) { return CK_HAS_TILES && tiles ? (block_strides){W, BF16_ROWS * W} : (block_strides){KC, W}; }

/// Rows of a block of a product; `tiles`: of what AMX multiplies, where there is AMX.
INLINE long block_rows(bool tiles) { return tiles ? BF16_ROWS : MR; }
/// Steps of a row of `count` elements.
INLINE long row_steps(bool bf16, long count) { return bf16 ? (count + 2 * BF16_STEPS - 1) / (2 * BF16_STEPS) * BF16_STEPS : count; }
