// aclTensor: made, destroyed, and judged before every operator.
#include "state.h"

#include <stdio.h>
#include <string.h>

size_t si_size(aclDataType dtype) {
    switch ((int)dtype) {
    case ACL_INT8: case ACL_UINT8: case ACL_BOOL: return 1;
    case ACL_FLOAT16: case ACL_BF16: return 2;
    case ACL_FLOAT: case ACL_INT32: return 4;
    case ACL_INT64: case ACL_DOUBLE: return 8;
    default: return 0;
    }
}

const char *si_dtype_name(aclDataType dtype) {
    switch ((int)dtype) {
    case ACL_INT8: return "int8";
    case ACL_UINT8: return "uint8";
    case ACL_BOOL: return "bool";
    case ACL_FLOAT16: return "float16";
    case ACL_BF16: return "bfloat16";
    case ACL_FLOAT: return "float32";
    case ACL_INT32: return "int32";
    case ACL_INT64: return "int64";
    case ACL_DOUBLE: return "double";
    default: return "an unknown type";
    }
}

int64_t si_count(const aclTensor *tensor) {
    int64_t count = 1;
    for (int i = 0; i < tensor->rank; i++) count *= tensor->dims[i];
    return count;
}

bool si_contiguous(const aclTensor *tensor) {
    int64_t stride = 1;
    for (int i = tensor->rank - 1; i >= 0; i--) {
        if (tensor->dims[i] != 1 && tensor->strides[i] != stride) return false;
        stride *= tensor->dims[i];
    }
    return true;
}

const char *si_shape(const aclTensor *tensor) {
    static _Thread_local char texts[8][192];
    static _Thread_local int turn;
    char *text = texts[turn++ % 8];
    int at = snprintf(text, 192, "[");
    for (int i = 0; i < tensor->rank; i++) at += snprintf(text + at, (size_t)(192 - at), "%s%lld", i ? ", " : "", (long long)tensor->dims[i]);
    snprintf(text + at, (size_t)(192 - at), "]");
    return text;
}

/* Elements from the storage's base to behind the view's last one; 0 for a view without elements. */
static int64_t extent(const aclTensor *tensor) {
    int64_t last = tensor->offset;
    for (int i = 0; i < tensor->rank; i++) {
        if (!tensor->dims[i]) return 0;
        last += (tensor->dims[i] - 1) * tensor->strides[i];
    }
    return last + 1;
}

aclTensor *aclCreateTensor(const int64_t *viewDims, uint64_t viewDimsNum, aclDataType dataType, const int64_t *stride, int64_t offset, aclFormat format,
                           const int64_t *storageDims, uint64_t storageDimsNum, void *tensorData) {
    si_count_call();
    if (viewDimsNum > SI_DIMS || storageDimsNum > SI_DIMS || (viewDimsNum && !viewDims) || (storageDimsNum && !storageDims) || offset < 0) {
        si_fail(161002, "aclCreateTensor: %llu dims, storage of %llu, offset %lld; there can be %d dims", (unsigned long long)viewDimsNum,
                (unsigned long long)storageDimsNum, (long long)offset, SI_DIMS);
        return NULL;
    }
    aclTensor made = {.dtype = dataType, .format = format, .rank = (int)viewDimsNum, .offset = offset, .storage_rank = (int)storageDimsNum, .address = tensorData};
    int64_t contiguous = 1, stored = 1;
    for (int i = made.rank - 1; i >= 0; i--) {
        made.dims[i] = viewDims[i];
        made.strides[i] = stride ? stride[i] : contiguous;
        if (made.dims[i] < 0 || made.strides[i] < 0) {
            si_fail(161002, "aclCreateTensor: dim %lld, stride %lld", (long long)made.dims[i], (long long)made.strides[i]);
            return NULL;
        }
        contiguous *= made.dims[i];
    }
    for (int i = 0; i < made.storage_rank; i++) stored *= made.storage[i] = storageDims[i];
    if (extent(&made) > stored)
        si_die("aclCreateTensor: the view %s at %lld reaches element %lld of a storage of %lld", si_shape(&made), (long long)offset, (long long)extent(&made), (long long)stored);
    si_lock();
    aclTensor *tensor = si_object_new(SI_TENSOR);
    *tensor = made;
    si_unlock();
    return tensor;
}

aclnnStatus aclDestroyTensor(const aclTensor *tensor) {
    si_count_call();
    if (!tensor) return 0;
    si_lock();
    si_object_expect(tensor, SI_TENSOR, __func__);
    si_object_destroy(tensor, "destroyed");
    si_unlock();
    return 0;
}

si_access si_tensor_access(const aclTensor *tensor, bool write) {
    size_t size = si_size(tensor->dtype);
    int64_t end = extent(tensor);
    if (!end) return (si_access){tensor->address, 0, write};
    return (si_access){(char *)tensor->address + (size_t)tensor->offset * size, (size_t)(end - tensor->offset) * size, write};
}

void si_tensor_check_memory(const aclTensor *tensor, int device, const char *where) {
    si_access access = si_tensor_access(tensor, false);
    if (!access.bytes) return;
    if ((uintptr_t)tensor->address % 32) si_die("%s: a tensor's address %p is not aligned to 32 bytes", where, tensor->address);
    si_block_expect(tensor->address, (size_t)((const char *)access.address - (const char *)tensor->address) + access.bytes, device, where);
}

aclnnStatus si_optional(const aclTensor *tensor, const char *name) { return tensor ? si_need(tensor, name) : 0; }

aclnnStatus si_need(const aclTensor *tensor, const char *name) {
    if (!tensor) return si_fail(161001, "%s is NULL", name);
    si_context *context;
    if (si_current(&context)) return 361001;
    si_lock();
    si_object_expect(tensor, SI_TENSOR, name);
    if (!si_size(tensor->dtype)) si_die("%s has the element type %d, which no tensor of ours should have", name, (int)tensor->dtype);
    if (tensor->address || !si_count(tensor)) si_tensor_check_memory(tensor, context->device, name);
    si_unlock();
    return 0;
}

void *si_at(const aclTensor *tensor, int64_t linear) {
    int64_t offset = 0;
    for (int i = tensor->rank - 1; i >= 0; i--) {
        offset += linear % tensor->dims[i] * tensor->strides[i];
        linear /= tensor->dims[i];
    }
    return tensor->data + offset * (int64_t)si_size(tensor->dtype);
}
