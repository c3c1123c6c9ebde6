// Copies and fills: directions, sizes, and which of them wait.
#include "state.h"

#include <stdlib.h>
#include <string.h>

typedef struct { bool device; bool pinned; const void *address; size_t bytes; } end;

/* One end of a copy, checked against the memory that is really there. */
static end checked(const void *address, size_t bytes, bool device, int current, const char *where) {
    si_block *block = si_block_at(address, where);
    if (device || (block && block->place != SI_HOST)) si_block_expect(address, bytes, device ? current : SI_HOST, where);
    else if (block) si_block_expect(address, bytes, SI_HOST, where);
    return (end){device, block && !device, address, bytes};
}

static aclError check_arguments(const void *dst, size_t destMax, const void *src, size_t count, int kind, const char *function) {
    if (!dst || !src) return si_fail(100000, "%s: %s is NULL", function, dst ? "src" : "dst");
    if (kind < 0 || kind > 3) return si_fail(107000, "%s: kind %d", function, kind);
    if (count > destMax) return si_fail(107000, "%s: count %zu, destMax %zu", function, count, destMax);
    return 0;
}

static bool to_device(int kind) { return kind & 1; }         /* HOST_TO_DEVICE 1, DEVICE_TO_DEVICE 3 */
static bool from_device(int kind) { return kind & 2; }       /* DEVICE_TO_HOST 2, DEVICE_TO_DEVICE 3 */

static void each_access(end to, size_t count, end from, void (*act)(si_access, void *), void *context) {
    if (to.device || to.pinned) act((si_access){to.address, count, true}, context);
    if (from.device || from.pinned) act((si_access){from.address, count, false}, context);
}

typedef struct { si_stream *stream; const char *where; } use;
static void check_host(si_access access, void *context) { si_access_check(access, &si_known, -1, ((use *)context)->where); }
static void check_task(si_access access, void *context) {
    use *u = context;
    si_access_check(access, si_stream_clock(u->stream->id), u->stream->id, u->where);
}
static void note(si_access access, void *context) {
    use *u = context;
    if (si_captures(u->stream)) si_capture_access(u->stream, access);
    else si_access_note(access, u->stream->id, u->stream->issued);
}

aclError aclrtMemcpy(void *dst, size_t destMax, const void *src, size_t count, aclrtMemcpyKind kind) {
    SI_ENTER();
    si_context *context;
    SI_TRY(si_current(&context));
    if (!count && dst && src) return 0;
    SI_TRY(check_arguments(dst, destMax, src, count, (int)kind, __func__));
    SI_TRY(si_device_state(context->device));
    si_lock();
    aclError forbidden = si_capture_forbid(NULL, false, __func__);
    if (!forbidden) {
        end to = checked(dst, destMax, to_device(kind), context->device, "aclrtMemcpy (dst)");
        end from = checked(src, count, from_device(kind), context->device, "aclrtMemcpy (src)");
        each_access(to, count, from, check_host, &(use){NULL, __func__});
    }
    si_unlock();
    if (forbidden) return forbidden;
    memmove(si_readable(dst), si_readable(src), count);
    return 0;
}

typedef struct {
    void *dst;
    const void *src;
    size_t count;
    int value;
    void *before;                   /* what pinned memory held, for a copy that is dropped behind a failure; or NULL */
} copy;

static void restore(void *payload) {
    copy *c = payload;
    if (c->before) memcpy(c->dst, c->before, c->count);
}

static void release(void *payload) {
    free(((copy *)payload)->before);
    free(payload);
}

/* Makes pinned memory read as poison until the copy has run. */
static void poison(copy *c) {
    c->before = malloc(c->count);
    memcpy(c->before, c->dst, c->count);
    memset(c->dst, STANDIN_NEW, c->count);
}

static aclError run_copy(si_stream *stream, void *payload) {
    (void)stream;
    copy *c = payload;
    memmove(c->dst, c->src, c->count);
    return 0;
}

static aclError run_fill(si_stream *stream, void *payload) {
    (void)stream;
    copy *c = payload;
    memset(c->dst, c->value, c->count);
    return 0;
}

static aclError queue(si_stream *stream, const char *function, si_task task) {
    return si_captures(stream) ? si_capture_task(stream, function, task, false) : si_stream_push(stream, task);
}

/* With pageable memory the call returns only when the copy is done; what pinned memory holds till then is poison, and behind a failure
 * what it held before. */
aclError aclrtMemcpyAsync(void *dst, size_t destMax, const void *src, size_t count, aclrtMemcpyKind kind, aclrtStream stream) {
    SI_ENTER();
    if (!count && dst && src) return 0;
    SI_TRY(check_arguments(dst, destMax, src, count, (int)kind, __func__));
    if (kind == ACL_MEMCPY_HOST_TO_HOST) return si_fail(207000, "aclrtMemcpyAsync: host to host");
    si_lock();
    si_stream *found;
    aclError error = si_stream_of(stream, &found);
    if (!error) {
        end to = checked(dst, destMax, to_device(kind), found->device, "aclrtMemcpyAsync (dst)");
        end from = checked(src, count, from_device(kind), found->device, "aclrtMemcpyAsync (src)");
        bool pageable = (!to.device && !to.pinned) || (!from.device && !from.pinned), records = si_captures(found);
        if (pageable) error = si_capture_forbid(found, true, "aclrtMemcpyAsync with pageable memory");
        if (error) {
            si_unlock();
            return error;
        }
        if (!records) each_access(to, count, from, check_task, &(use){found, __func__});
        copy *c = malloc(sizeof *c);
        *c = (copy){.dst = si_readable(dst), .src = si_readable(src), .count = count};
        if (!records && to.pinned && si_access_idle((si_access){dst, count, true})) poison(c);
        error = queue(found, __func__, (si_task){.run = run_copy, .payload = c, .release = release, .drop = restore});
        each_access(to, count, from, note, &(use){found, __func__});
        if (pageable) {
            si_stream_await(found, found->issued, NULL, 0);
            si_clock_merge(&si_known, si_stream_clock(found->id));
            if (!error) error = si_stream_error(found);
        }
    }
    si_unlock();
    return error;
}

aclError aclrtMemsetAsync(void *devPtr, size_t maxCount, int32_t value, size_t count, aclrtStream stream) {
    SI_ENTER();
    if (!devPtr) return si_fail(100000, "aclrtMemsetAsync: devPtr is NULL");
    if (count > maxCount) return si_fail(107000, "aclrtMemsetAsync: count %zu, maxCount %zu", count, maxCount);
    if (!count) return 0;
    si_lock();
    si_stream *found;
    aclError error = si_stream_of(stream, &found);
    if (!error) {
        si_block_expect(devPtr, maxCount, found->device, __func__);
        si_access access = {devPtr, count, true};
        use of = {found, __func__};
        if (!si_captures(found)) check_task(access, &of);
        copy *c = malloc(sizeof *c);
        *c = (copy){.dst = si_readable(devPtr), .count = count, .value = value};
        error = queue(found, __func__, (si_task){.run = run_fill, .payload = c, .release = release});
        note(access, &of);
    }
    si_unlock();
    return error;
}
