// Norms of rows and of heads: a row is read twice or three times, the second time from the first-level cache.

typedef struct {
    const float *x;
    long x_stride, columns;
    const float *weight, *bias;
    float epsilon, offset; // the weight counts as offset + weight
    bool add;
    long heads;
    float *y;
    long y_stride;
} norm_t;

INLINE float sum_of_squares(const float *x, long n, float mean) {
    vf a = 0, b = 0;
    long j = 0;
    for (; j + 2 * W <= n; j += 2 * W) {
        vf p = load(x + j) - mean, q = load(x + j + W) - mean;
        a += p * p;
        b += q * q;
    }
    for (; j + W <= n; j += W) {
        vf p = load(x + j) - mean;
        a += p * p;
    }
    float sum = sum_v(a + b);
    for (; j < n; j++) sum += (x[j] - mean) * (x[j] - mean);
    return sum;
}

INLINE float sum_of(const float *x, long n) {
    vf a = 0, b = 0;
    long j = 0;
    for (; j + 2 * W <= n; j += 2 * W) {
        a += load(x + j);
        b += load(x + j + W);
    }
    if (j + W <= n) {
        a += load(x + j);
        j += W;
    }
    float sum = sum_v(a + b);
    for (; j < n; j++) sum += x[j];
    return sum;
}

static void rms_norm_rows(void *argument, long begin, long end, int thread) {
    (void)thread;
    const norm_t *g = argument;
    for (long row = begin; row < end; row++) {
        const float *x = g->x + row * g->x_stride;
        float *y = g->y + row * g->y_stride;
        float scale = 1 / __builtin_sqrtf(sum_of_squares(x, g->columns, 0) / (float)g->columns + g->epsilon);
        for (long j = 0; j < g->columns; j += W) {
            long n = g->columns - j;
            vf r = load_n(x + j, n) * scale * load_n(g->weight + j, n);
            if (g->add) r += load_n(y + j, n);
            store_n(y + j, r, n);
        }
    }
}

INLINE void normalize(const float *x, long n, float epsilon, const float *weight, float offset, const float *bias, float *y) {
    float mean = sum_of(x, n) / (float)n;
    float scale = 1 / __builtin_sqrtf(sum_of_squares(x, n, mean) / (float)n + epsilon);
    for (long j = 0; j < n; j += W) {
        vf r = (load_n(x + j, n - j) - mean) * scale;
        if (weight) r *= offset + load_n(weight + j, n - j);
        if (bias) r += load_n(bias + j, n - j);
        store_n(y + j, r, n - j);
    }
}

static void layer_norm_rows(void *argument, long begin, long end, int thread) {
    (void)thread;
    const norm_t *g = argument;
    for (long row = begin; row < end; row++) {
        normalize(g->x + row * g->x_stride, g->columns, g->epsilon, g->weight, g->offset, g->bias, g->y + row * g->y_stride);
    }
}

static void head_layer_norm_rows(void *argument, long begin, long end, int thread) {
    (void)thread;
    const norm_t *g = argument;
    for (long row = begin; row < end; row++) {
        float *y = g->y + row * g->y_stride;
        for (long head = 0; head < g->heads; head++, y += g->columns) normalize(y, g->columns, g->epsilon, NULL, 0, NULL, y);
    }
}

/// Rows for some 64 KB, so that small calls stay on the caller's thread.
INLINE long row_grain(long columns) { return 1 + (16 << 10) / (columns + 1); }

static void rms_norm(ck_context *context, const float *x, long x_stride, long rows, long columns, ck_weight weight, float epsilon, bool add, float *y, long y_stride) {
    norm_t g = {.x = x, .x_stride = x_stride, .columns = columns, .epsilon = epsilon, .add = add, .y = y, .y_stride = y_stride};
    g.weight = vector_f32(context, SHARED_WEIGHT, weight, columns);
    ck_pool_run(context->pool, rows, row_grain(columns), rms_norm_rows, &g);
}

static void layer_norm(ck_context *context, const float *x, long x_stride, long rows, long columns, ck_weight weight, ck_weight bias, bool modulate, float epsilon, float *y, long y_stride) {
    norm_t g = {.x = x, .x_stride = x_stride, .columns = columns, .epsilon = epsilon, .offset = modulate ? 1 : 0, .y = y, .y_stride = y_stride};
    g.weight = vector_f32(context, SHARED_WEIGHT, weight, columns);
    g.bias = vector_f32(context, SHARED_BIAS, bias, columns);
    ck_pool_run(context->pool, rows, row_grain(columns), layer_norm_rows, &g);
}

static void head_layer_norm(ck_context *context, float *x, long x_stride, long rows, long heads, long head_size, float epsilon) {
    norm_t g = {.columns = head_size, .epsilon = epsilon, .heads = heads, .y = x, .y_stride = x_stride};
    ck_pool_run(context->pool, rows, row_grain(heads * head_size), head_layer_norm_rows, &g);
}
