// Phase 1's own cache, one a thread: the same call, addresses aside, is found there unless its plan was marked or can't be kept.
// What came out of it can't be marked.
#include "executor.h"

#include <string.h>

/* CANN's holds 10,000 plans and drops the one not used for longest; here a plan gives way to another that falls on its place. */
enum { PLACES = 1 << 14 };
static _Thread_local uint64_t places[PLACES];
static uint64_t process;            /* of aclInit to aclFinalize: what was planned in another one is gone */

void si_plan_cache_reset(void) { process++; }

static void add(uint64_t *hash, const void *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) *hash = (*hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001B3;
}

static uint64_t key(const aclOpExecutor *executor) {
    uint64_t hash = 0xCBF29CE484222325;
    add(&hash, &process, sizeof process);
    add(&hash, &executor->op, sizeof executor->op);
    add(&hash, &executor->device, sizeof executor->device);
    add(&hash, executor->args, executor->args_size);
    for (int i = 0; i < executor->inputs + executor->outputs; i++) {
        const aclTensor *tensor = executor->slots[i].tensor.object;
        if (!tensor) continue;
        add(&hash, &i, sizeof i);
        add(&hash, &tensor->dtype, sizeof tensor->dtype);
        add(&hash, &tensor->format, sizeof tensor->format);
        add(&hash, &tensor->offset, sizeof tensor->offset);
        add(&hash, tensor->dims, (size_t)tensor->rank * sizeof *tensor->dims);
        add(&hash, tensor->strides, (size_t)tensor->rank * sizeof *tensor->strides);
        add(&hash, tensor->storage, (size_t)tensor->storage_rank * sizeof *tensor->storage);
    }
    return hash;
}

void si_plan_cache_take(aclOpExecutor *executor) {
    executor->key = key(executor);
    uint64_t *place = &places[executor->key % PLACES];
    executor->cached = *place == executor->key;
    if (si_repeatable(executor)) *place = executor->key;
}

void si_plan_cache_forget(const aclOpExecutor *executor) {
    uint64_t *place = &places[executor->key % PLACES];
    if (*place == executor->key) *place = 0;
}
