// HcclCommInitAll and its kin. A communicator is one of a fixed table, so that any handle can be judged.
#define _GNU_SOURCE // pause
#include "communicators.h"

#include <stdlib.h>
#include <unistd.h>

enum { COMMUNICATORS = 64, DEFAULT_BUFFER = 200, DEFAULT_PATIENCE = 1836 };

static si_communicator communicators[COMMUNICATORS];

static long setting(const char *name, long standard) {
    const char *text = getenv(name);
    return text && *text ? strtol(text, NULL, 10) : standard;
}

int32_t si_collective_patience(void) { return (int32_t)setting("HCCL_EXEC_TIMEOUT", DEFAULT_PATIENCE) * 1000; }

si_communicator *si_communicator_expect(HcclComm handle, const char *where) {
    for (int i = 0; i < COMMUNICATORS; i++)
        if (handle == &communicators[i]) {
            if (!communicators[i].live) si_die("%s was given a communicator that was destroyed", where);
            return &communicators[i];
        }
    si_die("%s was given %p, which is no communicator", where, handle);
}

static HcclResult check_devices(uint32_t count, const int32_t *devices) {
    for (uint32_t i = 0; i < count; i++) {
        if (devices[i] < 0 || devices[i] >= SI_DEVICES || si_physical(devices[i]) < 0) return (HcclResult)si_fail(HCCL_E_PARA, "HcclCommInitAll: there is no device %d", devices[i]);
        for (uint32_t j = 0; j < i; j++)
            if (devices[i] == devices[j]) return (HcclResult)si_fail(HCCL_E_PARA, "HcclCommInitAll: device %d is named twice", devices[i]);
    }
    return HCCL_SUCCESS;
}

/* A buffer for each direction. */
static void *take_buffers(int device) {
    size_t bytes = 2 * (size_t)setting("HCCL_BUFFSIZE", DEFAULT_BUFFER) << 20, capacity = (size_t)si_configured()->capacity;
    size_t others = si_machine_held(si_physical(device), true);
    return others > capacity ? NULL : si_block_new(device, bytes, bytes, capacity - others);
}

static void release(si_communicator *c) {
    si_block_free(si_block_at(c->buffers, "HcclCommDestroy"));
    if (!--c->group->live) free(c->group);
    c->live = false;
}

static si_communicator *open_communicator(si_group *group, int rank, int device) {
    int i = 0;
    while (i < COMMUNICATORS && communicators[i].live) i++;
    void *buffers = i < COMMUNICATORS ? take_buffers(device) : NULL;
    if (!buffers) return NULL;
    communicators[i] = (si_communicator){.live = true, .group = group, .rank = rank, .device = device, .buffers = buffers};
    group->live++;
    return &communicators[i];
}

HcclResult HcclCommInitAll(uint32_t ndev, int32_t *devices, HcclComm *comms) {
    if (si_enter(__func__)) return HCCL_E_UNAVAIL;
    if (!devices || !comms) return (HcclResult)si_fail(HCCL_E_PTR, "HcclCommInitAll: an argument is NULL");
    if (!ndev || ndev > SI_RANKS) return (HcclResult)si_fail(HCCL_E_PARA, "HcclCommInitAll: %u devices", ndev);
    if (check_devices(ndev, devices)) return HCCL_E_PARA;
    si_lock();
    si_group *group = calloc(1, sizeof *group);
    group->size = (int)ndev;
    group->live = 1;                /* till all are open */
    HcclResult result = HCCL_SUCCESS;
    uint32_t opened = 0;
    bool waits = false;
    for (; opened < ndev && !result; opened++) {
        if (devices[opened] == si_configured()->apart) {
            waits = true;
            comms[opened] = NULL;
            continue;
        }
        comms[opened] = open_communicator(group, (int)opened, devices[opened]);
        if (!comms[opened]) result = HCCL_E_MEMORY;
    }
    if (result) {
        for (uint32_t i = 0; i + 1 < opened; i++) if (comms[i]) release(comms[i]);
        si_fail(HCCL_E_MEMORY, "HcclCommInitAll: no room for the buffers of device %d", devices[opened - 1]);
    }
    if (!--group->live) free(group);
    si_unlock();
    while (waits && !result) pause();
    return result;
}

HcclResult HcclCommDestroy(HcclComm comm) {
    if (si_enter(__func__)) return HCCL_E_UNAVAIL;
    if (!comm) return (HcclResult)si_fail(HCCL_E_PTR, "HcclCommDestroy: comm is NULL");
    si_lock();
    si_communicator *c = si_communicator_expect(comm, __func__);
    bool idle = c->ended == c->queued;
    if (idle) release(c);
    si_unlock();
    return idle ? HCCL_SUCCESS : (HcclResult)si_fail(HCCL_E_AGAIN, "HcclCommDestroy: a collective has not ended");
}

HcclResult HcclGetCommAsyncError(HcclComm comm, HcclResult *asyncError) {
    if (si_enter(__func__)) return HCCL_E_UNAVAIL;
    if (!comm || !asyncError) return (HcclResult)si_fail(HCCL_E_PTR, "HcclGetCommAsyncError: an argument is NULL");
    si_lock();
    *asyncError = si_communicator_expect(comm, __func__)->asynchronous;
    si_unlock();
    return HCCL_SUCCESS;
}

HcclResult HcclSetConfig(HcclConfig config, HcclConfigValue configValue) {
    if (si_enter(__func__)) return HCCL_E_UNAVAIL;
    if (config != HCCL_DETERMINISTIC || configValue.value < 0 || configValue.value > 1)
        return (HcclResult)si_fail(HCCL_E_PARA, "HcclSetConfig: %d of configuration %d", configValue.value, (int)config);
    si_lock();
    for (int i = 0; i < COMMUNICATORS; i++)
        if (communicators[i].live) si_die("HcclSetConfig: communicators are there already, which it does not reach");
    si_unlock();
    return HCCL_SUCCESS;
}
