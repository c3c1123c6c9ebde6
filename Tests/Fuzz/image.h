// What the fuzzers of the image codecs share.
#include "CImageCodecs.h"

#include <stdlib.h>

enum { MAXIMUM_PIXELS = 1 << 20 };

typedef int size_function(const uint8_t *bytes, size_t count, glm_image_size *size, char *message);
typedef int decode_function(const uint8_t *bytes, size_t count, glm_image_size size, uint8_t *rgb, char *message);

// As the callers do: the size first, and nothing is decoded that is over their limits.
static void decode_image(size_function *read_size, decode_function *decode, const uint8_t *bytes, size_t count) {
    char message[GLM_IMAGE_MESSAGE_BYTES];
    glm_image_size size;
    if (read_size(bytes, count, &size, message) != GLM_IMAGE_OK) return;
    if (!size.width || !size.height || (unsigned long long)size.width * size.height > MAXIMUM_PIXELS) return;
    uint8_t *rgb = malloc((size_t)size.width * size.height * 3);
    decode(bytes, count, size, rgb, message);
    free(rgb);
}
