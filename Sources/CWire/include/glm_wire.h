/* What the Swift side needs of C beside the generated codec. */
#ifndef GLM_WIRE_H
#define GLM_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* The encoded FileDescriptorSet of all services; see proto/generate.sh. */
extern const uint8_t glm_wire_descriptor_set[];
extern const size_t glm_wire_descriptor_set_size;
/* The first of its bytes: an array of unknown length has no Swift type. */
const uint8_t *glm_wire_descriptor_set_start(void);

/* Tells the allocator to keep large blocks instead of mapping them anew for each message: without it a message of
 * 16 MiB spends most of its time in page faults. Call it first in main; does nothing on systems without glibc. */
void glm_wire_keep_memory(void);

#endif
