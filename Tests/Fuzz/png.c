#include "image.h"

#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    decode_image(glm_png_size, glm_png_decode, bytes, count);
    return 0;
}

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t count, size_t capacity);

static uint32_t number(const uint8_t *bytes) { return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3]; }

// Any mutation, after which three times of four the chunks' checksums are made right: few random bytes would get past them.
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t capacity, unsigned int seed) {
    count = LLVMFuzzerMutate(bytes, count, capacity);
    if (seed % 4 == 0) return count;
    for (size_t position = 8; position + 12 <= count;) {
        size_t length = number(bytes + position);
        if (length > count - position - 12) break;
        uint32_t sum = (uint32_t)crc32(0, bytes + position + 4, (uInt)length + 4);
        position += length + 8;
        for (int shift = 24; shift >= 0; shift -= 8) bytes[position++] = (uint8_t)(sum >> shift);
    }
    return count;
}
