// aclrtMalloc, aclrtFree and their kin for the host.
#include "state.h"

enum { SMALL = 1 << 20, SMALL_PAGE = 4096, HUGE_PAGE = 2 << 20 };

/* As CANN rounds: 32 bytes and 32 more, then whole pages. */
static size_t held(size_t size) {
    size_t rounded = (size + 31) / 32 * 32 + 32, page = size <= SMALL ? SMALL_PAGE : HUGE_PAGE;
    return (rounded + page - 1) / page * page;
}

aclError aclrtMalloc(void **devPtr, size_t size, aclrtMemMallocPolicy policy) {
    SI_ENTER();
    si_context *context;
    SI_TRY(si_current(&context));
    if (!devPtr) return si_fail(100000, "aclrtMalloc: devPtr is NULL");
    if (!size) return si_fail(100000, "aclrtMalloc: size is 0");
    if ((int)policy < 0 || ((int)policy > 7 && (int)policy < 0x100)) return si_fail(100000, "aclrtMalloc: policy %d", (int)policy);
    SI_TRY(si_device_state(context->device));
    si_lock();
    aclError forbidden = si_capture_forbid(NULL, false, __func__);
    if (forbidden) {
        *devPtr = NULL;
        si_unlock();
        return forbidden;
    }
    size_t capacity = (size_t)si_configured()->capacity, others = si_machine_held(si_physical(context->device), true);
    bool fails = si_next_malloc_fails() || others > capacity || size > capacity;
    *devPtr = fails ? NULL : si_block_new(context->device, size, held(size), capacity - others);
    size_t taken = si_held(context->device) + others;
    si_unlock();
    if (!*devPtr) return si_fail(207001, "EL0004: device %d: no room for %zu bytes, %zu of %zu are taken", context->device, size, taken, capacity);
    return 0;
}

/* A lost device writes nothing any more, so that its memory may be given back without waiting. */
static aclError give_back(void *address, bool host, const char *function) {
    si_context *context;
    SI_TRY(si_current(&context));
    if (!address) return si_fail(100000, "%s: the pointer is NULL", function);
    bool lost = si_device_state(context->device) != 0;
    si_lock();
    aclError forbidden = si_capture_forbid(NULL, false, function);
    if (forbidden) {
        si_unlock();
        return forbidden;
    }
    si_block *block = si_block_at(address, function);
    if (!block || (block->place == SI_HOST) != host) si_die("%s was given %p, which is no %s memory", function, address, host ? "pinned host" : "device");
    if (block->start != (uintptr_t)address) si_die("%s was given %p, %zu bytes behind the start of its block", function, address, (size_t)((uintptr_t)address - block->start));
    if (!lost) si_access_check((si_access){address, block->size, true}, &si_known, -1, function);
    if (!host) si_block_check_guard(block, function);
    si_graph_check_free(block, function);
    si_block_free(block);
    si_unlock();
    return 0;
}

aclError aclrtFree(void *devPtr) {
    SI_ENTER();
    return give_back(devPtr, false, __func__);
}

aclError aclrtMallocHost(void **hostPtr, size_t size) {
    SI_ENTER();
    si_context *context;
    SI_TRY(si_current(&context));
    if (!hostPtr || !size) return si_fail(100000, "aclrtMallocHost: %s", hostPtr ? "size is 0" : "hostPtr is NULL");
    si_lock();
    aclError forbidden = si_capture_forbid(NULL, false, __func__);
    if (forbidden) {
        si_unlock();
        return forbidden;
    }
    *hostPtr = si_block_new(SI_HOST, size, held(size), SIZE_MAX);
    si_unlock();
    return *hostPtr ? 0 : si_fail(207001, "aclrtMallocHost: no room for %zu bytes", size);
}

aclError aclrtFreeHost(void *hostPtr) {
    SI_ENTER();
    return give_back(hostPtr, true, __func__);
}

aclError aclrtGetMemInfo(aclrtMemAttr attr, size_t *free, size_t *total) {
    SI_ENTER();
    si_context *context;
    SI_TRY(si_current(&context));
    if (!free || !total) return si_fail(100000, "aclrtGetMemInfo: a result is NULL");
    aclrtMemAttr own = si_soc_get()->family == SI_310P ? ACL_DDR_MEM : ACL_HBM_MEM;
    if (attr != own) return si_fail(107000, "aclrtGetMemInfo: %s has no %s", si_soc_get()->name, own == ACL_HBM_MEM ? "DDR" : "HBM");
    SI_TRY(si_device_state(context->device));
    si_lock();
    *total = (size_t)si_configured()->capacity;
    size_t taken = si_held(context->device) + si_machine_held(si_physical(context->device), true);
    *free = taken < *total ? *total - taken : 0;
    si_unlock();
    return 0;
}
