// 3 × 3 convolutions of stride 1 with a quarter of the products: Winograd's minimal filtering F(4 × 4, 3 × 3).
//
//   Y = Aᵀ [ Σ over channels of (G g Gᵀ) ⊙ (Bᵀ d B) ] A
//
// g is a 3 × 3 kernel, d a tile of 6 × 6 pixels, Y the 4 × 4 outputs in its middle: 36 products for 144. Each of the 36
// positions is a product of its own, tiles × channels × outputs. Source: Lavin and Gray, arXiv 1509.09308, with the points
// 0, ±1, ±3/2, ∞ in place of 0, ±1, ±2, ∞: the error is a third smaller, and the constants are still exact.
//
// Of an image enlarged twice a tile's pixels are a b b c c d along either axis. At the point −1 that is nought whatever they
// are, so 25 positions are left, 25 products for 144.
//
// A task is a strip of tiles. For each k-block it transforms the tiles straight from the image into packed A of every
// position, multiplies, and at the end transforms the sums back into outputs. The weight is transformed for each call, as
// other products pack theirs: a copy would take four times the weight in f32.
//
// Products are f32 whatever the precision: the transforms make the rounding of bf16 operands 24 times larger, and at twice the
// rate the direct method's 144 would still take twice the time of these 36. AMX multiplies bf16 at twenty times the rate
// (convolution_tiles.h), which the 25 of an enlarged image still match.
#pragma once
#include "gemm.h"

enum { TILE = 4, POINTS = 6, VANISHING = 2 };
/// Measured: with two blocks of tiles, k-blocks of 64 channels and 128 outputs at a time, what a task transforms and sums (331 KB
/// with blocks of 6, 663 KB with 12) stays in the second-level caches of processors that have such vectors.
enum { TASK_TILES = MR < 6 ? 12 : 2 * MR, TILE_STEPS = 64, GROUP_PANELS = 128 / NR };
/// Floats between positions, so that those of one tile don't meet in one set of the first-level cache.
enum { SKEW = W };

typedef struct {
    ck_context *context;
    const ck_convolution_call *call;
    finish_t finish;
    bool enlarged;
    long positions;
    long across, tiles; // of the output
    long k_blocks;
    long panel, panels; // of the group of outputs at hand
    float *weight;      // [k-block][position][panel][TILE_STEPS][NR]
    const float *zeros; // a pixel outside the image
} winograd_t;

/// Where the product of points `i` and `j` lies, or −1 where it vanishes.
INLINE long winograd_position(bool enlarged, long i, long j) {
    if (!enlarged) return i * POINTS + j;
    if (i == VANISHING || j == VANISHING) return -1;
    return (i - (i > VANISHING)) * (POINTS - 1) + j - (j > VANISHING);
}

/// Bᵀ, by columns of 6; t may be d.
INLINE void winograd_input(const vf d[POINTS], vf t[POINTS]) {
    vf even = d[4] - 2.25f * d[2], odd = d[3] - 2.25f * d[1], a = d[4] - d[2], b = d[3] - d[1];
    t[0] = 2.25f * d[0] - 3.25f * d[2] + d[4];
    t[5] = 2.25f * d[1] - 3.25f * d[3] + d[5];
    t[1] = even + odd;
    t[2] = even - odd;
    t[3] = a + 1.5f * b;
    t[4] = a - 1.5f * b;
}

/// G, by columns of 3.
INLINE void winograd_kernel(const vf g[3], vf t[POINTS]) {
    vf even = g[0] + g[2], far = g[0] + 2.25f * g[2];
    t[0] = (1 / 2.25f) * g[0];
    t[1] = -0.4f * (even + g[1]);
    t[2] = -0.4f * (even - g[1]);
    t[3] = (1 / 5.625f) * (far + 1.5f * g[1]);
    t[4] = (1 / 5.625f) * (far - 1.5f * g[1]);
    t[5] = g[2];
}

/// Aᵀ, by columns of 6.
INLINE void winograd_output(const vf m[POINTS], vf y[TILE]) {
    vf a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
    y[0] = m[0] + a + c;
    y[1] = b + 1.5f * d;
    y[2] = a + 2.25f * c;
    y[3] = b + 3.375f * d + m[5];
}

/// What lies outside an image.
static const float *zero_pixel(ck_context *context, long channels) {
    size_t bytes = (size_t)(channels + W) * 4;
    return memset(ck_shared(context, SHARED_A, bytes), 0, bytes);
}

/// The transformed weight of 16 outputs, `block` in the group, and all inputs.
static void winograd_weights(void *argument, long begin, long end, int thread) {
    (void)thread;
    const winograd_t *g = argument;
    const ck_convolution_call *call = g->call;
    long step = g->panels * TILE_STEPS * NR, bytes = type_bytes(call->weight.type);
    for (long block = begin; block < end; block++) {
        long output = g->panel * NR + block * W;
        for (long k = 0; k < call->in; k += W) {
            long inputs = call->in - k < W ? call->in - k : W;
            float taps[9 * W][W]; // of each input, the 16 outputs' values at each tap
            for (long e = 0; e < 9 * inputs; e += W) {
                vf r[W];
                for (long o = 0; o < W; o++) {
                    long row = output + o < call->out ? output + o : call->out - 1;
                    r[o] = load_weight_n((const char *)call->weight.data + (row * call->in + k) * 9 * bytes, call->weight.type, e, 9 * inputs - e);
                }
                transpose16(r);
                for (long o = 0; o < W; o++) store(taps[e + o], r[o]);
            }
            for (long i = 0; i < inputs; i++) {
                float *to = g->weight + k / TILE_STEPS * g->positions * step + block * W / NR * TILE_STEPS * NR + (k + i) % TILE_STEPS * NR + block * W % NR;
                vf columns[3][POINTS];
#pragma clang loop unroll(full)
                for (long x = 0; x < 3; x++) {
                    vf column[3] = {load(taps[9 * i + x]), load(taps[9 * i + 3 + x]), load(taps[9 * i + 6 + x])};
                    winograd_kernel(column, columns[x]);
                }
#pragma clang loop unroll(full)
                for (long y = 0; y < POINTS; y++) {
                    vf row[3] = {columns[0][y], columns[1][y], columns[2][y]}, out[POINTS];
                    winograd_kernel(row, out);
                    for (long x = 0; x < POINTS; x++) {
                        long position = winograd_position(g->enlarged, y, x);
                        if (position >= 0) store(to + position * step, out[x]);
                    }
                }
            }
        }
    }
}

/// A tile's channels `k ..< k + count`, transformed, to its row of each position's packed A, `stride` apart.
INLINE void winograd_tile(const winograd_t *g, bool enlarged, long tile, long k, long count, float *a, long stride) {
    const ck_convolution_call *call = g->call;
    long top = tile / g->across * TILE - call->top, left = tile % g->across * TILE - call->left, up = enlarged ? 2 : 1;
    long ahead = TILE / up * call->in; // to the same pixel of the tile on the right, which comes next
    const float *pixels[POINTS][POINTS];
    for (long y = 0; y < POINTS; y++) {
        for (long x = 0; x < POINTS; x++) {
            bool inside = top + y >= 0 && top + y < call->height * up && left + x >= 0 && left + x < call->width * up;
            pixels[y][x] = inside ? call->x + ((top + y) / up * call->width + (left + x) / up) * call->in + k : g->zeros;
        }
    }
    for (long c = 0; c < count; c += W) {
        vf rows[POINTS][POINTS];
#pragma clang loop unroll(full)
        for (long y = 0; y < POINTS; y++) {
            vf d[POINTS];
#pragma clang loop unroll(full)
            for (long x = 0; x < POINTS; x++) {
                d[x] = load_n(pixels[y][x] + c, count - c);
                if (x >= POINTS - TILE && pixels[y][x] != g->zeros) __builtin_prefetch(pixels[y][x] + c + ahead);
            }
            winograd_input(d, rows[y]);
        }
#pragma clang loop unroll(full)
        for (long x = 0; x < POINTS; x++) {
            vf d[POINTS], t[POINTS];
#pragma clang loop unroll(full)
            for (long y = 0; y < POINTS; y++) d[y] = rows[y][x];
            winograd_input(d, t);
#pragma clang loop unroll(full)
            for (long y = 0; y < POINTS; y++) {
                long position = winograd_position(enlarged, y, x);
                if (position >= 0) store(a + position * stride + c, t[y]);
            }
        }
    }
}

/// The outputs of a tile in one panel from its sums, each position's `stride` apart.
INLINE void winograd_finish(const winograd_t *g, bool enlarged, const float *sums, long stride, long tile, long panel) {
    const ck_convolution_call *call = g->call;
    float pixels[TILE][TILE][NR];
#pragma clang loop unroll(full)
    for (long v = 0; v < NV; v++) {
        vf rows[POINTS][TILE];
#pragma clang loop unroll(full)
        for (long y = 0; y < POINTS; y++) {
            vf m[POINTS];
#pragma clang loop unroll(full)
            for (long x = 0; x < POINTS; x++) {
                long position = winograd_position(enlarged, y, x);
                m[x] = position < 0 ? splat(0) : load(sums + position * stride + v * W);
            }
            winograd_output(m, rows[y]);
        }
#pragma clang loop unroll(full)
        for (long x = 0; x < TILE; x++) {
            vf m[POINTS], y4[TILE];
#pragma clang loop unroll(full)
            for (long y = 0; y < POINTS; y++) m[y] = rows[y][x];
            winograd_output(m, y4);
#pragma clang loop unroll(full)
            for (long y = 0; y < TILE; y++) store(&pixels[y][x][v * W], y4[y]);
        }
    }
    long column = (g->panel + panel) * NR, columns = call->out - column < NR ? call->out - column : NR;
    long top = tile / g->across * TILE, left = tile % g->across * TILE;
    long height = call->out_height - top < TILE ? call->out_height - top : TILE, width = call->out_width - left < TILE ? call->out_width - left : TILE;
    for (long y = 0; y < height; y++) {
        finish(&g->finish, pixels[y][0], NR, width, column, columns, call->y + ((top + y) * call->out_width + left) * call->out + column, call->out);
    }
}

static void winograd_block(long steps, const float *a, const float *b, float *sums, bool first) { multiply_block(false, steps, a, TILE_STEPS, b, sums, first); }

static void winograd_task(void *argument, long begin, long end, int thread) {
    const winograd_t *g = argument;
    long a_stride = TASK_TILES * TILE_STEPS + SKEW, sums_stride = g->panels * TASK_TILES * NR + SKEW;
    float *a = ck_scratch(g->context, thread, THREAD_A, (size_t)(g->positions * a_stride) * 4);
    float *sums = ck_scratch(g->context, thread, THREAD_SUMS, (size_t)(g->positions * sums_stride) * 4);
    for (long task = begin; task < end; task++) {
        long first = task * TASK_TILES, tiles = g->tiles - first < TASK_TILES ? g->tiles - first : TASK_TILES, blocks = (tiles + MR - 1) / MR;
        for (long kb = 0; kb < g->k_blocks; kb++) {
            long k = kb * TILE_STEPS, steps = g->call->in - k < TILE_STEPS ? g->call->in - k : TILE_STEPS;
            for (long i = 0; i < tiles; i++) {
                if (g->enlarged) winograd_tile(g, true, first + i, k, steps, a + i * TILE_STEPS, a_stride);
                else winograd_tile(g, false, first + i, k, steps, a + i * TILE_STEPS, a_stride);
            }
            for (long position = 0; position < g->positions; position++) {
                for (long i = tiles; i < blocks * MR; i++) memset(a + position * a_stride + i * TILE_STEPS, 0, TILE_STEPS * 4);
                for (long panel = 0; panel < g->panels; panel++) {
                    const float *b = g->weight + ((kb * g->positions + position) * g->panels + panel) * TILE_STEPS * NR;
                    for (long block = 0; block < blocks; block++) {
                        winograd_block(steps, a + position * a_stride + block * MR * TILE_STEPS, b, sums + position * sums_stride + (panel * TASK_TILES + block * MR) * NR, kb == 0);
                    }
                }
            }
        }
        for (long i = 0; i < tiles; i++) {
            for (long panel = 0; panel < g->panels; panel++) {
                const float *from = sums + (panel * TASK_TILES + i) * NR;
                if (g->enlarged) winograd_finish(g, true, from, sums_stride, first + i, panel);
                else winograd_finish(g, false, from, sums_stride, first + i, panel);
            }
        }
    }
}

static void winograd(ck_context *context, const ck_convolution_call *call) {
    winograd_t g = {.context = context, .call = call, .enlarged = call->upsampling == 2};
    g.finish = make_finish(context, &call->epilogue, call->bias, call->out);
    g.positions = g.enlarged ? (POINTS - 1) * (POINTS - 1) : POINTS * POINTS;
    g.across = (call->out_width + TILE - 1) / TILE;
    g.tiles = (call->out_height + TILE - 1) / TILE * g.across;
    g.k_blocks = (call->in + TILE_STEPS - 1) / TILE_STEPS;
    g.zeros = zero_pixel(context, call->in);
    long panels = (call->out + NR - 1) / NR;
    for (g.panel = 0; g.panel < panels; g.panel += g.panels) {
        g.panels = panels - g.panel < GROUP_PANELS ? panels - g.panel : GROUP_PANELS;
        g.weight = ck_shared(context, SHARED_WEIGHT, (size_t)(g.k_blocks * g.positions * g.panels) * TILE_STEPS * NR * 4);
        ck_pool_run(context->pool, g.panels * NV, 1, winograd_weights, &g);
        ck_pool_run(context->pool, (g.tiles + TASK_TILES - 1) / TASK_TILES, 1, winograd_task, &g);
    }
}
