#include "CImageCodecs.h"

#include <string.h>

#include <zlib.h>

int glm_inflate(const uint8_t *bytes, size_t count, uint8_t *target, size_t *capacity) {
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    if (inflateInit(&stream) != Z_OK) return GLM_IMAGE_NO_MEMORY;
    stream.next_in = (Bytef *)bytes;
    stream.avail_in = (uInt)count;
    stream.next_out = target;
    stream.avail_out = (uInt)*capacity;
    int status = inflate(&stream, Z_FINISH);
    *capacity -= stream.avail_out;
    inflateEnd(&stream);
    return status == Z_STREAM_END ? GLM_IMAGE_OK : GLM_IMAGE_MALFORMED;
}
