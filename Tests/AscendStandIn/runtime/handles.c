// Handles are addresses of slots in one reserved range, so that any value can be judged without reading what it points to.
// A destroyed slot is used again only after some thousand others, with a new generation.
#define _GNU_SOURCE // MAP_ANONYMOUS
#include "state.h"

#include <string.h>
#include <sys/mman.h>

enum { SLOT = 1024, SLOTS = 1 << 20, REST = 4096 };

typedef struct {
    si_kind kind;
    bool live;
    uint32_t generation;
    const char *how;
    uint32_t next;                  /* in the queue of destroyed slots */
} header;

enum { BODY = 64 };

static char *slots;
static uint32_t used, oldest, newest, resting;
static int counts[SI_KINDS];

static const char *const names[SI_KINDS] = {"handle", "context", "stream", "event", "tensor", "scalar", "int array", "tensor list", "executor", "recording"};
const char *si_kind_name(si_kind kind) { return names[kind]; }
int si_object_count(si_kind kind) { return counts[kind]; }

static header *slot(uint32_t index) { return (header *)(slots + (size_t)index * SLOT); }

static header *find(const void *handle) {
    uintptr_t at = (uintptr_t)handle, from = (uintptr_t)slots + BODY;
    if (!slots || at < from || (at - from) % SLOT || (at - from) / SLOT >= used) return NULL;
    return slot((uint32_t)((at - from) / SLOT));
}

void *si_object_new(si_kind kind) {
    if (!slots) {
        slots = mmap(NULL, (size_t)SLOT * SLOTS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (slots == MAP_FAILED) si_die("no room for handles");
    }
    header *h;
    if (resting > REST) {
        h = slot(oldest);
        oldest = h->next;
        resting--;
    } else {
        if (used == SLOTS) si_die("more than %d handles are live", SLOTS);
        h = slot(used++);
    }
    h->kind = kind;
    h->live = true;
    h->generation++;
    counts[kind]++;
    void *object = (char *)h + BODY;
    memset(object, 0, SLOT - BODY);
    return object;
}

bool si_object_live(const void *handle, si_kind kind) {
    header *h = find(handle);
    return h && h->live && h->kind == kind;
}

uint32_t si_object_generation(const void *handle) { return find(handle)->generation; }

si_kind si_object_kind(const void *handle) {
    header *h = find(handle);
    return h && h->live ? h->kind : SI_NO_KIND;
}

void si_object_expect(const void *handle, si_kind kind, const char *where) {
    header *h = find(handle);
    if (!h) si_die("%s was given %p, which is no %s", where, handle, names[kind]);
    if (!h->live) si_die("%s was given the %s %p, which was %s", where, names[h->kind], handle, h->how);
    if (h->kind != kind) si_die("%s was given the %s %p in place of the %s", where, names[h->kind], handle, names[kind]);
}

void si_object_destroy(const void *handle, const char *how) {
    header *h = find(handle);
    h->live = false;
    h->how = how;
    counts[h->kind]--;
    uint32_t index = (uint32_t)(((char *)h - slots) / SLOT);
    if (resting) slot(newest)->next = index;
    else oldest = index;
    newest = index;
    resting++;
}

void si_object_each(si_kind kind, void (*visit)(void *object)) {
    for (uint32_t i = 0; i < used; i++)
        if (slot(i)->live && slot(i)->kind == kind) visit((char *)slot(i) + BODY);
}
