// y = x · Wᵀ for many rows with both sides in int8: W as the checkpoint stores it, each row of x rounded by a scale of its own. Packed as in
// gemm.h; a step is four elements of K, which one instruction multiplies and adds to a sum in int32.
//
// x86's instruction takes one side unsigned. That is W + 128, one bit of each byte: Σ (w + 128) · x − 128 · Σ x is the sum that was meant.
// Arm's takes both signed. Sums are exact, so a row's values depend on nothing but the row: not on other rows, on threads, nor on whether the processor
// has the instruction or the same is computed without.
#pragma once
#include "finish.h"
#include "gemm.h"

/// What is added to each weight, and its pattern for four of them.
#if defined(__aarch64__)
enum { INT8_BIAS = 0 };
static const uint32_t INT8_FLIP = 0;
#else
enum { INT8_BIAS = 128 };
static const uint32_t INT8_FLIP = 0x80808080;
#endif
/// The longest rows whose sums an int32 holds: 255 · 127 · 66311 is more.
enum { INT8_DEPTH = 66310 };

static bool multiplies_int8(const ck_context *context, const ck_linear_call *call) {
    return context->int8 && call->weight.type == CK_I8 && call->in <= INT8_DEPTH;
}

/// What a row of x is apart from its int8: times `scale`, and `offset` too large in every sum.
typedef struct {
    float scale;
    int32_t offset;
} int8_row;

/// Rounds a row of x to nearest, ties to even, with its largest magnitude at 127. Blocks of KC steps go to `a`, `stride` floats apart,
/// zero behind `in` up to whole vectors, with AMX whole registers. A row with a NaN or an infinity has a scale that makes its results so.
static int8_row int8_quantize(const float *x, long in, float *a, long stride) {
#pragma clang fp contract(off)
    vu largest = 0;
    for (long k = 0; k < in; k += W) {
        vu magnitude = as_vu(load_n(x + k, in - k)) & 0x7fffffff;
        largest = magnitude > largest ? magnitude : largest;
    }
    uint32_t top = 0;
    for (int i = 0; i < W; i++) top = largest[i] > top ? largest[i] : top;
    float magnitude = __builtin_bit_cast(float, top);
    // What is smaller counts as zero: its inverse may be infinite.
    float inverse = magnitude > 1e-30f ? 127 / magnitude : 0;
    vi sum = 0;
    for (long k = 0; k < in; k += W) {
        // Where units are 1, so that a sum is rounded to them: the lowest byte is the number.
        vu bits = as_vu(load_n(x + k, in - k) * inverse + 12582912.0f);
        sum += (vi)(bits << 24) >> 24;
        *(vb_any *)((char *)(a + k / (4 * KC) * stride) + k % (4 * KC)) = __builtin_convertvector(bits, vb);
    }
    for (long k = (in + W - 1) / W * W; k % (4 * BF16_STEPS); k += W) *(vb_any *)((char *)(a + k / (4 * KC) * stride) + k % (4 * KC)) = 0;
    int32_t total = 0;
    for (int i = 0; i < W; i++) total += sum[i];
    return (int8_row){magnitude / 127, INT8_BIAS * total};
}

/// Columns `column ..< column + NR` of W + INT8_BIAS, steps `step ..< step + steps`, transposed to `[step][NR]`.
static void int8_pack_b(const ck_linear_call *call, long column, long step, long steps, float *b) {
    for (int v = 0; v < NV; v++) {
        for (long s = 0; s < steps; s += W) {
            vf r[W];
            long k = (step + s) * 4, left = call->in - k;
            for (int j = 0; j < W; j++) {
                long n = column + v * W + j;
                const char *w = (const char *)call->weight.data + n * call->in + k;
                vu bytes = 0;
                if (n < call->out) {
                    if (left >= 4 * W) bytes = load_u(w);
                    else if (left > 0) memcpy(&bytes, w, (size_t)left);
                }
                r[j] = as_vf(bytes ^ INT8_FLIP);
            }
            transpose16(r);
            for (int j = 0; j < W; j++) store(b + (s + j) * NR + v * W, r[j]);
        }
    }
}

#define MICRO_INT8(NAME, DOT)                                                                                           \
    static void NAME(long steps, const float *a, const float *b, float *sums, bool first) {                             \
        vi sum[MR][NV];                                                                                                 \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < MR; i++)                                                 \
            _Pragma("clang loop unroll(full)") for (int v = 0; v < NV; v++) sum[i][v] = 0;                              \
        for (long p = 0; p < steps; p++, b += NR) {                                                                     \
            vi row[NV];                                                                                                 \
            _Pragma("clang loop unroll(full)") for (int v = 0; v < NV; v++) row[v] = (vi)load_u(b + v * W);             \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < MR; i++) {                                           \
                vi x = (vi)as_vu(splat(a[i * KC + p]));                                                                 \
                _Pragma("clang loop unroll(full)") for (int v = 0; v < NV; v++) sum[i][v] = DOT(sum[i][v], row[v], x);  \
            }                                                                                                           \
            __builtin_prefetch(a + MR * KC + p * MR);                                                                   \
        }                                                                                                               \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < MR; i++)                                                 \
            _Pragma("clang loop unroll(full)") for (int v = 0; v < NV; v++) {                                           \
            float *to = sums + i * NR + v * W;                                                                          \
            store_u(to, (vu)(first ? sum[i][v] : (vi)load_u(to) + sum[i][v]));                                          \
        }                                                                                                               \
    }

/// What the instruction does: four bytes of `w`, unsigned where they have a bias, times four signed ones of `x`, added to each lane.
INLINE vi int8_dot(vi sum, vi w, vi x) {
#pragma clang loop unroll(full)
    for (int byte = 0; byte < 4; byte++) sum += (INT8_BIAS ? w >> 8 * byte & 0xff : w << (24 - 8 * byte) >> 24) * (x << (24 - 8 * byte) >> 24);
    return sum;
}

/// One block of sums from (or added to) `sums [MR][NR]`, int32.
MICRO_INT8(int8_block, int8_dot)
#if CK_HAS_AVX512
#define INT8_DOT(SUM, WEIGHTS, X) (vi)_mm512_dpbusd_epi32((__m512i)(SUM), (__m512i)(WEIGHTS), (__m512i)(X))
#if CK_HAS_TILES
/// Rows of a block where the instruction multiplies.
enum { INT8_ROWS = BF16_ROWS };
static void int8_block_native(long steps, const float *a, const float *b, float *sums, bool first) { tiles_multiply(true, steps, a, KC, b, NR, sums, NR, first); }
#else
__attribute__((target(CK_TARGET ",avx512vnni"))) MICRO_INT8(int8_block_native, INT8_DOT)
#endif
#undef INT8_DOT
#elif defined(CK_TARGET_DOT)
__attribute__((target(CK_TARGET_DOT), always_inline)) static inline vi int8_sdot(vi sum, vi w, vi x) {
#define QUARTER(Q) sum.Q = (__typeof__(sum.Q))vdotq_s32((int32x4_t)sum.Q, (int8x16_t)w.Q, (int8x16_t)x.Q)
    QUARTER(lo.lo);
    QUARTER(lo.hi);
    QUARTER(hi.lo);
    QUARTER(hi.hi);
#undef QUARTER
    return sum;
}
__attribute__((target(CK_TARGET_DOT))) MICRO_INT8(int8_block_native, int8_sdot)
#endif
#undef MICRO_INT8
#if !CK_HAS_TILES
enum { INT8_ROWS = MR };
#endif

typedef void int8_block_body(long steps, const float *a, const float *b, float *sums, bool first);

typedef struct {
    ck_context *context;
    const ck_linear_call *call;
    finish_t finish;
    int8_block_body *multiply;
    long height;              // rows of a block
    float *a;
    int8_row *packed;         // of each row in packed A
    long row, rows, blocks;   // the rows in packed A
    long steps, k_blocks;     // of one row
    long panels, task_panels; // of all columns
} gemm_int8_t;

static void int8_pack_a(void *argument, long begin, long end, int thread) {
    (void)thread;
    const gemm_int8_t *g = argument;
    const ck_linear_call *call = g->call;
    long stride = g->blocks * g->height * KC;
    for (long row = begin * g->height; row < end * g->height; row++) {
        float *a = g->a + row * KC;
        if (row < g->rows) {
            g->packed[row] = int8_quantize(call->x + (g->row + row) * call->x_stride, call->in, a, stride);
        } else {
            for (long kb = 0; kb < g->k_blocks; kb++) memset(a + kb * stride, 0, KC * 4);
        }
    }
}

/// What was meant by `rows` rows of sums, as floats in their place.
static void int8_scale(const int8_row *packed, long rows, float *sums) {
    for (long i = 0; i < rows; i++, sums += NR)
        for (int v = 0; v < NV; v++) {
            vi sum = (vi)load_u(sums + v * W) - packed[i].offset;
            store(sums + v * W, __builtin_convertvector(sum, vf) * packed[i].scale);
        }
}

static void int8_task_of_panels(void *argument, long begin, long end, int thread) {
    const gemm_int8_t *g = argument;
    const ck_linear_call *call = g->call;
    float *b = ck_scratch(g->context, thread, THREAD_B, KC * NR * 4);
    float *all_sums = ck_scratch(g->context, thread, THREAD_SUMS, (size_t)(g->task_panels * g->blocks * g->height) * NR * 4);
    long height = g->height;
    tiles_open();
    for (long task = begin; task < end; task++) {
        long first_panel = task * g->task_panels;
        long last_panel = first_panel + g->task_panels < g->panels ? first_panel + g->task_panels : g->panels;
        for (long kb = 0; kb < g->k_blocks; kb++) {
            long step = kb * KC, steps = g->steps - step < KC ? g->steps - step : KC;
            const float *a = g->a + kb * g->blocks * height * KC;
            for (long panel = first_panel; panel < last_panel; panel++) {
                long column = panel * NR, columns = call->out - column < NR ? call->out - column : NR;
                int8_pack_b(call, column, step, steps, b);
                float *sums = all_sums + (panel - first_panel) * g->blocks * height * NR;
                for (long block = 0; block < g->blocks; block++, sums += height * NR) {
                    g->multiply(steps, a + block * height * KC, b, sums, kb == 0);
                    if (kb + 1 < g->k_blocks) continue;
                    long row = block * height, rows = g->rows - row < height ? g->rows - row : height;
                    int8_scale(g->packed + row, rows, sums);
                    finish(&g->finish, sums, NR, rows, column, columns, call->y + (g->row + row) * call->y_stride + column, call->y_stride);
                }
            }
        }
    }
    tiles_close();
}

static void gemm_int8(ck_context *context, const ck_linear_call *call) {
    gemm_int8_t g = {.context = context, .call = call, .multiply = int8_block, .height = MR};
#if CK_HAS_AVX512 || defined(CK_TARGET_DOT)
    if (context->native_int8) {
        g.multiply = int8_block_native;
        g.height = INT8_ROWS;
    }
#endif
    g.finish = make_finish(context, &call->epilogue, call->bias, call->out);
    g.finish.scale = call->scales;
    g.steps = (call->in + 4 * BF16_STEPS - 1) / (4 * BF16_STEPS) * BF16_STEPS;
    g.k_blocks = (g.steps + KC - 1) / KC;
    g.panels = (call->out + NR - 1) / NR;
    // As gemm does.
    g.task_panels = g.panels / (4 * context->threads);
    g.task_panels = g.task_panels < 1 ? 1 : g.task_panels > TASK_PANELS ? TASK_PANELS : g.task_panels;
    long all_blocks = (call->rows + g.height - 1) / g.height;
    long parts = (all_blocks * g.height + PACKED_ROWS - 1) / PACKED_ROWS;
    long part = (all_blocks + parts - 1) / parts;
    g.a = ck_shared(context, SHARED_A, (size_t)(part * g.k_blocks * g.height) * KC * 4);
    g.packed = ck_shared(context, SHARED_ROWS, (size_t)(part * g.height) * sizeof(int8_row));
    for (long block = 0; block < all_blocks; block += part) {
        g.row = block * g.height;
        g.rows = call->rows - g.row < part * g.height ? call->rows - g.row : part * g.height;
        g.blocks = (g.rows + g.height - 1) / g.height;
        ck_pool_run(context->pool, g.blocks, 1 + 8192 / (call->in + 1), int8_pack_a, &g);
        ck_pool_run(context->pool, (g.panels + g.task_panels - 1) / g.task_panels, 1, int8_task_of_panels, &g);
    }
}
