// Drives the kernels under the sanitizers: see deploy/sanitize.sh. What they compute is TensorCPUTests' matter; here it is only that no operation
// reads or writes beyond its operands, each of which is a block of its own that ends with its last element.
#include "CKernels.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 60 };

static unsigned long long state;

static long draw(long from, long to) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return from + (long)((state >> 33) % (unsigned long long)(to - from + 1));
}

// What a round has made, freed at its end.
static void *made[64];
static int count;

static void *block(size_t bytes) { return made[count++] = malloc(bytes ? bytes : 1); }

static float *floats(long n) {
    float *x = block((size_t)n * 4);
    for (long i = 0; i < n; i++) x[i] = (float)draw(-1000, 1000) / 1000;
    return x;
}

static ck_weight weight(long n) {
    ck_type type = (ck_type)draw(CK_F32, CK_F16);
    if (type == CK_F32) return (ck_weight){floats(n), type};
    uint16_t *x = block((size_t)n * 2);
    for (long i = 0; i < n; i++) x[i] = (uint16_t)(draw(0, 1) << 15 | (type == CK_BF16 ? draw(0x3e00, 0x3f80) : draw(0x2000, 0x3c00)));
    return (ck_weight){x, type};
}

static ck_weight maybe(long n) { return draw(0, 1) ? weight(n) : (ck_weight){NULL, CK_F32}; }

static void linear(ck_context *c) {
    long rows = draw(0, 3) ? draw(1, 9) : draw(60, 300), in = draw(1, 300), out = draw(1, 200);
    ck_linear_call call = {.x = floats(rows * in), .x_stride = in, .rows = rows, .in = in, .out = out, .y_stride = out};
    call.weight = weight(out * in);
    call.bias = maybe(out);
    call.epilogue = (ck_epilogue){(ck_output)draw(CK_STORE, CK_ADD_GATED), CK_IDENTITY, floats(out)};
    if (call.epilogue.output == CK_STORE) call.epilogue.activation = (ck_activation)draw(CK_IDENTITY, CK_SILU);
    call.y = floats(rows * out);
    ck_linear(c, &call);
}

static void attention(ck_context *c) {
    long shared = draw(1, 4), kv = draw(1, 3), heads = shared * kv, size = draw(1, 5) * 16, keys = draw(1, 700), rows = draw(0, 1) ? 1 : draw(1, keys);
    ck_attention_call call = {.rows = rows, .keys = keys, .heads = heads, .key_value_heads = kv, .head_size = size, .scale = 0.1f, .causal = draw(0, 1)};
    call.query_stride = call.output_stride = heads * size;
    call.key_stride = call.value_stride = kv * size;
    call.query = floats(rows * heads * size);
    call.key = floats(keys * kv * size);
    call.value = floats(keys * kv * size);
    call.bias_stride = rows + keys - 1;
    call.bias = draw(0, 1) ? floats(heads * call.bias_stride) : NULL;
    call.output = floats(rows * heads * size);
    ck_attention(c, &call);
}

static void paged(ck_context *c) {
    long kv = draw(1, 2), heads = kv * draw(1, 5), size = draw(1, 4) * 16, sequences = draw(1, 4), page_rows = 16, pages = draw(1, 40);
    ck_paged_attention_call call = {.sequences = sequences, .heads = heads, .key_value_heads = kv, .head_size = size, .page_rows = page_rows, .scale = 0.1f};
    call.query_stride = call.output_stride = heads * size;
    call.cache_stride = kv * size;
    call.query = floats(sequences * heads * size);
    bool narrow = draw(0, 1);
    long pool = (pages * sequences) * page_rows * kv * size;
    uint16_t *k = block((size_t)pool * (narrow ? 2 : 4)), *v = block((size_t)pool * (narrow ? 2 : 4));
    for (long i = 0; i < pool; i++) narrow ? (k[i] = v[i] = (uint16_t)draw(0x3e00, 0x3f80)) : (((float *)k)[i] = ((float *)v)[i] = 0.5f);
    call.keys = (ck_weight){k, narrow ? CK_BF16 : CK_F32};
    call.values = (ck_weight){v, narrow ? CK_BF16 : CK_F32};
    int32_t *table = block((size_t)(sequences * pages) * 4), *lengths = block((size_t)sequences * 4);
    for (long i = 0; i < sequences * pages; i++) table[i] = (int32_t)i;
    for (long i = 0; i < sequences; i++) lengths[i] = (int32_t)draw(1, pages * page_rows);
    call.pages = table;
    call.pages_stride = pages;
    call.lengths = lengths;
    call.output = floats(sequences * heads * size);
    ck_paged_attention(c, &call);
}

static void convolution(ck_context *c) {
    long kernel = draw(0, 1) ? 3 : 1, in = draw(1, 70), out = draw(1, 70), height = draw(3, 20), width = draw(3, 20), up = kernel == 3 ? draw(1, 2) : 1;
    long pad = kernel / 2, padding[4] = {pad, pad, pad, pad};
    ck_convolution_method method = ck_convolution_method_of(out, kernel, 1, up, padding);
    ck_weight w = weight(out * in * kernel * kernel);
    float *packed = block((size_t)ck_convolution_packed_count(c, method, w.type, out, in, kernel) * 4);
    ck_convolution_pack(c, method, w, out, in, kernel, packed);
    ck_convolution_call call = {.x = floats(height * width * in), .height = height, .width = width, .in = in, .out = out, .stride = 1, .upsampling = up};
    call.method = method;
    call.kernel = kernel;
    call.top = call.left = pad;
    call.out_height = height * up;
    call.out_width = width * up;
    call.weight = w;
    call.packed = packed;
    call.bias = maybe(out);
    call.y = floats(call.out_height * call.out_width * out);
    ck_convolution(c, &call);
}

static void rows(ck_context *c) {
    long n = draw(1, 9), heads = draw(1, 4), size = draw(1, 4) * 16, columns = heads * size;
    float *x = floats(n * columns), *y = floats(n * columns), *up = floats(n * columns);
    ck_rms_norm(c, x, columns, n, columns, weight(columns), 1e-6f, draw(0, 1), y, columns);
    ck_layer_norm(c, x, columns, n, columns, maybe(columns), maybe(columns), draw(0, 1), 1e-6f, y, columns);
    ck_head_layer_norm(c, x, columns, n, heads, size, 1e-6f);
    ck_rotate(c, draw(0, 1) ? CK_HALVES : CK_INTERLEAVED, x, columns, n, heads, size, floats(n * size / 2), size / 2, floats(n * size / 2), size / 2, size / 2);
    ck_gated(c, CK_SILU, x, columns, up, columns, n, columns, y, columns);
    ck_activate(c, CK_GELU, x, columns, n, columns, y, columns);
    ck_add(c, x, columns, n, columns, y, columns);
    long odd = draw(1, columns);
    int32_t *indices = block((size_t)n * 4);
    ck_argmax(c, x, columns, n, odd, indices);
    for (long i = 0; i < n; i++) indices[i] = (int32_t)draw(0, n - 1);
    ck_embed(c, indices, n, weight(n * odd), odd, odd, y, columns);
    ck_scatter(c, x, columns, odd, indices, n, up, draw(0, 1) ? CK_F32 : CK_BF16, columns);
    long groups = draw(1, 4), channels = groups * draw(1, 20), pixels = draw(1, 200);
    ck_group_norm_call call = {.x = floats(pixels * channels), .pixels = pixels, .channels = channels, .groups = groups, .epsilon = 1e-6f};
    call.weight = weight(channels);
    call.bias = weight(channels);
    call.y = floats(pixels * channels);
    ck_group_norm(c, &call);
}

int main(int argc, char **argv) {
    state = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    void (*const operations[])(ck_context *) = {linear, attention, paged, convolution, rows};
    for (ck_set set = CK_GENERIC; set <= CK_NEON_BF16; set++) {
        if (!ck_supports(set)) continue;
        for (int bf16 = 0; bf16 < 2; bf16++) {
            ck_context *context = ck_create(2, set, bf16);
            if (bf16 && !ck_uses_bf16(context)) {
                ck_destroy(context);
                continue;
            }
            for (int round = 0; round < ROUNDS; round++) {
                for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) operations[i](context);
                while (count) free(made[--count]);
            }
            printf("kernels: %s%s, %d rounds: nothing found\n", ck_name(context), bf16 ? " with bf16 operands" : "", ROUNDS);
            ck_destroy(context);
        }
    }
}
