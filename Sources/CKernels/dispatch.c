// The public operations: each goes to the context's table.

#include "context.h"

#include <string.h>

void ck_linear(ck_context *c, const ck_linear_call *call) { c->table->linear(c, call); }

void ck_embed(ck_context *c, const int32_t *ids, long count, ck_weight table, long table_stride, long columns, float *y, long y_stride) {
    c->table->embed(c, ids, count, table, table_stride, columns, y, y_stride);
}

void ck_rms_norm(ck_context *c, const float *x, long x_stride, long rows, long columns, ck_weight weight, float epsilon, bool add, float *y, long y_stride) {
    c->table->rms_norm(c, x, x_stride, rows, columns, weight, epsilon, add, y, y_stride);
}

void ck_layer_norm(ck_context *c, const float *x, long x_stride, long rows, long columns, ck_weight weight, ck_weight bias, bool modulate, float epsilon, float *y, long y_stride) {
    c->table->layer_norm(c, x, x_stride, rows, columns, weight, bias, modulate, epsilon, y, y_stride);
}

void ck_head_layer_norm(ck_context *c, float *x, long x_stride, long rows, long heads, long head_size, float epsilon) {
    c->table->head_layer_norm(c, x, x_stride, rows, heads, head_size, epsilon);
}

void ck_rotate(ck_context *c, ck_rotary_style style, float *x, long x_stride, long rows, long heads, long head_size, const float *cosine, long cosine_stride, const float *sine, long sine_stride, long angles) {
    c->table->rotate(c, style, x, x_stride, rows, heads, head_size, cosine, cosine_stride, sine, sine_stride, angles);
}

void ck_gated(ck_context *c, ck_activation activation, const float *gate, long gate_stride, const float *up, long up_stride, long rows, long columns, float *y, long y_stride) {
    c->table->gated(c, activation, gate, gate_stride, up, up_stride, rows, columns, y, y_stride);
}

void ck_activate(ck_context *c, ck_activation activation, const float *x, long x_stride, long rows, long columns, float *y, long y_stride) {
    c->table->activate(c, activation, x, x_stride, rows, columns, y, y_stride);
}

void ck_add(ck_context *c, const float *x, long x_stride, long rows, long columns, float *y, long y_stride) {
    c->table->add(c, x, x_stride, rows, columns, y, y_stride);
}

void ck_add_scaled(ck_context *c, float a, const float *x, long x_stride, long rows, long columns, float b, float *y, long y_stride) {
    c->table->add_scaled(c, a, x, x_stride, rows, columns, b, y, y_stride);
}

float ck_mean_absolute(ck_context *c, const float *x, long x_stride, long rows, long columns) {
    return c->table->mean_absolute(c, x, x_stride, rows, columns);
}

void ck_attention(ck_context *c, const ck_attention_call *call) { c->table->attention(c, call); }

void ck_paged_attention(ck_context *c, const ck_paged_attention_call *call) { c->table->paged_attention(c, call); }

void ck_scatter(ck_context *c, const float *x, long x_stride, long columns, const int32_t *ids, long count, void *table, ck_type type, long table_stride) {
    c->table->scatter(c, x, x_stride, columns, ids, count, table, type, table_stride);
}

void ck_argmax(ck_context *c, const float *x, long x_stride, long rows, long columns, int32_t *indices) {
    c->table->argmax(c, x, x_stride, rows, columns, indices);
}

void ck_convolution(ck_context *c, const ck_convolution_call *call) { c->table->convolution(c, call); }

void ck_group_norm(ck_context *c, const ck_group_norm_call *call) { c->table->group_norm(c, call); }

struct copy {
    const char *x;
    char *y;
    long x_stride, y_stride, bytes;
};

static void copy_rows(void *context, long begin, long end, int thread) {
    (void)thread;
    struct copy *copy = context;
    for (long row = begin; row < end; row++) memcpy(copy->y + row * copy->y_stride, copy->x + row * copy->x_stride, (size_t)copy->bytes);
}

void ck_copy(ck_context *c, const void *x, long x_stride, long rows, long bytes, void *y, long y_stride) {
    struct copy copy = {x, y, x_stride, y_stride, bytes};
    if (bytes <= 0) return;
    ck_pool_run(c->pool, rows, 1 + (256 << 10) / bytes, copy_rows, &copy);
}
