// y = x · Wᵀ for few rows of x: nothing is packed, because both operands lie along K already. R rows of x meet C rows of W in
// registers, sixteen partial sums each, added up at the end. One row of x reads the weights as one stream per thread, at the
// memory's speed; more rows share each weight that is loaded.
//
// The sums of a row are taken in the same order however many rows there are, so a request's values are the same to the bit
// alone and in a batch. x stays f32; weights are widened exactly.
//
// bf16 weights are split by shift and mask into even and odd elements, so x is laid out once in groups of 32 as 16 evens
// and 16 odds.

enum { DOT_ROWS = CK_HAS_AVX512 ? 6 : 2, DOT_COLUMNS = CK_HAS_AVX512 ? 2 : 1, DOT_CHUNK = 16 };
/// From how many rows on packing pays. A batch of so many sequences still has the same values as each alone.
enum { DOT_MAX_ROWS = CK_BATCH_ROWS };
/// The longest row of x of which the first-level cache keeps a copy while the weights stream by.
enum { DOT_CACHED = 4096 };

typedef struct {
    ck_context *context;
    const ck_linear_call *call;
    finish_t finish;
    const float *x; // [rows][x_stride], zero behind `in` up to a multiple of 32
    long x_stride;
} dot_t;

/// Thirty-two weights from `k` on (`left` of them there are), in the order that x has.
INLINE void dot_weights(const char *w, ck_type type, long k, long left, vf *even, vf *odd) {
    if (type == CK_BF16) {
        vu pairs = 0;
        if (left >= 2 * W) pairs = load_u(w + k * 2);
        else memcpy(&pairs, w + k * 2, (size_t)left * 2);
        *even = as_vf(pairs << 16);
        *odd = as_vf(pairs & 0xffff0000);
    } else {
        *even = load_weight_n(w, type, k, left);
        *odd = left > W ? load_weight_n(w, type, k + W, left - W) : splat(0);
    }
}

/// `out[r][c]` of R rows of x and C rows of W; `ahead` bytes of W further will be needed soon.
INLINE void dot_tile(int R, int C, const char *w, ck_type type, long in, const float *x, long x_stride, long ahead, float *out, long out_stride) {
    vf even[DOT_ROWS][DOT_COLUMNS], odd[DOT_ROWS][DOT_COLUMNS];
    long row_bytes = in * type_bytes(type);
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++)
#pragma clang loop unroll(full)
        for (int c = 0; c < C; c++) even[r][c] = odd[r][c] = splat(0);
#define DOT_STEP(LEFT)                                                                                                  \
    vf a[DOT_COLUMNS], b[DOT_COLUMNS];                                                                                  \
    _Pragma("clang loop unroll(full)") for (int c = 0; c < C; c++) dot_weights(w + c * row_bytes, type, k, LEFT, &a[c], &b[c]); \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < R; r++) {                                                    \
        vf p = load(x + r * x_stride + k), q = load(x + r * x_stride + k + W);                                          \
        _Pragma("clang loop unroll(full)") for (int c = 0; c < C; c++) {                                                \
            even[r][c] = a[c] * p + even[r][c];                                                                         \
            odd[r][c] = b[c] * q + odd[r][c];                                                                           \
        }                                                                                                               \
    }
    long k = 0;
    for (; k + 2 * W <= in; k += 2 * W) {
#pragma clang loop unroll(full)
        for (int c = 0; c < C; c++) {
            // Into the second-level cache: measured best on memory streams, some 8 KB ahead.
            const char *next = w + c * row_bytes + k * type_bytes(type) + ahead;
            __builtin_prefetch(next, 0, 2);
            if (type == CK_F32) __builtin_prefetch(next + 64, 0, 2);
        }
        DOT_STEP(2 * W)
    }
    if (k < in) {
        DOT_STEP(in - k)
    }
#undef DOT_STEP
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++)
#pragma clang loop unroll(full)
        for (int c = 0; c < C; c++) out[r * out_stride + c] = sum_v(even[r][c] + odd[r][c]);
}

INLINE void dot_rows(int R, const dot_t *g, ck_type type, const char *w, long columns, long row, float *sums) {
    long in = g->call->in, row_bytes = in * type_bytes(type);
    const float *x = g->x + row * g->x_stride;
    long j = 0;
    // One row alone takes the weights as one stream, unless it is too long to stay in the cache: then two at a time.
    bool single = R == 1 && in <= DOT_CACHED;
    if (!single) {
        for (; j + DOT_COLUMNS <= columns; j += DOT_COLUMNS) {
            dot_tile(R, DOT_COLUMNS, w + j * row_bytes, type, in, x, g->x_stride, DOT_COLUMNS * row_bytes, sums + row * DOT_CHUNK + j, DOT_CHUNK);
        }
    }
    for (; j < columns; j++) dot_tile(R, 1, w + j * row_bytes, type, in, x, g->x_stride, single ? 8192 : row_bytes, sums + row * DOT_CHUNK + j, DOT_CHUNK);
}

INLINE void dot_chunk(const dot_t *g, ck_type type, long column, long columns, float *sums) {
    const char *w = (const char *)g->call->weight.data + column * g->call->in * type_bytes(type);
    long rows = g->call->rows, blocks = (rows + DOT_ROWS - 1) / DOT_ROWS;
    for (long block = 0; block < blocks; block++) {
        long row = rows * block / blocks, next = rows * (block + 1) / blocks;
        switch (next - row) {
        case 1: dot_rows(1, g, type, w, columns, row, sums); break;
        case 2: dot_rows(2, g, type, w, columns, row, sums); break;
#if CK_HAS_AVX512
        case 3: dot_rows(3, g, type, w, columns, row, sums); break;
        case 4: dot_rows(4, g, type, w, columns, row, sums); break;
        case 5: dot_rows(5, g, type, w, columns, row, sums); break;
        case 6: dot_rows(6, g, type, w, columns, row, sums); break;
#endif
        }
    }
}

static void dot_task(void *argument, long begin, long end, int thread) {
    (void)thread;
    const dot_t *g = argument;
    const ck_linear_call *call = g->call;
    float sums[DOT_MAX_ROWS * DOT_CHUNK];
    for (long chunk = begin; chunk < end; chunk++) {
        long column = chunk * DOT_CHUNK;
        long columns = call->out - column < DOT_CHUNK ? call->out - column : DOT_CHUNK;
        switch (call->weight.type) {
        case CK_F32: dot_chunk(g, CK_F32, column, columns, sums); break;
        case CK_BF16: dot_chunk(g, CK_BF16, column, columns, sums); break;
        case CK_F16: dot_chunk(g, CK_F16, column, columns, sums); break;
        }
        finish(&g->finish, sums, DOT_CHUNK, call->rows, column, columns, call->y + column, call->y_stride);
    }
}

/// Chunks of a task: long streams for the prefetchers, yet several tasks for each thread.
static long dot_grain(const ck_context *context, const ck_linear_call *call) {
    long chunks = (call->out + DOT_CHUNK - 1) / DOT_CHUNK, most = chunks / (4 * context->threads);
    long grain = 1 + (256 << 10) / (DOT_CHUNK * call->in * type_bytes(call->weight.type) + 1);
    return grain > most && most > 0 ? most : grain;
}

static void dot(ck_context *context, const ck_linear_call *call) {
    dot_t g = {.context = context, .call = call};
    g.finish = make_finish(context, &call->epilogue, call->bias, call->out);
    if (call->weight.type != CK_BF16 && call->in % (2 * W) == 0) {
        g.x = call->x;
        g.x_stride = call->x_stride;
    } else {
        g.x_stride = (call->in + 2 * W - 1) / (2 * W) * 2 * W;
        float *x = ck_shared(context, SHARED_A, (size_t)(call->rows * g.x_stride) * 4);
        for (long m = 0; m < call->rows; m++) {
            const float *from = call->x + m * call->x_stride;
            float *to = x + m * g.x_stride;
            for (long k = 0; k < call->in; k += 2 * W) {
                long left = call->in - k;
                vf low = load_n(from + k, left), high = left > W ? load_n(from + k + W, left - W) : splat(0);
                if (call->weight.type == CK_BF16) {
                    store(to + k, __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30));
                    store(to + k + W, __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31));
                } else {
                    store(to + k, low);
                    store(to + k + W, high);
                }
            }
        }
        g.x = x;
    }
    ck_pool_run(context->pool, (call->out + DOT_CHUNK - 1) / DOT_CHUNK, dot_grain(context, call), dot_task, &g);
}
