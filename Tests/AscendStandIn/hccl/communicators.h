/* Communicators: the devices of one process that exchange tensors. */
#pragma once

#include "../runtime/state.h"

enum { SI_RANKS = SI_DEVICES };

typedef struct si_collective si_collective;

/* One collective as its ranks come to it. */
typedef struct {
    uint64_t number;
    int arrived;
    bool done;
    const si_collective *calls[SI_RANKS];
} si_round;

typedef struct {
    int size, live;                 /* ranks, and those whose communicator is not destroyed */
    si_round rounds[2];             /* no rank is more than one collective ahead of another */
} si_group;

typedef struct {
    bool live;
    si_group *group;
    int rank, device;
    uint64_t queued, ended;         /* collectives */
    void *buffers;                  /* of the device's memory */
    HcclResult asynchronous;
} si_communicator;

/* Ends the process unless it is a live communicator. Called with the lock. */
si_communicator *si_communicator_expect(HcclComm handle, const char *where);
/* How long a collective waits for its ranks, in milliseconds. */
int32_t si_collective_patience(void);
