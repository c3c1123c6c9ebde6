// What a product does with its sums: bias, activation, and store, add or gated add.

typedef struct {
    const float *bias; // [out], null without
    const float *gate;
    ck_output output;
    ck_activation activation;
    float *y;
    long y_stride;
} finish_t;

/// One vector of `n <= 16` sums of row `row`, columns `column ..< column + n`.
INLINE void finish_vector(const finish_t *f, ck_output output, ck_activation activation, vf sum, long row, long column, long n) {
    if (f->bias) sum += load_n(f->bias + column, n);
    sum = activate_v(activation, sum);
    float *y = f->y + row * f->y_stride + column;
    if (output == CK_ADD) sum += load_n(y, n);
    if (output == CK_ADD_GATED) sum = load_n(y, n) + load_n(f->gate + column, n) * sum;
    store_n(y, sum, n);
}

INLINE void finish_block(const finish_t *f, ck_output output, ck_activation activation, const float *sums, long stride, long row, long rows, long column, long columns) {
    for (long i = 0; i < rows; i++) {
        long j = 0;
        for (; j + W <= columns; j += W) finish_vector(f, output, activation, load(sums + i * stride + j), row + i, column + j, W);
        if (j < columns) finish_vector(f, output, activation, load(sums + i * stride + j), row + i, column + j, columns - j);
    }
}

/// A block of sums, `stride` apart and readable up to whole vectors, into y at (row, column).
static void finish(const finish_t *f, const float *sums, long stride, long row, long rows, long column, long columns) {
    if (f->output == CK_ADD) return finish_block(f, CK_ADD, CK_IDENTITY, sums, stride, row, rows, column, columns);
    if (f->output == CK_ADD_GATED) return finish_block(f, CK_ADD_GATED, CK_IDENTITY, sums, stride, row, rows, column, columns);
    switch (f->activation) {
    case CK_IDENTITY: return finish_block(f, CK_STORE, CK_IDENTITY, sums, stride, row, rows, column, columns);
    case CK_GELU: return finish_block(f, CK_STORE, CK_GELU, sums, stride, row, rows, column, columns);
    case CK_GELU_TANH: return finish_block(f, CK_STORE, CK_GELU_TANH, sums, stride, row, rows, column, columns);
    case CK_SILU: return finish_block(f, CK_STORE, CK_SILU, sums, stride, row, rows, column, columns);
    }
}

enum { SHARED_BIAS, SHARED_WEIGHT, SHARED_A, SHARED_KEYS, SHARED_VALUES, SHARED_PARTIAL };

/// A vector of a checkpoint as aligned floats in the shared slot, or null where it is absent.
static const float *vector_f32(ck_context *context, int slot, ck_weight v, long n) {
    if (!v.data) return NULL;
    if (v.type == CK_F32 && (uintptr_t)v.data % 4 == 0) return v.data;
    float *out = ck_shared(context, slot, (size_t)(n + W) * 4);
    for (long i = 0; i < n; i += W) store(out + i, load_weight_n(v.data, v.type, i, n - i));
    return out;
}

static finish_t make_finish(ck_context *context, const ck_epilogue *epilogue, ck_weight bias, long out, float *y, long y_stride) {
    return (finish_t){vector_f32(context, SHARED_BIAS, bias, out), epilogue->gate, epilogue->output, epilogue->activation, y, y_stride};
}
