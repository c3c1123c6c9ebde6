// y = x · Wᵀ for up to eight rows of x: each row of W is read once, one behind the other as one stream per thread, and
// multiplied with all rows of x. The weights are widened exactly; x stays f32 in every precision.
//
// bf16 weights are split by shift and mask into even and odd elements, so x is laid out once in groups of 32 as 16 evens
// and 16 odds.

enum { GEMV_ROWS = 8, GEMV_CHUNK = 16 };

typedef struct {
    ck_context *context;
    const ck_linear_call *call;
    finish_t finish;
    const float *x; // [rows][x_stride], zero behind `in` up to a multiple of 32
    long x_stride;
} gemv_t;

/// The dot products of one row of W with M rows of x.
#define GEMV_DOT(M)                                                                                                     \
    INLINE void gemv_dot_##M(const char *w, ck_type type, long in, const float *x, long x_stride, float out[M]) {       \
        vf even[M], odd[M];                                                                                             \
        _Pragma("clang loop unroll(full)") for (int m = 0; m < M; m++) even[m] = odd[m] = splat(0);                     \
        long k = 0;                                                                                                     \
        for (; k + 2 * W <= in; k += 2 * W) {                                                                           \
            vf a, b;                                                                                                    \
            if (type == CK_BF16) {                                                                                      \
                vu pairs = load_u(w + k * 2);                                                                           \
                a = as_vf(pairs << 16);                                                                                 \
                b = as_vf(pairs & 0xffff0000);                                                                          \
                __builtin_prefetch(w + k * 2 + 2048);                                                                   \
            } else {                                                                                                    \
                a = load_weight(w, type, k);                                                                            \
                b = load_weight(w, type, k + W);                                                                        \
                __builtin_prefetch(w + k * type_bytes(type) + 2048);                                                    \
                if (type == CK_F32) __builtin_prefetch(w + k * 4 + 2112);                                               \
            }                                                                                                           \
            _Pragma("clang loop unroll(full)") for (int m = 0; m < M; m++) {                                            \
                even[m] += a * load(x + m * x_stride + k);                                                              \
                odd[m] += b * load(x + m * x_stride + k + W);                                                           \
            }                                                                                                           \
        }                                                                                                               \
        if (k < in) {                                                                                                   \
            vf a, b;                                                                                                    \
            if (type == CK_BF16) {                                                                                      \
                vu pairs = 0;                                                                                           \
                memcpy(&pairs, w + k * 2, (size_t)(in - k) * 2);                                                        \
                a = as_vf(pairs << 16);                                                                                 \
                b = as_vf(pairs & 0xffff0000);                                                                          \
            } else {                                                                                                    \
                a = load_weight_n(w, type, k, in - k);                                                                  \
                b = in - k > W ? load_weight_n(w, type, k + W, in - k - W) : splat(0);                                  \
            }                                                                                                           \
            _Pragma("clang loop unroll(full)") for (int m = 0; m < M; m++) {                                            \
                even[m] += a * load(x + m * x_stride + k);                                                              \
                odd[m] += b * load(x + m * x_stride + k + W);                                                           \
            }                                                                                                           \
        }                                                                                                               \
        _Pragma("clang loop unroll(full)") for (int m = 0; m < M; m++) out[m] = sum_v(even[m] + odd[m]);                \
    }                                                                                                                   \
    static void gemv_rows_##M(const gemv_t *g, ck_type type, long begin, long end) {                                    \
        const ck_linear_call *call = g->call;                                                                           \
        long row_bytes = call->in * type_bytes(type);                                                                   \
        for (long chunk = begin; chunk < end; chunk++) {                                                                \
            long column = chunk * GEMV_CHUNK;                                                                           \
            long columns = call->out - column < GEMV_CHUNK ? call->out - column : GEMV_CHUNK;                           \
            float sums[M][GEMV_CHUNK] = {0}, dots[M];                                                                   \
            for (long j = 0; j < columns; j++) {                                                                        \
                const char *w = (const char *)call->weight.data + (column + j) * row_bytes;                             \
                switch (type) {                                                                                         \
                case CK_F32: gemv_dot_##M(w, CK_F32, call->in, g->x, g->x_stride, dots); break;                         \
                case CK_BF16: gemv_dot_##M(w, CK_BF16, call->in, g->x, g->x_stride, dots); break;                       \
                case CK_F16: gemv_dot_##M(w, CK_F16, call->in, g->x, g->x_stride, dots); break;                         \
                }                                                                                                       \
                for (int m = 0; m < M; m++) sums[m][j] = dots[m];                                                       \
            }                                                                                                           \
            finish(&g->finish, sums[0], GEMV_CHUNK, 0, M, column, columns);                                             \
        }                                                                                                               \
    }
GEMV_DOT(1)
GEMV_DOT(2)
GEMV_DOT(3)
GEMV_DOT(4)
GEMV_DOT(5)
GEMV_DOT(6)
GEMV_DOT(7)
GEMV_DOT(8)

static void gemv_task(void *argument, long begin, long end, int thread) {
    (void)thread;
    const gemv_t *g = argument;
    ck_type type = g->call->weight.type;
    switch (g->call->rows) {
    case 1: return gemv_rows_1(g, type, begin, end);
    case 2: return gemv_rows_2(g, type, begin, end);
    case 3: return gemv_rows_3(g, type, begin, end);
    case 4: return gemv_rows_4(g, type, begin, end);
    case 5: return gemv_rows_5(g, type, begin, end);
    case 6: return gemv_rows_6(g, type, begin, end);
    case 7: return gemv_rows_7(g, type, begin, end);
    case 8: return gemv_rows_8(g, type, begin, end);
    }
}

static void gemv(ck_context *context, const ck_linear_call *call) {
    gemv_t g = {.context = context, .call = call};
    g.finish = make_finish(context, &call->epilogue, call->bias, call->out, call->y, call->y_stride);
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
    long chunks = (call->out + GEMV_CHUNK - 1) / GEMV_CHUNK;
    long chunk_bytes = GEMV_CHUNK * call->in * type_bytes(call->weight.type) + 1;
    // Some 64 KB of weights at a time: less than a microsecond of waiting for the last, and long streams.
    ck_pool_run(context->pool, chunks, 1 + (64 << 10) / chunk_bytes, gemv_task, &g);
}
