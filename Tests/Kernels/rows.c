// Norms, rotation, gating, activation, sum, copy, gather, scatter and argmax, row by row.
#include "cases.h"

#include <math.h>
#include <string.h>

static const long widths[] = {1, 15, 16, 33, 64, 333};
enum { WIDTHS = sizeof widths / sizeof widths[0], ROWS = 5 };

/// Runs an operation on a copy of `before` in each context, which must agree, and gives the first.
#define RUN(Y, BEFORE, COUNT, CALL)                                                                                     \
    float *Y;                                                                                                           \
    {                                                                                                                   \
        float *copies[CONTEXTS];                                                                                        \
        for (int i = 0; i < CONTEXTS; i++) {                                                                            \
            ck_context *c = k->contexts[i];                                                                             \
            Y = copies[i] = block((size_t)(COUNT) * 4);                                                                 \
            memcpy(Y, BEFORE, (size_t)(COUNT) * 4);                                                                     \
            CALL;                                                                                                       \
        }                                                                                                               \
        expect_same(copies[0], copies[1], (size_t)(COUNT) * 4, "other bits on more threads");                           \
        Y = copies[0];                                                                                                  \
    }

static void norms(const kernels_t *k, long n) {
    const char *name = ck_name(k->contexts[0]);
    float *x = drawn(ROWS * n), *before = drawn(ROWS * n);
    for (int type = CK_F32; type <= CK_F16; type++) {
        ck_weight weight = drawn_weight((ck_type)type, n), bias = drawn_weight((ck_type)type, n), none = {NULL, CK_F32};
        for (int add = 0; add < 2; add++) {
            at("%s, rms norm of %ld%s", name, n, add ? ", added" : "");
            RUN(y, before, ROWS * n, ck_rms_norm(c, x, n, ROWS, n, weight, 1e-5f, add, y, n))
            for (long r = 0; r < ROWS; r++) {
                double squares = 0;
                for (long i = 0; i < n; i++) squares += (double)x[r * n + i] * x[r * n + i];
                for (long i = 0; i < n; i++) {
                    double truth = x[r * n + i] * element(weight, i) / sqrt(squares / (double)n + 1e-5f), old = add ? before[r * n + i] : 0;
                    expect_near(y[r * n + i], truth + old, (double)(n + 8) * STEP * (fabs(truth) + fabs(old)));
                }
            }
        }
        for (int modulate = 0; modulate < 2; modulate++) {
            for (int absent = 0; absent < 2; absent++) {
                at("%s, layer norm of %ld%s%s", name, n, modulate ? ", modulated" : "", absent ? ", no bias" : "");
                ck_weight w = absent && !modulate ? none : weight, b = absent ? none : bias;
                RUN(y, before, ROWS * n, ck_layer_norm(c, x, n, ROWS, n, w, b, modulate, 1e-5f, y, n))
                for (long r = 0; r < ROWS; r++) {
                    double mean = 0, squares = 0, largest = 0;
                    for (long i = 0; i < n; i++) mean += x[r * n + i] / (double)n;
                    for (long i = 0; i < n; i++) {
                        squares += (x[r * n + i] - mean) * (x[r * n + i] - mean);
                        largest = fmax(largest, fabs(x[r * n + i]));
                    }
                    double scale = 1 / sqrt(squares / (double)n + 1e-5f);
                    for (long i = 0; i < n; i++) {
                        double factor = w.data ? modulate + element(w, i) : 1, truth = (x[r * n + i] - mean) * scale * factor + element(b, i);
                        // The mean is off by steps of the largest element, and so is every difference.
                        expect_near(y[r * n + i], truth, (double)(n + 8) * STEP * (2 * largest * scale * fabs(factor) + fabs(element(b, i))));
                    }
                }
            }
        }
    }
    release();
}

static void head_norms(const kernels_t *k, long heads, long size) {
    long n = heads * size;
    float *x = drawn(ROWS * n);
    at("%s, head norm of %ld × %ld", ck_name(k->contexts[0]), heads, size);
    RUN(y, x, ROWS * n, ck_head_layer_norm(c, y, n, ROWS, heads, size, 1e-5f))
    for (long h = 0; h < ROWS * heads; h++) {
        const float *head = x + h * size;
        double mean = 0, squares = 0, largest = 0;
        for (long i = 0; i < size; i++) mean += head[i] / (double)size;
        for (long i = 0; i < size; i++) {
            squares += (head[i] - mean) * (head[i] - mean);
            largest = fmax(largest, fabs(head[i]));
        }
        double scale = 1 / sqrt(squares / (double)size + 1e-5f);
        for (long i = 0; i < size; i++) expect_near(y[h * size + i], (head[i] - mean) * scale, (double)(size + 8) * STEP * 2 * largest * scale);
    }
    release();
}

static void rotations(const kernels_t *k, long heads, long size, long angles) {
    long n = heads * size;
    float *x = drawn(ROWS * n), *cosine = drawn(ROWS * angles), *sine = drawn(ROWS * angles);
    for (int style = CK_HALVES; style <= CK_INTERLEAVED; style++) {
        at("%s, rotation %d of %ld × %ld by %ld", ck_name(k->contexts[0]), style, heads, size, angles);
        RUN(y, x, ROWS * n, ck_rotate(c, (ck_rotary_style)style, y, n, ROWS, heads, size, cosine, angles, sine, angles, angles))
        for (long r = 0; r < ROWS; r++) {
            for (long h = 0; h < heads; h++) {
                const float *from = x + r * n + h * size, *to = y + r * n + h * size;
                for (long a = 0; a < angles; a++) {
                    long i = style == CK_HALVES ? a : 2 * a, j = style == CK_HALVES ? a + angles : 2 * a + 1;
                    double cos = cosine[r * angles + a], sin = sine[r * angles + a], p = from[i], q = from[j];
                    expect_near(to[i], p * cos - q * sin, STEP * (fabs(p * cos) + fabs(q * sin)));
                    expect_near(to[j], q * cos + p * sin, STEP * (fabs(q * cos) + fabs(p * sin)));
                }
                expect_same(to + 2 * angles, from + 2 * angles, (size_t)(size - 2 * angles) * 4, "more than the angles' elements turned");
            }
        }
    }
    release();
}

static void elements(const kernels_t *k, long n) {
    const char *name = ck_name(k->contexts[0]);
    float *x = drawn(ROWS * n), *up = drawn(ROWS * n);
    for (long i = 0; i < ROWS * n; i++) x[i] *= 2;
    for (int activation = CK_IDENTITY; activation <= CK_SILU; activation++) {
        at("%s, activation %d of %ld", name, activation, n);
        RUN(y, up, ROWS * n, ck_activate(c, (ck_activation)activation, x, n, ROWS, n, y, n))
        RUN(gated, up, ROWS * n, ck_gated(c, (ck_activation)activation, x, n, up, n, ROWS, n, gated, n))
        for (long i = 0; i < ROWS * n; i++) {
            // An exponential multiplies the rounding of its argument by the argument, here up to x² or so.
            double truth = activated((ck_activation)activation, x[i]), tolerance = (16 + x[i] * x[i]) * STEP * fabs(truth);
            expect_near(y[i], truth, tolerance);
            expect_near(gated[i], truth * up[i], (tolerance + STEP * fabs(truth)) * fabs(up[i]));
        }
    }
    at("%s, sum and copy of %ld", name, n);
    RUN(sum, up, ROWS * n, ck_add(c, x, n, ROWS, n, sum, n))
    RUN(copy, up, ROWS * n, ck_copy(c, x, n * 4, ROWS, n * 4, copy, n * 4))
    expect_same(copy, x, (size_t)(ROWS * n) * 4, "not the same");
    for (long i = 0; i < ROWS * n; i++) expect_near(sum[i], x[i] + up[i], 0);
    release();
}

/// Every f16 and every bf16 widened; floats at and around ties rounded to bf16.
static void conversions(const kernels_t *k) {
    static uint16_t all[0x10000];
    static float before[0x10000];
    static const int32_t first = 0;
    for (int i = 0; i < 0x10000; i++) all[i] = (uint16_t)i;
    for (int type = CK_BF16; type <= CK_F16; type++) {
        ck_weight table = {all, (ck_type)type};
        RUN(y, before, 0x10000, ck_embed(c, &first, 1, table, 0x10000, 0x10000, y, 0x10000))
        for (long i = 0; i < 0x10000; i++) {
            at("%s, %04lx widened from type %d", ck_name(k->contexts[0]), i, type);
            float truth = (float)element(table, i);
            if (isnan(truth) ? !isnan(y[i]) : memcmp(&truth, &y[i], 4)) expect_near(NAN, truth, 0);
        }
    }
    enum { N = 1000 };
    float *x = drawn(N);
    static const float special[] = {INFINITY, -INFINITY, 0, -0.0f, 0x1.01p0f, 0x1.03p0f, 0x1.010002p0f, 0x1.00fffep0f, 0x1p-140f, 0x1.fffffep127f};
    memcpy(x, special, sizeof special);
    RUN(table, before, (N + 1) / 2, ck_scatter(c, x, N, N, &first, 1, table, CK_BF16, N))
    for (long i = 0; i < N; i++) {
        at("%s, %g rounded to bf16", ck_name(k->contexts[0]), x[i]);
        float value = (float)element((ck_weight){table, CK_BF16}, i), truth = rounded_bf16(x[i]);
        expect_same(&value, &truth, 4, "not to nearest even");
    }
    release();
}

static void tables(const kernels_t *k, long n) {
    enum { ENTRIES = 7 };
    static const int32_t ids[ROWS] = {6, 0, 3, 1, 5};
    const char *name = ck_name(k->contexts[0]);
    float *before = drawn(ENTRIES * (n + 2)), *x = drawn(ROWS * n);
    for (int type = CK_F32; type <= CK_F16; type++) {
        at("%s, embedding of %ld, type %d", name, n, type);
        ck_weight table = drawn_weight((ck_type)type, ENTRIES * (n + 2));
        RUN(y, before, ROWS * n, ck_embed(c, ids, ROWS, table, n + 2, n, y, n))
        for (long r = 0; r < ROWS; r++)
            for (long i = 0; i < n; i++) expect_near(y[r * n + i], element(table, ids[r] * (n + 2) + i), 0);
    }
    for (int type = CK_F32; type <= CK_BF16; type++) {
        at("%s, scatter of %ld, type %d", name, n, type);
        RUN(table, before, ENTRIES * (n + 2), ck_scatter(c, x, n, n, ids, ROWS, table, (ck_type)type, n + 2))
        for (long r = 0; r < ROWS; r++)
            for (long i = 0; i < n + 2; i++) {
                ck_weight old = {before, (ck_type)type}, now = {table, (ck_type)type};
                long index = ids[r] * (n + 2) + i;
                double truth = i >= n ? element(old, index) : type == CK_BF16 ? rounded_bf16(x[r * n + i]) : x[r * n + i];
                // What was floats before may be any bf16, a NaN too.
                if (!isnan(truth)) expect_near((float)element(now, index), truth, 0);
            }
    }
    release();
}

static void largest(const kernels_t *k) {
    enum { COLUMNS = 9001, LINES = 6 };
    static const int32_t truth[LINES] = {8999, 100, 4095, 0, 0, 9000};
    float *x = drawn(LINES * COLUMNS);
    x[8999] = x[9000] = 9;
    x[COLUMNS + 100] = x[COLUMNS + 5000] = 9; // the first of equals, across chunks
    x[2 * COLUMNS + 4095] = 9;
    x[2 * COLUMNS + 4000] = x[2 * COLUMNS + 5000] = NAN;
    for (long i = 0; i < COLUMNS; i++) x[3 * COLUMNS + i] = -INFINITY;
    for (long i = 0; i < COLUMNS; i++) x[4 * COLUMNS + i] = NAN;
    x[5 * COLUMNS + 9000] = INFINITY;
    at("%s, argmax", ck_name(k->contexts[0]));
    for (int i = 0; i < CONTEXTS; i++) {
        int32_t indices[LINES];
        ck_argmax(k->contexts[i], x, COLUMNS, LINES, COLUMNS, indices);
        expect_same(indices, truth, sizeof truth, "another index");
    }
    release();
}

void rows(const kernels_t *k) {
    for (int i = 0; i < WIDTHS; i++) {
        norms(k, widths[i]);
        elements(k, widths[i]);
        tables(k, widths[i]);
    }
    static const long sizes[] = {7, 24, 32, 40, 64, 128};
    for (int i = 0; i < 6; i++) head_norms(k, 3, sizes[i]);
    rotations(k, 3, 40, 20);
    rotations(k, 2, 80, 17);
    rotations(k, 1, 64, 32);
    conversions(k);
    largest(k);
}
