// PNG, JPEG and WebP by libpng, libjpeg and libwebp, between plain buffers: nothing here calls back, and no jump leaves a function.
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
int glm_webp_size(const uint8_t *bytes, size_t count, glm_image_size *size, char *message);

// Decodes into `rgb`, size.height × size.width × 3; fails if the picture is not of that size.
//
// All: transparency composited over white as PIL does; what follows the last pixel is not read. Data that ends before it fails.
// PNG: palettes looked up, 16 bit cut to the high byte, colour profiles and gamma ignored.
// JPEG: the first image of several; CMYK and YCCK read by Adobe's convention, inverted. What libjpeg can mend is accepted.
// WebP: lossy and lossless; the first frame of an animation.
int glm_png_decode(const uint8_t *bytes, size_t count, glm_image_size size, uint8_t *rgb, char *message);
int glm_jpeg_decode(const uint8_t *bytes, size_t count, glm_image_size size, uint8_t *rgb, char *message);
int glm_webp_decode(const uint8_t *bytes, size_t count, glm_image_size size, uint8_t *rgb, char *message);

// Encodes into a buffer that the caller frees with glm_image_free.
int glm_png_encode(const uint8_t *rgb, glm_image_size size, uint8_t **bytes, size_t *count, char *message);
int glm_jpeg_encode(const uint8_t *rgb, glm_image_size size, int quality, uint8_t **bytes, size_t *count, char *message);
int glm_webp_encode(const uint8_t *rgb, glm_image_size size, int quality, uint8_t **bytes, size_t *count, char *message);
void glm_image_free(uint8_t *bytes);

// Decompresses zlib data whole, or fails. `capacity`: of `target` in bytes; then how many were written.
int glm_inflate(const uint8_t *bytes, size_t count, uint8_t *target, size_t *capacity);

// The checksum of PNG's chunks.
uint32_t glm_crc32(const uint8_t *bytes, size_t count);

#endif
