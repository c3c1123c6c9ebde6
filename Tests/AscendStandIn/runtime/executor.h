/* An operator between phase 1 and phase 2. */
#pragma once

#include "state.h"

/* Something of the caller's, held by reference: it must still be the same at phase 2. */
typedef struct { const void *object; uint32_t generation; } si_held_reference;

typedef struct {
    si_held_reference tensor;       /* object NULL: an optional tensor that is absent */
    void *address;                  /* as in phase 1, or as set since */
} si_slot;

struct aclOpExecutor {
    const si_operator *op;
    int device;
    void *args;
    size_t args_size;
    si_slot *slots;                 /* inputs, then outputs */
    int inputs, outputs;
    si_held_reference *kept;
    int n_kept;
    uint64_t workspace;
    int determinism;                /* as CANN was asked when it was planned */
    bool repeatable, cached;        /* marked; taken from phase 1's cache */
    uint64_t key;                   /* in that cache */
};

/* Whether CANN keeps such a plan at all. */
bool si_repeatable(const aclOpExecutor *executor);

/* Looks for the plan in the thread's cache, and leaves it there. */
void si_plan_cache_take(aclOpExecutor *executor);
void si_plan_cache_forget(const aclOpExecutor *executor);

void si_executor_free(aclOpExecutor *executor, const char *how);
