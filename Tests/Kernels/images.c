// Convolutions, direct, by Winograd's method, by AMX and thin, and group norms.
#include "cases.h"

#include <math.h>
#include <string.h>

typedef struct {
    long kernel, stride, upsampling, in, out, height, width, padding[4];
} shape_t;

static void convolution(const kernels_t *k, const shape_t *s, ck_type type, ck_epilogue epilogue) {
    const long *pad = s->padding;
    ck_convolution_method method = ck_convolution_method_of(k->contexts[0], type, s->out, s->kernel, s->stride, s->upsampling, pad);
    ck_weight weight = drawn_weight(type, s->out * s->in * s->kernel * s->kernel);
    ck_convolution_call call = {.x = drawn(s->height * s->width * s->in), .height = s->height, .width = s->width, .in = s->in, .out = s->out};
    call.kernel = s->kernel;
    call.stride = s->stride;
    call.upsampling = s->upsampling;
    call.method = method;
    call.top = pad[0];
    call.left = pad[1];
    call.out_height = (s->height * s->upsampling + pad[0] + pad[2] - s->kernel) / s->stride + 1;
    call.out_width = (s->width * s->upsampling + pad[1] + pad[3] - s->kernel) / s->stride + 1;
    call.weight = weight;
    call.bias = drawn_weight(type, s->out);
    const float *gate = drawn(s->out);
    call.epilogue = epilogue;
    call.epilogue.gate = gate;
    long count = call.out_height * call.out_width * s->out;
    float *before = drawn(count), *y[CONTEXTS];
    at("%s, convolution %ld × %ld, stride %ld, upsampling %ld, %ld to %ld, weight %d, epilogue %d %d", ck_name(k->contexts[0]), s->kernel, s->kernel,
       s->stride, s->upsampling, s->in, s->out, type, epilogue.output, epilogue.activation);
    for (int i = 0; i < CONTEXTS; i++) {
        ck_context *c = k->contexts[i];
        float *packed = block((size_t)ck_convolution_packed_count(c, method, type, s->out, s->in, s->kernel) * 4);
        ck_convolution_pack(c, method, weight, s->out, s->in, s->kernel, packed);
        call.packed = packed;
        call.y = y[i] = block((size_t)count * 4);
        memcpy(y[i], before, (size_t)count * 4);
        ck_convolution(c, &call);
    }
    expect_same(y[0], y[1], (size_t)count * 4, "other bits on more threads");
    bool narrow = k->bf16 && type == CK_BF16 && (method == CK_DIRECT || method == CK_TILED);
    double largest = 0;
    for (long i = 0; i < s->height * s->width * s->in; i++) largest = fmax(largest, fabsf(call.x[i]));
    for (long i = 0; i < count; i++) {
        long o = i % s->out, column = i / s->out % call.out_width, row = i / s->out / call.out_width;
        double sum = element(call.bias, o), size = fabs(sum);
        for (long tap = 0; tap < s->kernel * s->kernel; tap++) {
            long v = row * s->stride - pad[0] + tap / s->kernel, u = column * s->stride - pad[1] + tap % s->kernel;
            // Winograd's method rounds sums of all pixels of a tile, whichever an output reads, some forty times.
            for (long c = 0; c < s->in && method == CK_WINOGRAD; c++) size += largest * fabs(element(weight, (o * s->in + c) * s->kernel * s->kernel + tap));
            if (v < 0 || u < 0 || v >= s->height * s->upsampling || u >= s->width * s->upsampling) continue;
            for (long c = 0; c < s->in; c++) {
                float x = call.x[(v / s->upsampling * s->width + u / s->upsampling) * s->in + c];
                double term = (narrow ? rounded_bf16(x) : x) * element(weight, (o * s->in + c) * s->kernel * s->kernel + tap);
                sum += term;
                size += fabs(term);
            }
        }
        double error = ((double)(s->kernel * s->kernel * s->in + 2) + (method == CK_WINOGRAD ? 40 : 0)) * STEP * size;
        double truth = finished(&epilogue, gate[o], before[i], sum, &error);
        expect_near(y[0][i], truth, error);
    }
    release();
}

static void group_norm(const kernels_t *k, long pixels, long channels, long groups, ck_type type, ck_activation activation) {
    ck_group_norm_call call = {.x = drawn(pixels * channels), .pixels = pixels, .channels = channels, .groups = groups, .epsilon = 1e-5f, .activation = activation};
    call.weight = drawn_weight(type, channels);
    call.bias = drawn_weight(type, channels);
    at("%s, group norm of %ld × %ld in %ld, activation %d", ck_name(k->contexts[0]), pixels, channels, groups, activation);
    float *y[CONTEXTS];
    for (int i = 0; i < CONTEXTS; i++) {
        call.y = y[i] = block((size_t)(pixels * channels) * 4);
        ck_group_norm(k->contexts[i], &call);
    }
    expect_same(y[0], y[1], (size_t)(pixels * channels) * 4, "other bits on more threads");
    long n = channels / groups;
    for (long g = 0; g < groups; g++) {
        double mean = 0, squares = 0, largest = 0, count = (double)(n * pixels);
        for (long i = 0; i < n * pixels; i++) mean += call.x[i / n * channels + g * n + i % n] / count;
        for (long i = 0; i < n * pixels; i++) {
            double x = call.x[i / n * channels + g * n + i % n];
            squares += (x - mean) * (x - mean);
            largest = fmax(largest, fabs(x));
        }
        double scale = 1 / sqrt(squares / count + 1e-5f);
        for (long i = 0; i < n * pixels; i++) {
            long at = i / n * channels + g * n + i % n, c = at % channels;
            double weight = element(call.weight, c), bias = element(call.bias, c), value = (call.x[at] - mean) * scale * weight + bias;
            // Sums over strips of 64 pixels and a group's channels; strips are merged in double.
            double error = (double)(64 + n + 8) * STEP * (2 * largest * scale * fabs(weight) + fabs(bias));
            double truth = finished(&(ck_epilogue){CK_STORE, activation, NULL}, 0, 0, value, &error);
            expect_near(y[0][at], truth, error);
        }
    }
    release();
}

void images(const kernels_t *k) {
    static const shape_t shapes[] = {
        {1, 1, 1, 37, 20, 5, 7, {0, 0, 0, 0}},  {3, 1, 1, 5, 40, 6, 9, {1, 1, 1, 1}},  {3, 2, 1, 35, 33, 9, 8, {0, 0, 1, 1}},
        {3, 1, 2, 20, 18, 5, 6, {1, 1, 1, 1}},  {3, 1, 1, 37, 3, 6, 9, {1, 1, 1, 1}},  {3, 1, 2, 16, 2, 4, 5, {1, 1, 1, 1}},
        {3, 1, 1, 64, 17, 8, 8, {1, 1, 1, 1}},  {3, 1, 1, 258, 9, 4, 35, {1, 1, 1, 1}}, {3, 1, 1, 33, 40, 9, 39, {1, 1, 1, 1}},
    };
    for (int s = 0; s < (int)(sizeof shapes / sizeof shapes[0]); s++)
        for (int type = CK_F32; type <= CK_F16; type++) convolution(k, &shapes[s], (ck_type)type, epilogues[(s + type) % 6]);
    for (int activation = CK_IDENTITY; activation <= CK_SILU; activation++) {
        group_norm(k, 150, 40, 8, (ck_type)(activation % 3), (ck_activation)activation);
        group_norm(k, 9, 66, 2, CK_F32, (ck_activation)activation);
    }
}
