#include "pointwise.h"

#include <string.h>

enum { CHUNK = 512, OPERANDS = 3 };

aclError pointwise_run(const si_run *run) {
    const pointwise_args *args = run->args;
    view out = view_of(run->out[0]), in[OPERANDS];
    if (out.rank == 0) out.rank = 1, out.dims[0] = 1, out.strides[0] = 1;
    for (int i = 0; i < run->inputs; i++) in[i] = view_broadcast(view_of(run->in[i]), out.rank, out.dims);
    int axes = out.rank - 1;
    int64_t width = out.dims[axes], count = view_count(&out);
    double operand[OPERANDS][CHUNK], result[CHUNK];
    for (int64_t first = 0; first < count; first += width) {
        int64_t row = first / width;
        for (int64_t at = 0; at < width; at += CHUNK) {
            int64_t n = width - at < CHUNK ? width - at : CHUNK;
            for (int i = 0; i < run->inputs; i++) {
                int64_t stride = in[i].strides[axes];
                load_doubles(in[i].type, view_row(&in[i], axes, row) + at * stride * type_size(in[i].type), stride, n, operand[i]);
            }
            args->kernel(&(pointwise_row){operand[0], operand[1], operand[2], args->s, args->t, n, result});
            store_doubles(out.type, view_row(&out, axes, row) + at * out.strides[axes] * type_size(out.type), out.strides[axes], n, result);
        }
    }
    return 0;
}
