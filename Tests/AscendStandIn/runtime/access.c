// Which ranges queued tasks read and write, until the host knows that they ended: what frees, overwrites or reads them too early is
// found by the order of calls alone, whether or not the stream was quick enough this time.
#include "state.h"

#include <stdlib.h>
#include <string.h>

typedef struct { si_access access; uint64_t number; } noted;
typedef struct { noted *items; size_t first, count, capacity; } list;

static list lists[SI_STREAMS];

static void forget_known(int stream) {
    list *l = &lists[stream];
    while (l->count && l->items[l->first].number <= si_known.ended[stream]) l->first++, l->count--;
    if (!l->count) l->first = 0;
}

void si_access_note(si_access access, int stream, uint64_t number) {
    if (!access.bytes) return;
    forget_known(stream);
    list *l = &lists[stream];
    if (l->first + l->count == l->capacity) {
        if (l->first > l->capacity / 2) {
            memmove(l->items, l->items + l->first, l->count * sizeof *l->items);
            l->first = 0;
        } else {
            l->capacity = l->capacity ? 2 * l->capacity : 256;
            l->items = realloc(l->items, l->capacity * sizeof *l->items);
        }
    }
    l->items[l->first + l->count++] = (noted){access, number};
}

static bool overlap(si_access a, si_access b) {
    uintptr_t x = (uintptr_t)a.address, y = (uintptr_t)b.address;
    return x < y + b.bytes && y < x + a.bytes;
}

/* The last task that conflicts and isn't known to come before; its stream in `of`. */
static const noted *conflict(si_access access, const si_clock *after, int own_stream, int *of) {
    for (int stream = 0; stream < SI_STREAMS; stream++) {
        if (stream == own_stream) continue;
        forget_known(stream);
        const list *l = &lists[stream];
        for (size_t i = l->count; i-- > 0;) {
            const noted *n = &l->items[l->first + i];
            if (n->number <= after->ended[stream]) break;
            *of = stream;
            if ((n->access.write || access.write) && overlap(n->access, access)) return n;
        }
    }
    return NULL;
}

bool si_access_idle(si_access access) {
    int stream;
    return !conflict(access, &si_known, -1, &stream);
}

void si_access_check(si_access access, const si_clock *after, int own_stream, const char *where) {
    int stream;
    const noted *n = access.bytes ? conflict(access, after, own_stream, &stream) : NULL;
    if (!n) return;
    si_die("%s %s %zu bytes at %p, which task %llu of stream %d may still %s: nothing waited for it", where, access.write ? "takes" : "reads",
           access.bytes, access.address, (unsigned long long)n->number, stream, n->access.write ? "write" : "read");
}
