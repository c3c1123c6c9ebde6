// On which thread a device's operators are planned. CANN keeps its plans for each thread: a device whose work moves between threads
// finds none of them again.
#include "state.h"

#include <string.h>

static struct { bool planned, moved; pthread_t thread; } devices[SI_DEVICES];

void si_threads_reset(void) { memset(devices, 0, sizeof devices); }

/* One move is free: from the thread that opened the device to the one that drives it. */
void si_plans_on_this_thread(int device) {
    if (!si_configured()->one_thread) return;
    bool same = devices[device].planned && pthread_equal(devices[device].thread, pthread_self());
    if (same) return;
    if (devices[device].moved) si_die("operators of device %d are planned on a third thread, or on one that it had left", device);
    devices[device].moved = devices[device].planned;
    devices[device].planned = true;
    devices[device].thread = pthread_self();
}
