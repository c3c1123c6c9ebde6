#include "glm_wire.h"

#ifdef __GLIBC__
#include <malloc.h>

void glm_wire_keep_memory(void) {
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_TOP_PAD, 64 << 20);
    mallopt(M_ARENA_MAX, 1); /* the heaps of further arenas are unmapped as soon as they are empty */
}
#else
void glm_wire_keep_memory(void) {}
#endif

const uint8_t *glm_wire_descriptor_set_start(void) {
    return glm_wire_descriptor_set;
}
