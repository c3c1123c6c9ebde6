// PNG and JPEG by libpng and libjpeg, between plain buffers: nothing here calls back, and no jump leaves a function.
#ifndef CIMAGECODECS_H
#define CIMAGECODECS_H

#include <stddef.h>
#include <stdint.h>

// What every function returns.
enum {
    GLM_IMAGE_OK = 0,
    GLM_IMAGE_MALFORMED = 1,   // the message says how
    GLM_IMAGE_UNSUPPORTED = 2, // well-formed, but a variant that is not read
    GLM_IMAGE_NO_MEMORY = 3,
};

#define GLM_IMAGE_MESSAGE_BYTES 256

typedef struct {
    uint32_t width, height; // pixels
} glm_image_size;

// A picture's size from its header alone. `message`: GLM_IMAGE_MESSAGE_BYTES, filled on failure.
int glm_png_size(const uint8_t *bytes, size_t count, glm_image_size *size, char *message);
int glm_jpeg_size(const uint8_t *bytes, size_t count, glm_image_size *size, char *message);

// Decodes into `rgb`, size.height × size.width × 3; fails if the picture is not of that size.
//
// PNG: palettes looked up, 16 bit cut to the high byte, transparency composited over white, colour profiles and gamma ignored.
// JPEG: CMYK and YCCK read by Adobe's convention, inverted. Data that ends early fails; what libjpeg can mend is accepted.
int glm_png_decode(const uint8_t *bytes, size_t count, glm_image_size size, uint8_t *rgb, char *message);
int glm_jpeg_decode(const uint8_t *bytes, size_t count, glm_image_size size, uint8_t *rgb, char *message);

// Encodes into a buffer that the caller frees with glm_image_free.
int glm_png_encode(const uint8_t *rgb, glm_image_size size, uint8_t **bytes, size_t *count, char *message);
int glm_jpeg_encode(const uint8_t *rgb, glm_image_size size, int quality, uint8_t **bytes, size_t *count, char *message);
void glm_image_free(uint8_t *bytes);

#endif
