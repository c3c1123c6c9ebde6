// y = x · Wᵀ for int8 weights with a scale for each output: with both sides in int8 where the processor multiplies it, or where that is asked
// for; else widened.
#include "cases.h"

#include <math.h>
#include <string.h>

static const long counts[] = {1, 2, 3, 4, 7, 13, CK_BATCH_ROWS, 65, 130};
enum { COUNTS = sizeof counts / sizeof counts[0], MOST = 130 };

/// A row as an int8 product takes it: to nearest, the largest magnitude at 127.
static void quantized(const float *x, long in, double *row) {
    float top = 0;
    for (long i = 0; i < in; i++) top = fmaxf(top, fabsf(x[i]));
    float inverse = 127 / top, scale = top / 127;
    for (long i = 0; i < in; i++) {
        volatile float scaled = x[i] * inverse;
        row[i] = rint(scaled) * scale;
    }
}

static void product(const kernels_t *k, long in, long out) {
    ck_context *const *c = k->contexts;
    float *x = drawn(MOST * in), *scales = drawn(out), *batch = NULL;
    ck_linear_call call = {.x = x, .x_stride = in, .in = in, .out = out, .weight = drawn_weight(CK_I8, out * in), .scales = scales, .y_stride = out};
    call.bias = drawn_weight(CK_F32, out);
    double *row = block((size_t)in * sizeof(double));
    for (int n = COUNTS - 1; n >= 0; n--) {
        call.rows = counts[n];
        bool many = call.rows > CK_BATCH_ROWS, int8 = ck_uses_int8(c[0]);
        at("%s, product of %ld × %ld × %ld, int8 weights%s", ck_name(c[0]), call.rows, in, out, int8 ? ", int8 rows" : "");
        size_t bytes = (size_t)(call.rows * out) * 4;
        float *y[CONTEXTS];
        for (int i = 0; i < CONTEXTS; i++) {
            call.y = y[i] = block(bytes);
            ck_linear(c[i], &call);
        }
        expect_same(y[0], y[1], bytes, "other bits on more threads");
        // Exact sums don't know few rows from many.
        if (call.rows == (int8 ? MOST : CK_BATCH_ROWS)) batch = y[0];
        if (int8 || !many) expect_same(y[0], batch, bytes, "other bits than in a larger batch");
        for (long r = 0; r < call.rows; r++) {
            if (int8) quantized(x + r * in, in, row);
            // Weights of 8 bits are exact in bf16; few widened rows stay f32 in every precision.
            else for (long i = 0; i < in; i++) row[i] = many && k->bf16 ? rounded_bf16(x[r * in + i]) : x[r * in + i];
            for (long o = 0; o < out; o++) {
                double bias = element(call.bias, o), sum = 0, size = 0;
                for (long i = 0; i < in; i++) {
                    double term = row[i] * element(call.weight, o * in + i);
                    sum += term;
                    size += fabs(term);
                }
                double truth = sum * scales[o] + bias;
                // Sums of int8 are exact: only their scales round.
                double error = int8 ? 4 * STEP * (fabs(truth) + fabs(bias)) : (double)(in + 2) * STEP * (size * fabs(scales[o]) + fabs(bias));
                expect_near(y[0][r * out + o], truth, error);
            }
        }
    }
    release();
}

void int8_products(const kernels_t *k) {
    static const long shapes[][2] = {{1, 1}, {67, 37}, {130, 50}, {645, 17}};
    for (int s = 0; s < 4; s++) product(k, shapes[s][0], shapes[s][1]);
    for (int i = 0; i < CONTEXTS; i++) ck_use_int8(k->contexts[i]);
    for (int s = 0; s < 4; s++) product(k, shapes[s][0], shapes[s][1]);
}
