// y = x · Wᵀ, for row counts on both sides of every tile and of the step from streaming to packing the weights.
#include "cases.h"

#include <math.h>
#include <string.h>

static const long counts[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, CK_BATCH_ROWS, 65, 130};
enum { COUNTS = sizeof counts / sizeof counts[0], MOST = 130 };

typedef struct {
    ck_linear_call call; // of MOST rows
    double *sums, *errors;
    const float *before;
} product_t;

/// The first `count` rows from `row` on, in a block of their own, the same on every thread count.
static const float *computed(const kernels_t *k, const product_t *p, long row, long count) {
    ck_linear_call call = p->call;
    size_t bytes = (size_t)(count * call.y_stride) * 4;
    float *y[CONTEXTS];
    call.rows = count;
    call.x += row * call.x_stride;
    for (int i = 0; i < CONTEXTS; i++) {
        call.y = y[i] = block(bytes);
        memcpy(y[i], p->before + row * call.y_stride, bytes);
        ck_linear(k->contexts[i], &call);
    }
    expect_same(y[0], y[1], bytes, "other bits on more threads");
    for (long r = 0; r < count; r++) {
        expect_same(y[0] + r * call.y_stride + call.out, p->before + (row + r) * call.y_stride + call.out, (size_t)(call.y_stride - call.out) * 4, "written beyond the row");
    }
    return y[0];
}

static void product(const kernels_t *k, ck_type type, ck_epilogue epilogue, long in, long out) {
    product_t p = {.call = {.x_stride = in + 3, .rows = MOST, .in = in, .out = out, .y_stride = out + 5}};
    ck_linear_call *call = &p.call;
    call->x = drawn(MOST * call->x_stride);
    call->weight = drawn_weight(type, out * in);
    if (out % 2) call->bias = drawn_weight(type, out);
    call->epilogue = epilogue;
    const float *gate = call->epilogue.gate = drawn(out);
    p.before = drawn(MOST * call->y_stride);
    p.sums = block(MOST * (size_t)out * sizeof(double));
    p.errors = block(MOST * (size_t)out * sizeof(double));
    bool narrow = k->bf16 && type == CK_BF16;
    for (long r = 0; r < MOST; r++) {
        for (long o = 0; o < out; o++) {
            double bias = element(call->bias, o), sum = bias, size = fabs(bias);
            for (long i = 0; i < in; i++) {
                float x = call->x[r * call->x_stride + i];
                double term = (narrow ? rounded_bf16(x) : x) * element(call->weight, o * in + i);
                sum += term;
                size += fabs(term);
            }
            // Every sum on the way is at most `size`, and off by a step.
            double error = (double)(in + 1) * STEP * size;
            p.sums[r * out + o] = finished(&epilogue, gate[o], p.before[r * call->y_stride + o], sum, &error);
            p.errors[r * out + o] = error;
        }
    }
    at("%s, product of %d × %ld × %ld, weight %d, epilogue %d %d", ck_name(k->contexts[0]), CK_BATCH_ROWS, in, out, type, epilogue.output, epilogue.activation);
    const float *batch = computed(k, &p, 0, CK_BATCH_ROWS);
    expect_same(computed(k, &p, CK_BATCH_ROWS - 1, 1), batch + (CK_BATCH_ROWS - 1) * call->y_stride, (size_t)out * 4, "the last row alone has other bits");
    for (int c = 0; c < COUNTS; c++) {
        long rows = counts[c];
        at("%s, product of %ld × %ld × %ld, weight %d, epilogue %d %d", ck_name(k->contexts[0]), rows, in, out, type, epilogue.output, epilogue.activation);
        const float *y = computed(k, &p, 0, rows);
        if (rows <= CK_BATCH_ROWS) expect_same(y, batch, (size_t)(rows * call->y_stride) * 4, "other bits than in a larger batch");
        for (long r = 0; r < rows; r++)
            for (long o = 0; o < out; o++) expect_near(y[r * call->y_stride + o], p.sums[r * out + o], p.errors[r * out + o]);
    }
    release();
}

/// Both halves of a gated feed-forward at once are, to the bit, the two products and then the gate. Rows as many as are packed.
static void gated_product(const kernels_t *k, ck_type type, ck_activation activation, long in, long out) {
    if (ck_uses_openblas(k->contexts[0])) return; // whose sums are in another order
    ck_linear_call call = {.x_stride = in + 3, .rows = MOST, .in = in, .out = out, .y_stride = out + 5};
    call.x = drawn(MOST * call.x_stride);
    call.weight = drawn_weight(type, out * in);
    call.up = drawn_weight(type, out * in);
    if (out % 2) call.bias = drawn_weight(CK_F32, out);
    if (type == CK_I8) {
        call.scales = drawn(out);
        call.up_scales = drawn(out);
    }
    size_t bytes = (size_t)(MOST * call.y_stride) * 4;
    const float *before = drawn(MOST * call.y_stride);
    float *halves[2] = {block(bytes), block(bytes)}, *truth = block(bytes), *y = block(bytes);
    for (int half = 0; half < 2; half++) {
        ck_linear_call product = call;
        product.up.data = NULL;
        product.y = halves[half];
        if (half) product.weight = call.up, product.scales = call.up_scales, product.bias.data = NULL;
        ck_linear(k->contexts[0], &product);
    }
    memcpy(truth, before, bytes);
    ck_gated(k->contexts[0], activation, halves[0], call.y_stride, halves[1], call.y_stride, MOST, out, truth, call.y_stride);
    call.epilogue.activation = activation;
    call.y = y;
    for (int i = 0; i < CONTEXTS; i++) {
        at("%s, gated product of %d × %ld × %ld, weight %d, activation %d", ck_name(k->contexts[i]), MOST, in, out, type, activation);
        memcpy(y, before, bytes);
        ck_linear(k->contexts[i], &call);
        expect_same(y, truth, bytes, "other bits than the two products and the gate, or written beyond a row");
    }
    release();
}

void products(const kernels_t *k) {
    static const long shapes[][2] = {{1, 1}, {31, 3}, {67, 37}, {130, 50}, {301, 33}, {1061, 19}}; // the last in several parts
    for (int s = 0; s < 6; s++) {
        for (int type = CK_F32; type <= CK_F16; type++) {
            if (s == 2) for (int e = 0; e < 6; e++) product(k, (ck_type)type, epilogues[e], shapes[s][0], shapes[s][1]);
            else product(k, (ck_type)type, epilogues[(s + type) % 6], shapes[s][0], shapes[s][1]);
        }
        for (int type = CK_F32; type <= CK_I8; type++) gated_product(k, (ck_type)type, (ck_activation)((s + type) % 4), shapes[s][0], shapes[s][1]);
    }
}
