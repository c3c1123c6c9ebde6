// Strided tensors as the kernels read and write them: strides in elements, offset already added.
#pragma once

#include "CAscend.h"

#include <stdbool.h>
#include <stdint.h>

enum { MAX_RANK = 8 };

typedef struct {
    aclDataType type;
    int rank;
    int64_t dims[MAX_RANK], strides[MAX_RANK];
    char *data;
} view;

int64_t view_count(const view *v);
int64_t type_size(aclDataType type);

/// The view with numpy's broadcasting to `dims`: new and unit axes get stride 0.
view view_broadcast(view v, int rank, const int64_t *dims);
/// Axis `axis` moved to the last place.
view view_axis_last(view v, int axis);
/// The first `axes` axes only, at `index` of the others' product counted row-major; what a loop over rows reads.
char *view_row(const view *v, int axes, int64_t index);

void load_floats(aclDataType type, const void *from, int64_t stride, int64_t count, float *to);
void store_floats(aclDataType type, void *to, int64_t stride, int64_t count, const float *from);
void load_doubles(aclDataType type, const void *from, int64_t stride, int64_t count, double *to);
void store_doubles(aclDataType type, void *to, int64_t stride, int64_t count, const double *from);
int64_t load_integer(aclDataType type, const void *from);
void store_integer(aclDataType type, void *to, int64_t value);

/// A dense f32 copy in row-major order, for the caller to free.
float *view_load(const view *v);
/// Rounds dense f32 values into the view.
void view_store(const view *v, const float *values);
/// A dense f32 scratch of so many elements, for the caller to free.
float *scratch(int64_t count);
