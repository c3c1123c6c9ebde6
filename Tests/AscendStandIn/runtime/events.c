// Events: a place in a stream's order, that the host and other streams may wait for. They pass behind a failed kernel
// too and tell nothing of it: what a stopped stream's event answers is documented nowhere, so this is the answer that hides most.
#define _GNU_SOURCE // clock_gettime
#include "state.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
    uint32_t flags;
    int device;
    si_stream *stream;              /* of the last record; NULL before any */
    uint32_t stream_generation;
    uint64_t number, recordings;
    si_clock before;                /* what the record comes after, itself included */
    struct timespec time;
    bool timed, hardware;           /* it holds one of the card's hardware events */
} event;

static int hardware[SI_DEVICES];

int standin_events(int32_t device) { return device >= 0 && device < SI_DEVICES ? hardware[device] : 0; }

void si_events_reset(void) { memset(hardware, 0, sizeof hardware); }

/* ACL_EVENT_SYNC takes a hardware event at its first record, until it is destroyed. CANN waits where none is left, maybe for ever. */
static void take_hardware(event *e) {
    if (e->hardware || !(e->flags & ACL_EVENT_SYNC)) return;
    int limit = si_configured()->events;
    if (hardware[e->device] >= limit) si_die("aclrtRecordEvent waits for ever: %d events of ACL_EVENT_SYNC hold all of device %d", limit, e->device);
    hardware[e->device]++;
    e->hardware = true;
}

aclError aclrtCreateEventExWithFlag(aclrtEvent *created, uint32_t flag) {
    SI_ENTER();
    si_context *context;
    SI_TRY(si_current(&context));
    if (!created) return si_fail(100000, "aclrtCreateEventExWithFlag: event is NULL");
    if (!flag || flag > 0x7F) return si_fail(107000, "aclrtCreateEventExWithFlag: flags %#x", flag);
    si_lock();
    event *e = si_object_new(SI_EVENT);
    e->flags = flag;
    e->device = context->device;
    si_unlock();
    *created = e;
    return 0;
}

aclError aclrtDestroyEvent(aclrtEvent handle) {
    SI_ENTER();
    if (!handle) return si_fail(100000, "aclrtDestroyEvent: event is NULL");
    si_lock();
    si_object_expect(handle, SI_EVENT, __func__);
    event *e = handle;
    if (e->hardware) hardware[e->device]--;
    si_object_destroy(handle, "destroyed");
    si_unlock();
    return 0;
}

typedef struct { event *event; uint32_t generation; uint64_t recording; } record;

static aclError mark(si_stream *stream, void *payload) {
    (void)stream;
    record *r = payload;
    si_lock();
    if (si_object_live(r->event, SI_EVENT) && si_object_generation(r->event) == r->generation && r->event->recordings == r->recording) {
        clock_gettime(CLOCK_MONOTONIC, &r->event->time);
        r->event->timed = true;
    }
    si_unlock();
    return 0;
}

aclError aclrtRecordEvent(aclrtEvent handle, aclrtStream stream) {
    SI_ENTER();
    if (!handle) return si_fail(100000, "aclrtRecordEvent: event is NULL");
    si_lock();
    si_object_expect(handle, SI_EVENT, __func__);
    event *e = handle;
    si_stream *found;
    aclError error = si_stream_of(stream, &found);
    if (!error && si_captures(found)) error = si_capture_forbid(found, true, "aclrtRecordEvent, which here joins no other stream,");
    if (!error && e->device != found->device) error = si_fail(107003, "aclrtRecordEvent: the event is of device %d, the stream of %d", e->device, found->device);
    if (!error) {
        take_hardware(e);
        record *r = malloc(sizeof *r);
        *r = (record){e, si_object_generation(e), ++e->recordings};
        error = si_stream_push(found, (si_task){.run = mark, .payload = r, .release = free});
        e->stream = found;
        e->stream_generation = si_object_generation(found);
        e->number = found->issued;
        e->before = *si_stream_clock(found->id);
        e->timed = false;
    }
    si_unlock();
    return error;
}

/* A stream that is gone ran all it had. */
static si_stream *stream_of(const event *e) {
    bool live = e->stream && si_object_live(e->stream, SI_STREAM) && si_object_generation(e->stream) == e->stream_generation;
    return live ? e->stream : NULL;
}

aclError aclrtQueryEventStatus(aclrtEvent handle, aclrtEventRecordedStatus *status) {
    SI_ENTER();
    if (!handle || !status) return si_fail(100000, "aclrtQueryEventStatus: an argument is NULL");
    si_lock();
    si_object_expect(handle, SI_EVENT, __func__);
    event *e = handle;
    si_stream *stream = stream_of(e);
    aclError forbidden = si_capture_forbid(stream, true, __func__);
    if (forbidden) {
        si_unlock();
        return forbidden;
    }
    bool complete = !stream || stream->ended >= e->number;
    if (complete) si_clock_merge(&si_known, &e->before);
    *status = complete ? ACL_EVENT_RECORDED_STATUS_COMPLETE : ACL_EVENT_RECORDED_STATUS_NOT_READY;
    aclError error = stream ? si_device_state(stream->device) : 0;
    si_unlock();
    return error;
}

aclError aclrtSynchronizeEventWithTimeout(aclrtEvent handle, int32_t timeout) {
    SI_ENTER();
    if (!handle) return si_fail(100000, "aclrtSynchronizeEventWithTimeout: event is NULL");
    if (timeout < -1 || timeout == 0) return si_fail(107000, "aclrtSynchronizeEventWithTimeout: timeout %d", timeout);
    struct timespec deadline = si_deadline(timeout < 0 ? 0 : timeout);
    si_lock();
    si_object_expect(handle, SI_EVENT, __func__);
    event *e = handle;
    si_stream *stream = stream_of(e);
    si_clock before = e->before;
    aclError error = si_capture_forbid(stream, true, __func__);
    if (!error && stream) error = si_stream_await(stream, e->number, timeout < 0 ? NULL : &deadline, 507047);
    if (!error) si_clock_merge(&si_known, &before);
    if (!error && stream) error = si_device_state(stream->device);
    si_unlock();
    return error;
}

typedef struct { si_stream *stream; uint32_t generation; uint64_t number; } wait;

static aclError hold_back(si_stream *own, void *payload) {
    wait *w = payload;
    si_lock();
    while (!own->aborting && si_object_live(w->stream, SI_STREAM) && si_object_generation(w->stream) == w->generation && w->stream->ended < w->number) si_wait(NULL);
    si_unlock();
    return 0;
}

aclError aclrtStreamWaitEvent(aclrtStream stream, aclrtEvent handle) {
    SI_ENTER();
    if (!handle) return si_fail(100000, "aclrtStreamWaitEvent: event is NULL");
    si_lock();
    si_object_expect(handle, SI_EVENT, __func__);
    event *e = handle;
    si_stream *found;
    aclError error = si_stream_of(stream, &found);
    if (!error && si_captures(found)) error = si_capture_forbid(found, true, "aclrtStreamWaitEvent, which here joins no other stream,");
    if (!error && e->flags == ACL_EVENT_CAPTURE_STREAM_PROGRESS) error = si_fail(107000, "aclrtStreamWaitEvent: an event of CAPTURE_STREAM_PROGRESS is for the host alone");
    if (!error && stream_of(e)) {
        wait *w = malloc(sizeof *w);
        *w = (wait){e->stream, e->stream_generation, e->number};
        si_clock_merge(si_stream_clock(found->id), &e->before);
        error = si_stream_push(found, (si_task){.run = hold_back, .payload = w, .release = free});
    }
    si_unlock();
    return error;
}

aclError aclrtEventElapsedTime(float *ms, aclrtEvent startEvent, aclrtEvent endEvent) {
    SI_ENTER();
    if (!ms || !startEvent || !endEvent) return si_fail(100000, "aclrtEventElapsedTime: an argument is NULL");
    si_lock();
    si_object_expect(startEvent, SI_EVENT, __func__);
    si_object_expect(endEvent, SI_EVENT, __func__);
    event *start = startEvent, *end = endEvent;
    bool timeline = start->flags & end->flags & ACL_EVENT_TIME_LINE, timed = start->timed && end->timed;
    if (timeline && timed) *ms = (float)(end->time.tv_sec - start->time.tv_sec) * 1e3f + (float)(end->time.tv_nsec - start->time.tv_nsec) / 1e6f;
    si_unlock();
    if (!timeline) return si_fail(107006, "aclrtEventElapsedTime: an event was made without TIME_LINE");
    return timed ? 0 : si_fail(107007, "aclrtEventElapsedTime: an event is not recorded yet");
}
