#include "view.h"
#include "numbers.h"

#include <stdio.h>
#include <stdlib.h>

int64_t view_count(const view *v) {
    int64_t count = 1;
    for (int i = 0; i < v->rank; i++) count *= v->dims[i];
    return count;
}

int64_t type_size(aclDataType type) {
    switch (type) {
    case ACL_INT8: case ACL_UINT8: case ACL_BOOL: return 1;
    case ACL_FLOAT16: case ACL_BF16: return 2;
    case ACL_FLOAT: case ACL_INT32: return 4;
    case ACL_INT64: case ACL_DOUBLE: return 8;
    default: return 0;
    }
}

view view_broadcast(view v, int rank, const int64_t *dims) {
    view wide = {.type = v.type, .rank = rank, .data = v.data};
    for (int i = 0; i < rank; i++) {
        int own = i - (rank - v.rank);
        wide.dims[i] = dims[i];
        wide.strides[i] = own < 0 || v.dims[own] == 1 ? 0 : v.strides[own];
    }
    return wide;
}

view view_axis_last(view v, int axis) {
    int64_t dim = v.dims[axis], stride = v.strides[axis];
    for (int i = axis; i < v.rank - 1; i++) {
        v.dims[i] = v.dims[i + 1];
        v.strides[i] = v.strides[i + 1];
    }
    v.dims[v.rank - 1] = dim;
    v.strides[v.rank - 1] = stride;
    return v;
}

char *view_row(const view *v, int axes, int64_t index) {
    int64_t offset = 0;
    for (int i = axes - 1; i >= 0; i--) {
        offset += index % v->dims[i] * v->strides[i];
        index /= v->dims[i];
    }
    return v->data + offset * type_size(v->type);
}

#define EACH(ctype, expression) \
    for (int64_t i = 0; i < count; i++) { ctype x = ((const ctype *)from)[i * stride]; to[i] = expression; } \
    break
#define LOADER(name, real) \
    void name(aclDataType type, const void *from, int64_t stride, int64_t count, real *to) { \
        switch (type) { \
        case ACL_FLOAT: EACH(float, x); \
        case ACL_FLOAT16: EACH(uint16_t, f16_to_float(x)); \
        case ACL_BF16: EACH(uint16_t, bf16_to_float(x)); \
        case ACL_DOUBLE: EACH(double, (real)x); \
        case ACL_BOOL: case ACL_UINT8: EACH(uint8_t, x); \
        case ACL_INT8: EACH(int8_t, x); \
        case ACL_INT32: EACH(int32_t, (real)x); \
        case ACL_INT64: EACH(int64_t, (real)x); \
        default: abort(); \
        } \
    }
LOADER(load_floats, float)
LOADER(load_doubles, double)

#define PUT(ctype, expression) \
    for (int64_t i = 0; i < count; i++) { __typeof__(*from) x = from[i]; ((ctype *)to)[i * stride] = (ctype)(expression); } \
    break
#define STORER(name, real) \
    void name(aclDataType type, void *to, int64_t stride, int64_t count, const real *from) { \
        switch (type) { \
        case ACL_FLOAT: PUT(float, x); \
        case ACL_FLOAT16: PUT(uint16_t, float_to_f16((float)x)); \
        case ACL_BF16: PUT(uint16_t, float_to_bf16((float)x)); \
        case ACL_DOUBLE: PUT(double, x); \
        case ACL_BOOL: PUT(uint8_t, x != 0); \
        case ACL_UINT8: PUT(uint8_t, (int64_t)x); \
        case ACL_INT8: PUT(int8_t, (int64_t)x); \
        case ACL_INT32: PUT(int32_t, (int64_t)x); \
        case ACL_INT64: PUT(int64_t, (int64_t)x); \
        default: abort(); \
        } \
    }
STORER(store_floats, float)
STORER(store_doubles, double)

int64_t load_integer(aclDataType type, const void *from) {
    return type == ACL_INT32 ? *(const int32_t *)from : *(const int64_t *)from;
}

void store_integer(aclDataType type, void *to, int64_t value) {
    if (type == ACL_INT32) *(int32_t *)to = (int32_t)value;
    else *(int64_t *)to = value;
}

float *scratch(int64_t count) {
    float *memory = malloc((size_t)(count > 0 ? count : 1) * sizeof(float));
    if (!memory) {
        fprintf(stderr, "stand-in: no host memory for %lld floats of an operator\n", (long long)count);
        abort();
    }
    return memory;
}

float *view_load(const view *v) {
    int64_t count = view_count(v), width = v->rank ? v->dims[v->rank - 1] : 1, stride = v->rank ? v->strides[v->rank - 1] : 1;
    float *values = scratch(count);
    for (int64_t i = 0; i < count; i += width) load_floats(v->type, view_row(v, v->rank - 1, i / width), stride, width, values + i);
    return values;
}

void view_store(const view *v, const float *values) {
    int64_t count = view_count(v), width = v->rank ? v->dims[v->rank - 1] : 1, stride = v->rank ? v->strides[v->rank - 1] : 1;
    for (int64_t i = 0; i < count; i += width) store_floats(v->type, view_row(v, v->rank - 1, i / width), stride, width, values + i);
}
