#include "CImageCodecs.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Of any chunk but the picture's data. Chunks that we skip may be large and are never held; those that we keep are small.
#define MAXIMUM_CHUNK_BYTES (64 << 20)

typedef struct {
    const uint8_t *bytes;
    size_t count, position;
} reader;

typedef struct {
    uint8_t *bytes;
    size_t count, capacity;
} writer;

static void fail(png_structp png, png_const_charp text) {
    snprintf(png_get_error_ptr(png), GLM_IMAGE_MESSAGE_BYTES, "%s", text);
    png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void read_bytes(png_structp png, png_bytep target, size_t count) {
    reader *source = png_get_io_ptr(png);
    if (count > source->count - source->position) png_error(png, "the data ends early");
    memcpy(target, source->bytes + source->position, count);
    source->position += count;
}

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
    writer *target = png_get_io_ptr(png);
    if (count > target->capacity - target->count) {
        size_t capacity = target->capacity * 2 + count;
        uint8_t *grown = realloc(target->bytes, capacity);
        if (!grown) png_error(png, "no memory");
        target->bytes = grown;
        target->capacity = capacity;
    }
    memcpy(target->bytes + target->count, bytes, count);
    target->count += count;
}

static void flush_nothing(png_structp png) { (void)png; }

static png_structp open_reader(reader *source, png_infop *info, char *message) {
    message[0] = 0;
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore);
    if (!png) return NULL;
    *info = png_create_info_struct(png);
    if (!*info) {
        png_destroy_read_struct(&png, NULL, NULL);
        return NULL;
    }
    png_set_read_fn(png, source, read_bytes);
    // The caller has its own limits; libpng's would only hide the size from them.
    png_set_user_limits(png, 0x7FFFFFFF, 0x7FFFFFFF);
    png_set_chunk_malloc_max(png, MAXIMUM_CHUNK_BYTES);
#ifdef PNG_HANDLE_AS_UNKNOWN_SUPPORTED
    // Texts, times, profiles: not read, so that nothing in them can be large or wrong.
    static const png_byte unused[] = "bKGD\0cHRM\0eXIf\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0sBIT\0sCAL\0sPLT\0sRGB\0tEXt\0tIME\0zTXt";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, unused, sizeof unused / 5);
#endif
    return png;
}

int glm_png_size(const uint8_t *bytes, size_t count, glm_image_size *size, char *message) {
    reader source = {bytes, count, 0};
    png_infop info = NULL;
    png_structp png = open_reader(&source, &info, message);
    if (!png) return GLM_IMAGE_NO_MEMORY;
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, NULL);
        return GLM_IMAGE_MALFORMED;
    }
    png_read_info(png, info);
    size->width = png_get_image_width(png, info);
    size->height = png_get_image_height(png, info);
    png_destroy_read_struct(&png, &info, NULL);
    return GLM_IMAGE_OK;
}

int glm_png_decode(const uint8_t *bytes, size_t count, glm_image_size size, uint8_t *rgb, char *message) {
    reader source = {bytes, count, 0};
    png_infop info = NULL;
    png_structp png = open_reader(&source, &info, message);
    if (!png) return GLM_IMAGE_NO_MEMORY;
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, NULL);
        return GLM_IMAGE_MALFORMED;
    }
    png_read_info(png, info);
    if (png_get_image_width(png, info) != size.width || png_get_image_height(png, info) != size.height) png_error(png, "two sizes");

    png_set_expand(png);
    if (png_get_valid(png, info, PNG_INFO_tRNS) || png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA) {
        png_uint_16 most = png_get_bit_depth(png, info) == 16 ? 65535 : 255;
        png_color_16 white = {0, most, most, most, most};
        png_set_background(png, &white, PNG_BACKGROUND_GAMMA_SCREEN, 0, 1.0);
    }
    png_set_strip_16(png);
    png_set_gray_to_rgb(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    size_t row_bytes = (size_t)size.width * 3;
    if (png_get_rowbytes(png, info) != row_bytes) png_error(png, "rows of an unexpected length");
    for (int pass = 0; pass < passes; pass++) {
        for (uint32_t row = 0; row < size.height; row++) png_read_row(png, rgb + row * row_bytes, NULL);
    }
    png_read_end(png, NULL);
    png_destroy_read_struct(&png, &info, NULL);
    return GLM_IMAGE_OK;
}

int glm_png_encode(const uint8_t *rgb, glm_image_size size, uint8_t **bytes, size_t *count, char *message) {
    message[0] = 0;
    // Kept behind a pointer so that a jump can't lose what write_bytes changed.
    writer *target = calloc(1, sizeof *target);
    png_structp png = target ? png_create_write_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore) : NULL;
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_write_struct(&png, NULL);
        free(target);
        return GLM_IMAGE_NO_MEMORY;
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        free(target->bytes);
        free(target);
        return GLM_IMAGE_MALFORMED;
    }
    png_set_write_fn(png, target, write_bytes, flush_nothing);
    png_set_user_limits(png, 0x7FFFFFFF, 0x7FFFFFFF);
    png_set_IHDR(png, info, size.width, size.height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    // Fast settings: within a few percent of the smallest file at a fraction of its time.
    png_set_compression_level(png, 2);
    png_set_filter(png, 0, PNG_FILTER_UP | PNG_FILTER_SUB | PNG_FILTER_PAETH);
    png_write_info(png, info);
    for (uint32_t row = 0; row < size.height; row++) png_write_row(png, rgb + row * (size_t)size.width * 3);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    *bytes = target->bytes;
    *count = target->count;
    free(target);
    return GLM_IMAGE_OK;
}

void glm_image_free(uint8_t *bytes) { free(bytes); }
