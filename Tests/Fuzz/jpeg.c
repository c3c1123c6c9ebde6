#include "image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    decode_image(glm_jpeg_size, glm_jpeg_decode, bytes, count);
    return 0;
}
