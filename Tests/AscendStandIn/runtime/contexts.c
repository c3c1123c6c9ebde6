// Devices and the context that every thread has of its own.
#define _GNU_SOURCE // nanosleep
#include "state.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

static struct { int references; si_context *context; atomic_int lost; } devices[SI_DEVICES];
static _Thread_local si_context *current;
static _Thread_local uint32_t current_generation;
static atomic_bool was_set;

/* Device numbers that ASCEND_RT_VISIBLE_DEVICES leaves, ascending; parsing stops at the first token that is none. */
static int visible(int numbers[SI_DEVICES]) {
    int all = si_configured()->devices, count = 0;
    const char *list = getenv("ASCEND_RT_VISIBLE_DEVICES");
    if (!list) {
        for (; count < all; count++) numbers[count] = count;
        return count;
    }
    for (const char *at = list; *at;) {
        char *end;
        long number = strtol(at, &end, 10);
        if (end == at || (*end && *end != ',') || number < 0 || number >= all) break;
        if (count && number <= numbers[count - 1]) return 0;
        numbers[count++] = (int)number;
        if (!*end) break;
        at = end + 1;
    }
    return count;
}

int si_physical(int device) {
    int numbers[SI_DEVICES];
    return device < visible(numbers) ? numbers[device] : -1;
}

static aclError check_device(int32_t device, const char *function) {
    int numbers[SI_DEVICES], count = visible(numbers);
    if (device < 0 || device >= count) return si_fail(107001, "%s: device %d, there are %d", function, device, count);
    return 0;
}

aclError aclrtGetDeviceCount(uint32_t *count) {
    SI_ENTER();
    if (!count) return si_fail(100000, "aclrtGetDeviceCount: count is NULL");
    int numbers[SI_DEVICES];
    *count = (uint32_t)visible(numbers);
    return *count ? 0 : si_fail(207004, "EE2002: no device: ASCEND_RT_VISIBLE_DEVICES must name ascending devices, each once");
}

static void slow_start(void) {
    if (!atomic_exchange(&was_set, true) && si_configured()->slow_set_device) nanosleep(&(struct timespec){.tv_sec = 2}, NULL);
}

aclError aclrtSetDevice(int32_t deviceId) {
    SI_ENTER();
    SI_TRY(check_device(deviceId, __func__));
    slow_start();
    SI_TRY(si_device_state(deviceId));
    si_lock();
    if (!devices[deviceId].references++) {
        devices[deviceId].context = si_object_new(SI_CONTEXT);
        devices[deviceId].context->device = deviceId;
        si_machine_tell(deviceId);
    }
    current = devices[deviceId].context;
    current_generation = si_object_generation(current);
    si_unlock();
    return 0;
}

static void release(int device) {
    si_context *context = devices[device].context;
    if (context->default_stream) {
        si_stream_close(context->default_stream, true);
        si_object_destroy(context->default_stream, "destroyed with its device");
    }
    si_object_destroy(context, "destroyed by aclrtResetDevice");
    devices[device].context = NULL;
    devices[device].references = 0;
}

static si_context *leaving;
static void expect_foreign(void *object) {
    si_stream *stream = object;
    if (stream->context == leaving && stream != leaving->default_stream) si_die("aclrtResetDevice: a stream of device %d is not destroyed", leaving->device);
}

aclError aclrtResetDevice(int32_t deviceId) {
    SI_ENTER();
    SI_TRY(check_device(deviceId, __func__));
    si_lock();
    if (!devices[deviceId].references) {
        si_unlock();
        return si_fail(107001, "aclrtResetDevice: device %d is not set", deviceId);
    }
    if (!--devices[deviceId].references) {
        leaving = devices[deviceId].context;
        si_object_each(SI_STREAM, expect_foreign);
        release(deviceId);
        si_memory_clear(deviceId);
        si_machine_leave(deviceId);
    }
    si_unlock();
    return 0;
}

static void close_stream(void *object) {
    si_stream_close(object, true);
    si_object_destroy(object, "destroyed by aclFinalize");
}
static void drop(void *object) { si_object_destroy(object, "destroyed by aclFinalize"); }

void si_device_reset_all(void) {
    si_lock();
    si_object_each(SI_STREAM, close_stream);
    si_object_each(SI_EVENT, drop);
    si_object_each(SI_GRAPH, si_graph_drop);
    si_events_reset();
    for (int device = 0; device < SI_DEVICES; device++) {
        bool was_open = devices[device].context;
        if (was_open) {
            devices[device].context->default_stream = NULL;
            release(device);
        }
        devices[device].lost = 0;
        si_memory_clear(device);
        if (was_open) si_machine_leave(device);
    }
    si_memory_clear(SI_HOST);
    was_set = false;
    si_unlock();
}

aclError si_current(si_context **context) {
    si_lock();
    bool live = current && si_object_live(current, SI_CONTEXT) && si_object_generation(current) == current_generation;
    si_unlock();
    *context = live ? current : NULL;
    return live ? 0 : si_fail(107002, "EE9999: this thread has no current context");
}

aclError aclrtGetCurrentContext(aclrtContext *context) {
    SI_ENTER();
    if (!context) return si_fail(100000, "aclrtGetCurrentContext: context is NULL");
    si_context *found;
    SI_TRY(si_current(&found));
    *context = found;
    return 0;
}

aclError aclrtSetCurrentContext(aclrtContext context) {
    SI_ENTER();
    if (!context) return si_fail(100000, "aclrtSetCurrentContext: context is NULL");
    si_lock();
    si_object_expect(context, SI_CONTEXT, __func__);
    current = context;
    current_generation = si_object_generation(context);
    si_unlock();
    return 0;
}

aclError si_device_state(int device) {
    aclError lost = devices[device].lost;
    return lost ? si_fail(lost, "EE9999: device %d is lost", device) : 0;
}

void si_device_lose(int device, aclError code) { devices[device].lost = code; }

aclError aclrtQueryDeviceStatus(int32_t deviceId, aclrtDeviceStatus *status) {
    SI_ENTER();
    if (!status) return si_fail(100000, "aclrtQueryDeviceStatus: status is NULL");
    SI_TRY(check_device(deviceId, __func__));
    *status = devices[deviceId].lost ? ACL_DEVICE_STATUS_ABNORMAL : ACL_DEVICE_STATUS_NORMAL;
    return 0;
}
