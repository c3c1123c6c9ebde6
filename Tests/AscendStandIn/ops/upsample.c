// UpsampleNearest2d of [N, C, H, W], or of [N, H, W, C] where the format says so.
#include "check.h"

#include <string.h>

typedef struct {
    bool channels_last;
} upsample_args;

static aclError run_upsample(const si_run *run) {
    const upsample_args *args = run->args;
    view x = view_of(run->in[0]), y = view_of(run->out[0]);
    if (args->channels_last) x = view_axis_last(view_axis_last(x, 1), 1), y = view_axis_last(view_axis_last(y, 1), 1);
    int64_t size = type_size(x.type), planes = x.dims[0] * x.dims[1];
    for (int64_t plane = 0; plane < planes; plane++) {
        const char *from = view_row(&x, 2, plane);
        char *to = view_row(&y, 2, plane);
        for (int64_t i = 0; i < y.dims[2]; i++) {
            int64_t row = i * x.dims[2] / y.dims[2];
            for (int64_t j = 0; j < y.dims[3]; j++) {
                int64_t column = j * x.dims[3] / y.dims[3];
                memcpy(to + (i * y.strides[2] + j * y.strides[3]) * size, from + (row * x.strides[2] + column * x.strides[3]) * size, (size_t)size);
            }
        }
    }
    return 0;
}
static const si_operator upsample_op = {.name = "aclnnUpsampleNearest2d", .run = run_upsample};

aclnnStatus aclnnUpsampleNearest2dGetWorkspaceSize(const aclTensor *self, const aclIntArray *outputSize, aclTensor *out, PHASE1) {
    const char *op = upsample_op.name;
    SI_TRY(si_need(self, "self"));
    SI_TRY(si_need_ints(outputSize, "outputSize"));
    SI_TRY(si_need(out, "out"));
    SI_TRY(check_type(op, self, "self", si_soc_get()->bf16 ? FLOATS | F64 : F16));
    SI_TRY(check_same_type(op, self, "self", out, "out"));
    SI_TRY(check_rank(op, self, "self", 4, 4));
    if (self->format != ACL_FORMAT_NCHW && self->format != ACL_FORMAT_NHWC) SI_REFUSE(INVALID, "%s: self has format %d, not NCHW or NHWC", op, (int)self->format);
    SI_TRY(check_format(op, out, "out", self->format));
    if (outputSize->count != 2) SI_REFUSE(INVALID, "%s: outputSize has %llu numbers, not 2", op, (unsigned long long)outputSize->count);
    bool last = self->format == ACL_FORMAT_NHWC;
    const int64_t *n = outputSize->values;
    int64_t dims[] = {self->dims[0], last ? n[0] : self->dims[1], last ? n[1] : n[0], last ? self->dims[3] : n[1]};
    SI_TRY(check_dims(op, out, "out", 4, dims));
    double bytes = (double)(si_count(self) + si_count(out)) * (double)si_size(self->dtype);
    if (bytes >= 60e9) SI_REFUSE(TILING, "%s: %.1f GB of memory, the limit is 60", op, bytes / 1e9);
    forbid_overlap(op, self, out);
    upsample_args args = {last};
    return PLAN(&upsample_op, &args, sizeof args, SI_TENSORS(self), SI_TENSORS(out), SI_KEPT(outputSize), 0);
}
SI_PHASE2(aclnnUpsampleNearest2d)
