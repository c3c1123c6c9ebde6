// A stream's thread runs its tasks in order, later than they were queued.
#define _GNU_SOURCE // nanosleep
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool held;
static si_stream *streams[SI_STREAMS];
static uint64_t issued_before[SI_STREAMS];      /* numbers go on where an earlier stream of the id stopped */

void standin_hold(int hold) {
    si_lock();
    held = hold;
    si_changed();
    si_unlock();
}

static uint64_t random_next(uint64_t *state) {
    *state += 0x9E3779B97F4A7C15;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

static void delay(uint64_t *state) {
    if (*state) nanosleep(&(struct timespec){.tv_nsec = (long)(random_next(state) % 2000000)}, NULL);
}

static void set_error(si_stream *stream, aclError error, const char *text) {
    stream->error = error;
    snprintf(stream->text, sizeof stream->text, "%s", text);
}

/* A stream that stops on failure stops all streams of its context. */
static void stop(const si_stream *failed) {
    for (int id = 0; id < SI_STREAMS; id++) {
        if (!streams[id] || streams[id]->context != failed->context || streams[id]->stopped) continue;
        if (streams[id] != failed) set_error(streams[id], failed->error, failed->text);
        streams[id]->stopped = true;
    }
}

/* Without the lock. */
static aclError perform(si_stream *stream, si_task *task) {
    switch (task->fate) {
    case SI_FATE_NONE: return task->run(stream, task->payload);
    case SI_FATE_KERNEL: return si_fail(si_configured()->kernel_code, "EZ9999: the configured fault of a kernel");
    case SI_FATE_LOST:
        si_device_lose(stream->device, si_configured()->lost_code);
        return si_fail(si_configured()->lost_code, "EE9999: device %d is lost", stream->device);
    case SI_FATE_STUCK:
        si_lock();
        while (!stream->aborting) si_wait(NULL);
        si_unlock();
        return si_fail(107022, "the task was aborted");
    }
    return 0;
}

static bool skips(const si_stream *stream) { return stream->aborting || stream->stopped || si_device_state(stream->device); }

/* On a lost or aborted stream nothing is sure to be there any more. */
static bool dropped_behind_failure(const si_stream *stream) { return stream->stopped && !stream->aborting && !si_device_state(stream->device); }

static void *work(void *argument) {
    si_stream *stream = argument;
    uint64_t state = si_configured()->stress ? si_configured()->stress + (uint64_t)stream->id : 0;
    si_lock();
    for (;;) {
        while ((!stream->first || held) && !stream->aborting && !(stream->closing && !stream->first)) si_wait(NULL);
        si_task *task = stream->first;
        if (!task) break;
        stream->first = task->next;
        if (!stream->first) stream->last = NULL;
        bool skip = skips(stream);
        si_unlock();
        if (!skip) delay(&state);
        aclError error = skip ? 0 : perform(stream, task);
        if (skip && task->drop && dropped_behind_failure(stream)) task->drop(task->payload);
        if (task->release) task->release(task->payload);
        si_lock();
        if (error) set_error(stream, error, si_recent());
        if (error && stream->stop_on_failure) stop(stream);
        stream->ended = task->number;
        free(task);
        si_changed();
    }
    si_unlock();
    return NULL;
}

aclError si_stream_push(si_stream *stream, si_task given) {
    if (stream->told && !si_device_state(stream->device)) si_die("a task was queued on stream %d, which stopped with %d and told so", stream->id, stream->error);
    si_task *task = malloc(sizeof *task);
    *task = given;
    task->number = ++stream->issued;
    si_stream_clock(stream->id)->ended[stream->id] = task->number;
    if (stream->last) stream->last->next = task;
    else stream->first = task;
    stream->last = task;
    si_changed();
    return stream->stopped ? si_stream_error(stream) : si_device_state(stream->device);
}

aclError si_stream_error(si_stream *stream) {
    if (!stream->error) return si_device_state(stream->device);
    aclError error = si_fail(stream->error, "%s", stream->text);
    if (stream->stopped) stream->told = true;
    else stream->error = 0;
    return error;
}

aclError si_stream_await(si_stream *stream, uint64_t number, const struct timespec *deadline, aclError late) {
    while (stream->ended < number)
        if (!si_wait(deadline) && stream->ended < number) return si_fail(late, "stream %d: task %llu has not ended", stream->id, (unsigned long long)number);
    return 0;
}

static si_stream *open_stream(si_context *context) {
    int id = 0;
    while (id < SI_STREAMS && streams[id]) id++;
    if (id == SI_STREAMS) return NULL;
    si_stream *stream = si_object_new(SI_STREAM);
    *stream = (si_stream){.id = id, .device = context->device, .context = context, .issued = issued_before[id], .ended = issued_before[id]};
    streams[id] = stream;
    if (pthread_create(&stream->thread, NULL, work, stream)) si_die("a stream's thread can't be started");
    return stream;
}

void si_stream_close(si_stream *stream, bool abort) {
    stream->closing = true;
    stream->aborting = abort;
    si_changed();
    si_unlock();
    pthread_join(stream->thread, NULL);
    si_lock();
    issued_before[stream->id] = stream->issued;
    si_clock_merge(&si_known, si_stream_clock(stream->id));
    streams[stream->id] = NULL;
}

aclError si_stream_of(aclrtStream handle, si_stream **stream) {
    si_context *context;
    si_unlock();
    aclError error = si_current(&context);
    si_lock();
    if (error) return error;
    if (!handle) {
        if (!context->default_stream) context->default_stream = open_stream(context);
        handle = context->default_stream;
        if (!handle) return si_fail(207005, "EE1023: %d streams are open", SI_STREAMS);
    }
    si_object_expect(handle, SI_STREAM, "a call");
    *stream = handle;
    if ((*stream)->context != context) return si_fail(107003, "EE9999: the stream is of device %d, the current context of %d", (*stream)->device, context->device);
    return 0;
}

aclError aclrtCreateStreamWithConfig(aclrtStream *stream, uint32_t priority, uint32_t flag) {
    SI_ENTER();
    si_context *context;
    SI_TRY(si_current(&context));
    if (!stream) return si_fail(100000, "aclrtCreateStreamWithConfig: stream is NULL");
    if (priority > 7 || flag > 0x3F) return si_fail(107000, "aclrtCreateStreamWithConfig: priority %u, flags %#x", priority, flag);
    SI_TRY(si_device_state(context->device));
    si_lock();
    *stream = open_stream(context);
    si_unlock();
    return *stream ? 0 : si_fail(207005, "EE1023: %d streams are open", SI_STREAMS);
}

aclError aclrtDestroyStream(aclrtStream stream) {
    SI_ENTER();
    if (!stream) return si_fail(100000, "aclrtDestroyStream: stream is NULL");
    si_lock();
    si_stream *found = NULL;
    si_object_expect(stream, SI_STREAM, __func__);
    aclError error = si_stream_of(stream, &found);
    if (!error && si_captures(found)) si_die("aclrtDestroyStream: the stream records");
    if (!error) {
        si_stream_close(found, si_device_state(found->device) != 0);
        si_object_destroy(found, "destroyed");
    }
    si_unlock();
    return error;
}
