// Convolution in two dimensions, as patches times weights. Transposed and other ranks are not needed here and refused.
#include "gemm.h"
#include "product.h"

#include <stdlib.h>

enum { BLOCK_PIXELS = 4096 };

typedef struct {
    int64_t stride[2], top, left, dilation[2], groups, cubeMathType;
} convolution_args;

typedef struct {
    const convolution_args *args;
    const float *image;                 // [channels, height, width] of a group
    int64_t channels, height, width;
    int64_t kernel[2], columns;         // columns: the output's width
} patches;

/// to [channels · kernel², count]: under each output pixel first … first + count − 1 what the kernel sees, zero outside.
static void gather(const patches *p, int64_t first, int64_t count, float *to) {
    const convolution_args *a = p->args;
    for (int64_t k = 0; k < p->channels * p->kernel[0] * p->kernel[1]; k++) {
        int64_t channel = k / (p->kernel[0] * p->kernel[1]), i = k / p->kernel[1] % p->kernel[0], j = k % p->kernel[1];
        const float *plane = p->image + channel * p->height * p->width;
        for (int64_t at = 0, next; at < count; at = next) { // a row of the output at a time
            int64_t start = (first + at) % p->columns;
            next = at + p->columns - start < count ? at + p->columns - start : count;
            int64_t row = (first + at) / p->columns * a->stride[0] + i * a->dilation[0] - a->top;
            int64_t column = start * a->stride[1] + j * a->dilation[1] - a->left;
            const float *line = plane + row * p->width;
            for (float *out = to + k * count + at; out < to + k * count + next; out++, column += a->stride[1]) {
                *out = row >= 0 && row < p->height && column >= 0 && column < p->width ? line[column] : 0;
            }
        }
    }
}

static aclError run_convolution(const si_run *run) {
    const convolution_args *args = run->args;
    view x = view_of(run->in[0]), w = view_of(run->in[1]), y = view_of(run->out[0]);
    int64_t outputs = w.dims[0] / args->groups, channels = w.dims[1], depth = channels * w.dims[2] * w.dims[3], pixels = y.dims[2] * y.dims[3];
    float *image = view_load(&x), *weight = view_load(&w), *result = scratch(view_count(&y)), *bias = NULL;
    float *columns = scratch(depth * BLOCK_PIXELS), *block = scratch(outputs * BLOCK_PIXELS);
    if (run->in[2]) {
        view b = view_of(run->in[2]);
        bias = view_load(&b);
    }
    round_for_cube(image, view_count(&x), x.type, args->cubeMathType);
    round_for_cube(weight, view_count(&w), w.type, args->cubeMathType);
    for (int64_t page = 0; page < y.dims[0] * args->groups; page++) {
        int64_t group = page % args->groups;
        patches p = {args, image + page * channels * x.dims[2] * x.dims[3], channels, x.dims[2], x.dims[3], {w.dims[2], w.dims[3]}, y.dims[3]};
        for (int64_t first = 0; first < pixels; first += BLOCK_PIXELS) {
            int64_t count = pixels - first < BLOCK_PIXELS ? pixels - first : BLOCK_PIXELS;
            gather(&p, first, count, columns);
            gemm(outputs, count, depth, weight + group * outputs * depth, (matrix){columns, count, 1}, block);
            for (int64_t o = 0; o < outputs; o++) {
                float *to = result + (page * outputs + o) * pixels + first, add = bias ? bias[group * outputs + o] : 0;
                for (int64_t i = 0; i < count; i++) to[i] = block[o * count + i] + add;
            }
        }
    }
    view_store(&y, result);
    free(image);
    free(weight);
    free(result);
    free(bias);
    free(columns);
    free(block);
    return 0;
}
static const si_operator convolution_op = {.name = "aclnnConvolution", .run = run_convolution};

/// One number for both axes, or two.
static aclnnStatus pair(const aclIntArray *array, const char *name, int64_t least, int64_t *to) {
    SI_TRY(si_need_ints(array, name));
    if (array->count != 1 && array->count != 2) SI_REFUSE(INVALID, "aclnnConvolution: %s has %llu numbers, not 1 or 2", name, (unsigned long long)array->count);
    for (int i = 0; i < 2; i++) {
        to[i] = array->values[array->count == 2 ? i : 0];
        if (to[i] < least) SI_REFUSE(INVALID, "aclnnConvolution: %s is %lld", name, (long long)to[i]);
    }
    return 0;
}

/// Two numbers for rows and columns, or four: top, bottom, left, right.
static aclnnStatus margins(const aclIntArray *padding, int64_t *to) {
    if (padding && padding->count == 4) {
        for (int i = 0; i < 4; i++) to[i] = padding->values[i];
        if (to[0] < 0 || to[1] < 0 || to[2] < 0 || to[3] < 0) SI_REFUSE(INVALID, "aclnnConvolution: negative padding");
        return 0;
    }
    int64_t both[2];
    SI_TRY(pair(padding, "padding", 0, both));
    to[0] = to[1] = both[0];
    to[2] = to[3] = both[1];
    return 0;
}

aclnnStatus aclnnConvolutionGetWorkspaceSize(const aclTensor *input, const aclTensor *weight, const aclTensor *bias, const aclIntArray *stride, const aclIntArray *padding,
                                             const aclIntArray *dilation, bool transposed, const aclIntArray *outputPadding, const int64_t groups, aclTensor *output,
                                             int8_t cubeMathType, PHASE1) {
    const char *op = convolution_op.name;
    convolution_args args = {.groups = groups, .cubeMathType = cubeMathType};
    int64_t padded[4];
    SI_TRY(check_soc(op, "+++-"));
    SI_TRY(si_need(input, "input"));
    SI_TRY(si_need(weight, "weight"));
    SI_TRY(si_optional(bias, "bias"));
    SI_TRY(si_need(output, "output"));
    SI_TRY(pair(stride, "stride", 1, args.stride));
    SI_TRY(margins(padding, padded));
    SI_TRY(pair(dilation, "dilation", 1, args.dilation));
    SI_TRY(si_need_ints(outputPadding, "outputPadding"));
    if (transposed) SI_REFUSE(INVALID, "%s: the stand-in computes none that is transposed", op);
    const aclTensor *tensors[] = {input, weight, output};
    for (int i = 0; i < 3; i++) {
        SI_TRY(check_type(op, tensors[i], "a tensor", FLOATS));
        SI_TRY(check_same_type(op, input, "input", tensors[i], i == 1 ? "weight" : "output"));
        SI_TRY(check_rank(op, tensors[i], "a tensor", 4, 4));
        SI_TRY(check_format(op, tensors[i], "a tensor", ACL_FORMAT_NCHW));
    }
    if (cubeMathType < KEEP_DTYPE || cubeMathType > USE_HF32) SI_REFUSE(INVALID, "%s: cubeMathType is %d, not 0 to 3", op, cubeMathType);
    if (cubeMathType == USE_FP16 && input->dtype == ACL_BF16) SI_REFUSE(INVALID, "%s: cubeMathType 2 (f16) is not for BF16", op);
    if (input->dtype == ACL_FLOAT && cubeMathType == KEEP_DTYPE && !si_soc_get()->bf16) SI_REFUSE(INVALID, "%s: %s computes FLOAT only as f16", op, si_soc_get()->name);
    if (input->dtype == ACL_FLOAT && cubeMathType == KEEP_DTYPE && si_bug(SI_BUG_HF32)) SI_REFUSE(INVALID, "%s: cubeMathType can't be 0 for FLOAT", op);
    if (groups < 1 || input->dims[1] % groups || weight->dims[0] % groups || weight->dims[1] != input->dims[1] / groups) {
        SI_REFUSE(INVALID, "%s: input %s, weight %s, %lld groups", op, si_shape(input), si_shape(weight), (long long)groups);
    }
    if (bias) {
        SI_TRY(check_same_type(op, input, "input", bias, "bias"));
        SI_TRY(check_dims(op, bias, "bias", 1, weight->dims));
    }
    int64_t dims[4] = {input->dims[0], weight->dims[0]};
    for (int i = 0; i < 2; i++) {
        int64_t room = input->dims[2 + i] + padded[2 * i] + padded[2 * i + 1] - args.dilation[i] * (weight->dims[2 + i] - 1) - 1;
        if (room < 0) SI_REFUSE(INVALID, "%s: weight %s is larger than the padded input %s", op, si_shape(weight), si_shape(input));
        dims[2 + i] = room / args.stride[i] + 1;
    }
    SI_TRY(check_dims(op, output, "output", 4, dims));
    forbid_overlap(op, input, output);
    args.top = padded[0];
    args.left = padded[2];
    uint64_t copies = (uint64_t)(si_count(input) + si_count(output)) * si_size(input->dtype); // in and out of the cube's own layout
    return PLAN(&convolution_op, &args, sizeof args, SI_TENSORS(input, weight, bias), SI_TENSORS(output), SI_KEPT(stride, padding, dilation, outputPadding),
                (copies + 511) / 512 * 512);
}
SI_PHASE2(aclnnConvolution)
