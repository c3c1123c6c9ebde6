// Scalars, int arrays and tensor lists: what operators take beside tensors.
#include "state.h"

#include <stdlib.h>
#include <string.h>

aclScalar *aclCreateScalar(void *value, aclDataType dataType) {
    si_count_call();
    if (!value || !si_size(dataType) || dataType == ACL_FLOAT16 || dataType == ACL_BF16) {
        /* CANN takes 16 bit values too; nothing here makes any. */
        si_fail(161001, "aclCreateScalar: %s", value ? si_dtype_name(dataType) : "value is NULL");
        return NULL;
    }
    aclScalar made = {.dtype = dataType};
    switch ((int)dataType) {
    case ACL_FLOAT: made.real = *(float *)value; break;
    case ACL_DOUBLE: made.real = *(double *)value; break;
    case ACL_INT64: made.integer = *(int64_t *)value; break;
    case ACL_INT32: made.integer = *(int32_t *)value; break;
    case ACL_INT8: made.integer = *(int8_t *)value; break;
    default: made.integer = *(uint8_t *)value; break;
    }
    if (dataType == ACL_FLOAT || dataType == ACL_DOUBLE) made.integer = (int64_t)made.real;
    else made.real = (double)made.integer;
    si_lock();
    aclScalar *scalar = si_object_new(SI_SCALAR);
    *scalar = made;
    si_unlock();
    return scalar;
}

aclIntArray *aclCreateIntArray(const int64_t *value, uint64_t size) {
    si_count_call();
    if (!value && size) {
        si_fail(161001, "aclCreateIntArray: value is NULL");
        return NULL;
    }
    si_lock();
    aclIntArray *array = si_object_new(SI_INTS);
    array->count = size;
    array->values = malloc((size + 1) * sizeof *value);
    if (size) memcpy(array->values, value, size * sizeof *value);
    si_unlock();
    return array;
}

/* The list takes its tensors over. */
aclTensorList *aclCreateTensorList(const aclTensor *const *value, uint64_t size) {
    si_count_call();
    if (!value && size) {
        si_fail(161001, "aclCreateTensorList: value is NULL");
        return NULL;
    }
    si_lock();
    for (uint64_t i = 0; i < size; i++) si_object_expect(value[i], SI_TENSOR, __func__);
    aclTensorList *list = si_object_new(SI_LIST);
    list->count = size;
    list->tensors = malloc((size + 1) * sizeof *value);
    if (size) memcpy(list->tensors, value, size * sizeof *value);
    si_unlock();
    return list;
}

aclnnStatus aclDestroyScalar(const aclScalar *scalar) {
    si_count_call();
    if (!scalar) return 0;
    si_lock();
    si_object_expect(scalar, SI_SCALAR, __func__);
    si_object_destroy(scalar, "destroyed");
    si_unlock();
    return 0;
}

aclnnStatus aclDestroyIntArray(const aclIntArray *array) {
    si_count_call();
    if (!array) return 0;
    si_lock();
    si_object_expect(array, SI_INTS, __func__);
    free(array->values);
    si_object_destroy(array, "destroyed");
    si_unlock();
    return 0;
}

aclnnStatus aclDestroyTensorList(const aclTensorList *list) {
    si_count_call();
    if (!list) return 0;
    si_lock();
    si_object_expect(list, SI_LIST, __func__);
    for (uint64_t i = 0; i < list->count; i++) {
        si_object_expect(list->tensors[i], SI_TENSOR, __func__);
        si_object_destroy(list->tensors[i], "destroyed with its list");
    }
    free(list->tensors);
    si_object_destroy(list, "destroyed");
    si_unlock();
    return 0;
}

static aclnnStatus need(const void *object, si_kind kind, const char *name) {
    if (!object) return si_fail(161001, "%s is NULL", name);
    si_lock();
    si_object_expect(object, kind, name);
    si_unlock();
    return 0;
}

aclnnStatus si_need_scalar(const aclScalar *scalar, const char *name) { return need(scalar, SI_SCALAR, name); }
aclnnStatus si_need_ints(const aclIntArray *array, const char *name) { return need(array, SI_INTS, name); }

aclnnStatus si_need_list(const aclTensorList *list, const char *name) {
    SI_TRY(need(list, SI_LIST, name));
    for (uint64_t i = 0; i < list->count; i++) SI_TRY(si_need(list->tensors[i], name));
    return 0;
}
