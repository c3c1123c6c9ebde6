#include "image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    decode_image(glm_webp_size, glm_webp_decode, bytes, count);
    return 0;
}
