// aclInit, aclFinalize and the lock of everything.
#include "state.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static atomic_ullong calls;
static atomic_bool initialised, finalised;

void si_lock(void) { pthread_mutex_lock(&lock); }
void si_unlock(void) { pthread_mutex_unlock(&lock); }
void si_changed(void) { pthread_cond_broadcast(&changed); }

bool si_wait(const struct timespec *deadline) {
    if (!deadline) return pthread_cond_wait(&changed, &lock) == 0;
    return pthread_cond_timedwait(&changed, &lock, deadline) == 0;
}

struct timespec si_deadline(int32_t milliseconds) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    time.tv_sec += milliseconds / 1000;
    time.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (time.tv_nsec >= 1000000000) time.tv_sec++, time.tv_nsec -= 1000000000;
    return time;
}

void si_count_call(void) { atomic_fetch_add(&calls, 1); }
uint64_t standin_calls(void) { return atomic_load(&calls); }
bool si_initialised(void) { return initialised; }

aclError si_enter(const char *function) {
    si_count_call();
    if (!initialised) return si_fail(100001, "%s before aclInit", function);
    return 0;
}

aclError aclInit(const char *configPath) {
    (void)configPath;
    si_count_call();
    si_lock();
    bool again = initialised;
    if (!again) {
        si_configure();
        si_reset_faults();
        si_options_reset();
        si_plan_cache_reset();
        si_threads_reset();
        initialised = true;
    }
    si_unlock();
    return again ? si_fail(100002, "aclInit was called before") : 0;
}

static int leaks;

static void tell(si_kind kind) {
    int count = si_object_count(kind);
    if (!count) return;
    fprintf(stderr, "stand-in: at aclFinalize %d %s%s not destroyed\n", count, si_kind_name(kind), count == 1 ? " is" : "s are");
    leaks += count;
}

aclError aclFinalize(void) {
    si_count_call();
    if (!initialised) return si_fail(finalised ? 100037 : 100001, finalised ? "aclFinalize was called before" : "aclFinalize before aclInit");
    leaks = 0;
    si_lock();
    for (si_kind kind = SI_STREAM; kind < SI_KINDS; kind++) tell(kind);
    leaks += si_memory_report();
    si_unlock();
    if (leaks && si_configured()->leaks_abort) si_die("%d leaks", leaks);
    si_device_reset_all();
    initialised = false;
    finalised = true;
    return 0;
}
