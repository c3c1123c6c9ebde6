// Memory of devices, and pinned memory of the host. A device's address lies in a window that nobody can read; the stand-in reads
// the same byte in a second range, a fixed distance away. Addresses are never used again: what was freed stays known as freed.
#define _GNU_SOURCE // MAP_ANONYMOUS
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LEAD = 64 };                 /* a block starts LEAD behind its page: aligned to 64 bytes and to no more */
static const size_t window = (size_t)1 << 41;

typedef struct {
    uintptr_t base;
    ptrdiff_t distance;             /* from the window to what is readable */
    size_t next, held;
    si_block *blocks;
    int count, capacity;
} arena;

static arena arenas[SI_DEVICES + 1];

static arena *arena_of(int place) {
    arena *a = &arenas[place];
    if (!a->base) {
        void *range = mmap(NULL, place == SI_HOST ? window : 2 * window, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (range == MAP_FAILED) si_die("no address space for device %d", place);
        a->base = (uintptr_t)range;
        a->distance = place == SI_HOST ? 0 : (ptrdiff_t)window;
    }
    return a;
}

static int place_of(const void *address) {
    for (int place = 0; place <= SI_HOST; place++)
        if (arenas[place].base && (uintptr_t)address - arenas[place].base < window) return place;
    return -1;
}

void *si_readable(const void *address) {
    int place = place_of(address);
    return (char *)address + (place < 0 ? 0 : arenas[place].distance);
}

static size_t page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

static size_t mapped(size_t size) { return (LEAD + (size + 31) / 32 * 32 + 32 + page_size() - 1) / page_size() * page_size(); }

size_t si_held(int place) { return arenas[place].held; }

void *si_block_new(int place, size_t size, size_t held, size_t capacity) {
    arena *a = arena_of(place);
    if (held < size || held > capacity || a->held > capacity - held) return NULL;
    size_t length = mapped(size);
    if (length + page_size() > window - a->next) si_die("the stand-in's addresses for device %d are used up: %zu bytes were allocated in all", place, a->next);
    if (a->count == a->capacity) {
        a->capacity = a->capacity ? 2 * a->capacity : 256;
        a->blocks = realloc(a->blocks, (size_t)a->capacity * sizeof *a->blocks);
    }
    uintptr_t page = a->base + a->next;
    si_map_poison((void *)(page + (uintptr_t)a->distance), length);
    a->blocks[a->count++] = (si_block){.start = page + LEAD, .size = size, .held = held, .place = place, .live = true};
    a->next += length + page_size();        /* a page of nothing between */
    a->held += held;
    si_machine_tell(place);
    return (void *)(page + LEAD);
}

void si_block_free(si_block *block) {
    arena *a = &arenas[block->place];
    block->live = false;
    a->held -= block->held;
    si_machine_tell(block->place);
    uintptr_t page = block->start - LEAD + (uintptr_t)a->distance;
    void *gone = mmap((void *)page, mapped(block->size), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (gone == MAP_FAILED) si_die("a block of %zu bytes can't be unmapped", block->size);
}

static const char *place_name(int place) {
    static _Thread_local char text[32];
    if (place == SI_HOST) return "pinned host memory";
    snprintf(text, sizeof text, "memory of device %d", place);
    return text;
}

si_block *si_block_at(const void *address, const char *where) {
    int place = place_of(address);
    if (place < 0) return NULL;
    arena *a = &arenas[place];
    int low = 0, high = a->count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (a->blocks[middle].start <= (uintptr_t)address) low = middle + 1;
        else high = middle;
    }
    si_block *block = low ? &a->blocks[low - 1] : NULL;
    if (!block || (uintptr_t)address - block->start >= block->size) si_die("%s was given %p, outside every block of the %s", where, address, place_name(place));
    if (!block->live) si_die("%s was given %p, in a freed block of %zu bytes of the %s", where, address, block->size, place_name(place));
    return block;
}

si_block *si_block_expect(const void *address, size_t bytes, int place, const char *where) {
    si_block *block = si_block_at(address, where);
    if (!block) si_die("%s was given %p, which is pageable host memory, in place of %s", where, address, place_name(place));
    if (block->place != place) {
        char found[32];
        snprintf(found, sizeof found, "%s", place_name(block->place));
        si_die("%s was given %p, which is %s, in place of %s", where, address, found, place_name(place));
    }
    size_t from = (uintptr_t)address - block->start;
    if (bytes > block->size - from) si_die("%s takes %zu bytes from byte %zu of a block of %zu", where, bytes, from, block->size);
    return block;
}

void si_block_check_guard(const si_block *block, const char *where) {
    const unsigned char *start = si_readable((const void *)(block->start)), *page = start - LEAD, *end = page + mapped(block->size);
    for (const unsigned char *p = page; p < start; p++)
        if (*p != STANDIN_NEW) si_die("%s: the guard before a block of %zu bytes was written", where, block->size);
    for (const unsigned char *p = start + (block->size + 31) / 32 * 32 + 32; p < end; p++)
        if (*p != STANDIN_NEW) si_die("%s: the guard %td bytes behind the start of a block of %zu was written", where, p - start, block->size);
}

int si_memory_report(void) {
    int live = 0;
    for (int place = 0; place <= SI_HOST; place++)
        for (int i = 0; i < arenas[place].count; i++) {
            const si_block *block = &arenas[place].blocks[i];
            if (!block->live) continue;
            fprintf(stderr, "stand-in: at aclFinalize a block of %zu bytes of the %s is not freed\n", block->size, place_name(place));
            live++;
        }
    return live;
}

void si_memory_clear(int place) {
    for (int i = 0; i < arenas[place].count; i++)
        if (arenas[place].blocks[i].live) si_block_free(&arenas[place].blocks[i]);
}

const void *standin_peek(const void *device) {
    si_lock();
    int place = place_of(device);
    const void *at = NULL;
    for (int i = 0; place >= 0 && i < arenas[place].count; i++) {
        const si_block *block = &arenas[place].blocks[i];
        if (block->live && (uintptr_t)device - block->start < block->size) at = si_readable(device);
    }
    si_unlock();
    return at;
}

uint64_t standin_allocated(int32_t device) {
    si_lock();
    uint64_t held = device >= 0 && device < SI_DEVICES ? arenas[device].held : 0;
    si_unlock();
    return held;
}
