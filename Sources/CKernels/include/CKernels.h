/// The CPU's hot loops: a thread pool, scratch memory, and one table of operations per instruction set.
///
/// Every operation is called from one thread at a time per context and returns when its result is stored. Matrices are
/// row-major; a `stride` counts elements from one row to the next. Activations are f32. Weights are f32, bf16, f16 or
/// int8 at any address, aligned or not, and are read where they are. Nothing is allocated once the scratch memory has grown to
/// the largest call.
#pragma once

#if !defined(__clang__) || !defined(__linux__)
#error "CKernels needs clang (vector types, target attributes) and Linux (sched_getaffinity, madvise)"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ck_context ck_context;

/// CK_I8 is for the weights of products alone, which are multiplied by a scale for each output.
typedef enum { CK_F32, CK_BF16, CK_F16, CK_I8 } ck_type;
typedef enum { CK_IDENTITY, CK_GELU, CK_GELU_TANH, CK_SILU } ck_activation;
typedef enum { CK_STORE, CK_ADD, CK_ADD_GATED } ck_output;
/// Which elements of a head turn together: i and i + angles; 2i and 2i + 1.
typedef enum { CK_HALVES, CK_INTERLEAVED } ck_rotary_style;
/// The instruction sets there are kernels for: for any processor, for x86-64 and for aarch64, each from the plainest on.
typedef enum { CK_GENERIC, CK_AVX2, CK_AVX512, CK_AVX512_BF16, CK_AMX, CK_NEON, CK_NEON_BF16 } ck_set;

/// A weight or a vector of a checkpoint; `data` null where it is absent.
typedef struct {
    const void *data;
    ck_type type;
} ck_weight;

/// What a product does with its result: activation, then store, `y += r` or `y += gate · r`.
typedef struct {
    ck_output output;
    ck_activation activation;
    const float *gate;
} ck_epilogue;

/// `y[rows, out] = epilogue(x[rows, in] · weight[out, in]ᵀ · scales[out] + bias[out])`; `scales` null: by nothing.
///
/// With `up[out, in]`, of the weight's type, what is stored is `activation(…) · (x · upᵀ · up_scales)`: both halves of a gated feed-forward at once.
typedef struct {
    const float *x;
    long x_stride, rows, in, out;
    ck_weight weight, bias;
    const float *scales;
    ck_weight up;
    const float *up_scales;
    ck_epilogue epilogue;
    float *y;
    long y_stride;
} ck_linear_call;

/// Softmax attention; `bias` is `[heads, rows + keys - 1]` or null.
typedef struct {
    const float *query, *key, *value;
    long query_stride, key_stride, value_stride;
    long rows, keys, heads, key_value_heads, head_size;
    float scale;
    bool causal;
    const float *bias;
    long bias_stride;
    float *output;
    long output_stride;
} ck_attention_call;

/// Up to so many rows, a row's product is the same to the bit however many there are.
enum { CK_BATCH_ROWS = 64 };

/// Softmax attention of one query a sequence. `keys` and `values` are pools of rows `cache_stride` apart, both f32 or both
/// bf16; row i of sequence s lies at row `pages[s · pages_stride + i / page_rows] · page_rows + i % page_rows`.
typedef struct {
    const float *query;
    long query_stride, sequences, heads, key_value_heads, head_size;
    ck_weight keys, values;
    long cache_stride, page_rows;
    const int32_t *pages;
    long pages_stride;
    const int32_t *lengths; // [sequences]
    float scale;
    float *output;
    long output_stride;
} ck_paged_attention_call;

/// How a convolution is computed: as a product with the weight in packed form; with a quarter of the products and the weight
/// as it is; where outputs are few, as a dot product for each pixel; or by AMX on the pixels as they lie, with the weight in packed form.
typedef enum { CK_DIRECT, CK_WINOGRAD, CK_THIN, CK_TILED } ck_convolution_method;

/// A convolution over `x [height, width, in]` with `weight [out, in, kernel, kernel]`.
typedef struct {
    const float *x;
    long height, width, in, out, kernel, stride, upsampling;
    long top, left; // padding
    long out_height, out_width;
    ck_convolution_method method; // by `ck_convolution_method_of`
    ck_weight weight;
    const float *packed; // by `ck_convolution_pack`; null where `method` packs nothing
    ck_weight bias;
    ck_epilogue epilogue;
    float *y;
} ck_convolution_call;

/// GroupNorm over `x [pixels, channels]`, then the activation.
typedef struct {
    const float *x;
    long pixels, channels, groups;
    ck_weight weight, bias;
    float epsilon;
    ck_activation activation;
    float *y;
} ck_group_norm_call;

/// Whether this machine can run the kernels of `set`.
bool ck_supports(ck_set set);
/// Whether the set has products and attention with bf16 operands.
bool ck_multiplies_bf16(ck_set set);
/// Whether its kernels multiply int8 by an instruction for it on this machine.
bool ck_multiplies_int8(ck_set set);
/// How many processors this process may run on: a container's or taskset's share, not the whole machine.
int ck_processors(void);
/// `bf16` asks for products and attention with bf16 operands and f32 sums; sets without the instruction stay at f32.
ck_context *ck_create(int threads, ck_set set, bool bf16);
void ck_destroy(ck_context *context);
const char *ck_name(const ck_context *context);
int ck_threads(const ck_context *context);
/// Whether products of many rows go to OpenBLAS, whose sums are in another order.
bool ck_uses_openblas(const ck_context *context);
/// The processor that OpenBLAS's kernels are for, as it says: they differ in their sums. Null where it does not multiply or does not tell.
const char *ck_openblas_kernels(const ck_context *context);
/// Whether products and attention run on bf16 operands.
bool ck_uses_bf16(const ck_context *context);
/// Whether products of more than `CK_BATCH_ROWS` rows with int8 weights round their activations to int8 too, row by row.
bool ck_uses_int8(const ck_context *context);
/// Asks for it where the processor has no instruction for such products either: the same bits, slowly.
void ck_use_int8(ck_context *context);

/// 2 MB-aligned memory in huge pages where `bytes` is large.
void *ck_allocate(size_t bytes);
void ck_free(void *memory);

void ck_linear(ck_context *, const ck_linear_call *);
void ck_embed(ck_context *, const int32_t *ids, long count, ck_weight table, long table_stride, long columns, float *y, long y_stride);
/// With `add`, `y += norm(x)`.
void ck_rms_norm(ck_context *, const float *x, long x_stride, long rows, long columns, ck_weight weight, float epsilon, bool add, float *y, long y_stride);
/// With `modulate`, the weight is taken as `1 + weight`.
void ck_layer_norm(ck_context *, const float *x, long x_stride, long rows, long columns, ck_weight weight, ck_weight bias, bool modulate, float epsilon, float *y, long y_stride);
void ck_head_layer_norm(ck_context *, float *x, long x_stride, long rows, long heads, long head_size, float epsilon);
void ck_rotate(ck_context *, ck_rotary_style, float *x, long x_stride, long rows, long heads, long head_size, const float *cosine, long cosine_stride, const float *sine, long sine_stride, long angles);
void ck_gated(ck_context *, ck_activation, const float *gate, long gate_stride, const float *up, long up_stride, long rows, long columns, float *y, long y_stride);
void ck_activate(ck_context *, ck_activation, const float *x, long x_stride, long rows, long columns, float *y, long y_stride);
void ck_add(ck_context *, const float *x, long x_stride, long rows, long columns, float *y, long y_stride);
/// `y = a · x + b · y`.
void ck_add_scaled(ck_context *, float a, const float *x, long x_stride, long rows, long columns, float b, float *y, long y_stride);
/// The mean of all absolute values.
float ck_mean_absolute(ck_context *, const float *x, long x_stride, long rows, long columns);
/// Rows of `bytes` bytes; strides in bytes too.
void ck_copy(ck_context *, const void *x, long x_stride, long rows, long bytes, void *y, long y_stride);
void ck_attention(ck_context *, const ck_attention_call *);
void ck_paged_attention(ck_context *, const ck_paged_attention_call *);
/// `table[ids[i]] = x[i]`, rounded to the table's type: f32 or bf16.
void ck_scatter(ck_context *, const float *x, long x_stride, long columns, const int32_t *ids, long count, void *table, ck_type type, long table_stride);
void ck_argmax(ck_context *, const float *x, long x_stride, long rows, long columns, int32_t *indices);
/// Which method serves a convolution with a weight of `type` and `padding` (top, left, bottom, right): thin where outputs are few; where the kernel
/// is 3 × 3, the stride and the padding 1 and the image enlarged twice or not at all, with however few channels, Winograd's, or AMX where it
/// multiplies bf16 and the image is not enlarged; else direct.
ck_convolution_method ck_convolution_method_of(const ck_context *, ck_type type, long out, long kernel, long stride, long upsampling, const long padding[4]);
/// How many floats the packed weight of a convolution takes; 0 for Winograd's method. Weights that a checkpoint keeps in f32 or
/// f16 are multiplied in f32, whatever the precision, and by Winograd's method all are.
long ck_convolution_packed_count(const ck_context *, ck_convolution_method, ck_type type, long out, long in, long kernel);
/// Lays a weight `[out, in, kernel, kernel]` out for `ck_convolution` of the same context's kind.
void ck_convolution_pack(ck_context *, ck_convolution_method, ck_weight weight, long out, long in, long kernel, float *packed);
void ck_convolution(ck_context *, const ck_convolution_call *);
void ck_group_norm(ck_context *, const ck_group_norm_call *);

/// Runs a product kernel on operands that stay in registers and the first-level cache, on every thread, for about `seconds`; returns GFLOP/s.
double ck_measure_product_rate(ck_context *, bool bf16, double seconds);
/// Reads `bytes` of memory `rounds` times with every thread; returns GB/s.
double ck_measure_read_rate(ck_context *, const void *memory, size_t bytes, int rounds);
