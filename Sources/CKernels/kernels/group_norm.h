// GroupNorm over [pixels, channels]: each strip of pixels gives a mean and a sum of squares about it per group, strips are
// merged in double (Chan's formula), then one pass of scale, shift and activation per channel.
#pragma once
#include "finish.h"
#include "rows.h"

enum { STRIP = 64 };

typedef struct {
    ck_context *context;
    const ck_group_norm_call *call;
    long group_channels;
    float *strips;              // [strips][groups][mean, squares]
    const float *scale, *shift; // [channels]
} group_norm_t;

static void group_norm_strips(void *argument, long begin, long end, int thread) {
    const group_norm_t *g = argument;
    const ck_group_norm_call *call = g->call;
    long channels = call->channels, n = g->group_channels;
    float *sums = ck_scratch(g->context, thread, THREAD_A, (size_t)(2 * channels + 2 * W) * 4), *means = sums + channels + W;
    for (long strip = begin; strip < end; strip++) {
        long pixel = strip * STRIP, pixels = call->pixels - pixel < STRIP ? call->pixels - pixel : STRIP;
        const float *x = call->x + pixel * channels;
        float *out = g->strips + strip * call->groups * 2;
        for (long c = 0; c < channels; c += W) {
            vf sum = 0;
            for (long p = 0; p < pixels; p++) sum += load_n(x + p * channels + c, channels - c);
            store(sums + c, sum);
        }
        for (long group = 0; group < call->groups; group++) {
            float sum = 0;
            for (long c = group * n; c < (group + 1) * n; c++) sum += sums[c];
            float mean = sum / (float)(n * pixels);
            for (long c = group * n; c < (group + 1) * n; c++) means[c] = mean;
            out[group * 2] = mean;
        }
        for (long c = 0; c < channels; c += W) {
            vf sum = 0, mean = load_n(means + c, channels - c);
            for (long p = 0; p < pixels; p++) {
                vf d = load_n(x + p * channels + c, channels - c) - mean;
                sum += d * d;
            }
            store(sums + c, sum);
        }
        for (long group = 0; group < call->groups; group++) {
            float sum = 0;
            for (long c = group * n; c < (group + 1) * n; c++) sum += sums[c];
            out[group * 2 + 1] = sum;
        }
    }
}

INLINE void group_norm_pixel(ck_activation activation, const float *x, const float *scale, const float *shift, long n, float *y) {
    for (long c = 0; c < n; c += W) {
        store_n(y + c, activate_v(activation, load_n(x + c, n - c) * load(scale + c) + load(shift + c)), n - c);
    }
}

static void group_norm_apply(void *argument, long begin, long end, int thread) {
    (void)thread;
    const group_norm_t *g = argument;
    const ck_group_norm_call *call = g->call;
    long channels = call->channels;
    for (long p = begin; p < end; p++) {
        const float *x = call->x + p * channels;
        float *y = call->y + p * channels;
        switch (call->activation) {
        case CK_IDENTITY: group_norm_pixel(CK_IDENTITY, x, g->scale, g->shift, channels, y); break;
        case CK_GELU: group_norm_pixel(CK_GELU, x, g->scale, g->shift, channels, y); break;
        case CK_GELU_TANH: group_norm_pixel(CK_GELU_TANH, x, g->scale, g->shift, channels, y); break;
        case CK_SILU: group_norm_pixel(CK_SILU, x, g->scale, g->shift, channels, y); break;
        }
    }
}

static void group_norm(ck_context *context, const ck_group_norm_call *call) {
    group_norm_t g = {.context = context, .call = call, .group_channels = call->channels / call->groups};
    long channels = call->channels, n = g.group_channels, strips = (call->pixels + STRIP - 1) / STRIP;
    g.strips = ck_shared(context, SHARED_PARTIAL, (size_t)(strips * call->groups * 2) * 4);
    ck_pool_run(context->pool, strips, 1 + (16 << 10) / (STRIP * channels), group_norm_strips, &g);
    const float *weight = vector_f32(context, SHARED_WEIGHT, call->weight, channels), *bias = vector_f32(context, SHARED_BIAS, call->bias, channels);
    float *scale = ck_shared(context, SHARED_A, (size_t)(2 * channels + 2 * W) * 4), *shift = scale + channels + W;
    for (long group = 0; group < call->groups; group++) {
        double mean = 0, squares = 0, count = 0;
        for (long strip = 0; strip < strips; strip++) {
            const float *part = g.strips + (strip * call->groups + group) * 2;
            double pixels = call->pixels - strip * STRIP < STRIP ? (double)(call->pixels - strip * STRIP) : STRIP;
            double size = pixels * (double)n, delta = part[0] - mean, total = count + size;
            mean += delta * size / total;
            squares += part[1] + delta * delta * count * size / total;
            count = total;
        }
        double inverse = 1 / __builtin_sqrt(squares / count + call->epsilon);
        for (long c = group * n; c < (group + 1) * n; c++) {
            scale[c] = (float)(inverse * weight[c]);
            shift[c] = (float)(bias[c] - mean * inverse * weight[c]);
        }
    }
    g.scale = scale;
    g.shift = shift;
    ck_pool_run(context->pool, call->pixels, row_grain(channels), group_norm_apply, &g);
}
