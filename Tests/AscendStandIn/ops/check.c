#include "check.h"

#include <string.h>

static unsigned set_of(aclDataType type) {
    switch (type) {
    case ACL_FLOAT: return F32;
    case ACL_FLOAT16: return F16;
    case ACL_BF16: return BF16;
    case ACL_INT32: return I32;
    case ACL_INT64: return I64;
    case ACL_INT8: return I8;
    case ACL_UINT8: return U8;
    case ACL_BOOL: return BOOL;
    case ACL_DOUBLE: return F64;
    default: return 0;
    }
}

aclnnStatus check_soc(const char *op, const char *marks) {
    static const int column[] = {[SI_A3] = 0, [SI_A2] = 1, [SI_310P] = 2, [SI_910A] = 3};
    const si_soc *soc = si_soc_get();
    if (soc->family == SI_950) SI_REFUSE(NO_KERNEL, "%s is not modelled for %s", op, soc->name);
    if (marks[column[soc->family]] != '+') SI_REFUSE(NO_KERNEL, "%s has no kernel for %s", op, soc->name);
    return 0;
}

aclnnStatus check_type(const char *op, const aclTensor *t, const char *name, unsigned types) {
    if (!(set_of(t->dtype) & types)) SI_REFUSE(INVALID, "%s does not take %s of type %s", op, name, si_dtype_name(t->dtype));
    if (t->dtype == ACL_BF16 && !si_soc_get()->bf16) SI_REFUSE(INVALID, "%s: %s is BF16, which %s lacks", op, name, si_soc_get()->name);
    return 0;
}

aclnnStatus check_same_type(const char *op, const aclTensor *a, const char *a_name, const aclTensor *b, const char *b_name) {
    if (a->dtype == b->dtype) return 0;
    SI_REFUSE(INVALID, "%s: %s is %s but %s is %s", op, a_name, si_dtype_name(a->dtype), b_name, si_dtype_name(b->dtype));
}

aclnnStatus check_rank(const char *op, const aclTensor *t, const char *name, int least, int most) {
    if (t->rank >= least && t->rank <= most) return 0;
    SI_REFUSE(INVALID, "%s: %s %s has %d axes, not %d to %d", op, name, si_shape(t), t->rank, least, most);
}

aclnnStatus check_dims(const char *op, const aclTensor *t, const char *name, int rank, const int64_t *dims) {
    if (t->rank == rank && memcmp(t->dims, dims, (size_t)rank * sizeof *dims) == 0) return 0;
    aclTensor wanted = {.rank = rank};
    memcpy(wanted.dims, dims, (size_t)rank * sizeof *dims);
    SI_REFUSE(INVALID, "%s: %s is %s, not %s", op, name, si_shape(t), si_shape(&wanted));
}

aclnnStatus check_same_dims(const char *op, const aclTensor *a, const char *a_name, const aclTensor *b, const char *b_name) {
    if (a->rank == b->rank && memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) == 0) return 0;
    SI_REFUSE(INVALID, "%s: %s is %s but %s is %s", op, a_name, si_shape(a), b_name, si_shape(b));
}

aclnnStatus check_axis(const char *op, int64_t *axis, int rank) {
    int64_t axes = rank ? rank : 1;
    if (*axis < -axes || *axis >= axes) SI_REFUSE(INVALID, "%s: axis %lld of %d", op, (long long)*axis, rank);
    if (*axis < 0) *axis += axes;
    return 0;
}

aclnnStatus check_format(const char *op, const aclTensor *t, const char *name, aclFormat format) {
    if (t->format == format) return 0;
    SI_REFUSE(INVALID, "%s: %s has format %d, not %d", op, name, (int)t->format, (int)format);
}

aclnnStatus check_contiguous(const char *op, const aclTensor *t, const char *name) {
    if (si_contiguous(t)) return 0;
    SI_REFUSE(INVALID, "%s: %s %s must be contiguous", op, name, si_shape(t));
}

/// First and one past the last byte of a view.
static void span(const aclTensor *t, char **from, char **to) {
    int64_t low = t->offset, high = t->offset;
    for (int i = 0; i < t->rank; i++) {
        int64_t reach = (t->dims[i] - 1) * t->strides[i];
        if (reach < 0) low += reach;
        else high += reach;
    }
    *from = (char *)t->address + low * (int64_t)si_size(t->dtype);
    *to = (char *)t->address + (high + 1) * (int64_t)si_size(t->dtype);
}

void forbid_overlap(const char *op, const aclTensor *input, const aclTensor *output) {
    if (!input || !output || si_count(input) == 0 || si_count(output) == 0) return;
    char *a, *a_end, *b, *b_end;
    span(input, &a, &a_end);
    span(output, &b, &b_end);
    if (a >= b_end || b >= a_end) return;
    // Columns of one matrix interleave without touching: compare them within the common row.
    int64_t row = 0, other = 0;
    for (int i = 0; i < input->rank; i++) if (input->dims[i] > 1 && input->strides[i] > row) row = input->strides[i];
    for (int i = 0; i < output->rank; i++) if (output->dims[i] > 1 && output->strides[i] > other) other = output->strides[i];
    row *= (int64_t)si_size(input->dtype);
    other *= (int64_t)si_size(output->dtype);
    if (row == other && row > 0) {
        int64_t a_rows = (a_end - a + row - 1) / row, b_rows = (b_end - b + row - 1) / row;
        int64_t a_width = a_end - a - (a_rows - 1) * row, b_width = b_end - b - (b_rows - 1) * row;
        int64_t shift = ((b - a) % row + row) % row;
        if (shift >= a_width && shift + b_width <= row) return;
    }
    si_die("%s would read %s while it writes %s in the same memory", op, si_shape(input), si_shape(output));
}

void forbid_shift(const char *op, const aclTensor *input, const aclTensor *output) {
    if (!input || !output) return;
    bool same = input->address == output->address && input->offset == output->offset && input->dtype == output->dtype && input->rank == output->rank;
    for (int i = 0; same && i < input->rank; i++) same = input->dims[i] == output->dims[i] && (input->dims[i] == 1 || input->strides[i] == output->strides[i]);
    if (!same) forbid_overlap(op, input, output);
}

aclnnStatus broadcast_dims(const char *op, const aclTensor *a, int *rank, int64_t *dims) {
    int wide = a->rank > *rank ? a->rank : *rank;
    int64_t result[MAX_RANK];
    for (int i = 0; i < wide; i++) {
        int own = i - (wide - a->rank), known = i - (wide - *rank);
        int64_t x = own < 0 ? 1 : a->dims[own], y = known < 0 ? 1 : dims[known];
        if (x != y && x != 1 && y != 1) SI_REFUSE(INVALID, "%s: axis %d of %s does not broadcast to %lld", op, own, si_shape(a), (long long)y);
        result[i] = x == 1 ? y : x;
    }
    memcpy(dims, result, (size_t)wide * sizeof *dims);
    *rank = wide;
    return 0;
}

bool is_float(aclDataType type) { return set_of(type) & (FLOATS | F64); }

aclDataType promoted(aclDataType a, aclDataType b) {
    if (a == b) return a;
    if (is_float(a) != is_float(b)) return is_float(a) ? a : b;
    if (is_float(a)) return a == ACL_DOUBLE || b == ACL_DOUBLE ? ACL_DOUBLE : ACL_FLOAT;
    if (a == ACL_BOOL || b == ACL_BOOL) return a == ACL_BOOL ? b : a;
    return type_size(a) > type_size(b) ? a : b;
}

view view_of(const aclTensor *t) {
    view v = {.type = t->dtype, .rank = t->rank, .data = si_data(t)};
    memcpy(v.dims, t->dims, sizeof v.dims);
    memcpy(v.strides, t->strides, sizeof v.strides);
    return v;
}
