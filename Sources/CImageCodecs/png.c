#include "CImageCodecs.h"
#include "composite.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Of any chunk but the picture's data. Chunks that we skip may be large and are never held; those that we keep are small.
#define MAXIMUM_CHUNK_BYTES (64 << 20)

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

// What is read, and where to. The functions that libpng calls fill it; its owner is not the function that calls setjmp, so that no
// jump can lose a change.
typedef struct {
    glm_image_size size;
    uint8_t *rgb;  // NULL: only the size is wanted
    uint8_t *rgba; // of a picture with transparency: all rows if it is interlaced, else one
    int is_interlaced, is_complete, lacks_memory;
} picture;

static void on_header(png_structp png, png_infop info) {
    picture *target = png_get_progressive_ptr(png);
    glm_image_size size = {png_get_image_width(png, info), png_get_image_height(png, info)};
    if (!target->rgb) {
        target->size = size;
        target->is_complete = 1;
        png_process_data_pause(png, 0);
        return;
    }
    if (size.width != target->size.width || size.height != target->size.height) png_error(png, "two sizes");
    png_set_expand(png);
    png_set_strip_16(png);
    png_set_gray_to_rgb(png);
    target->is_interlaced = png_set_interlace_handling(png) > 1;
    int has_alpha = png_get_valid(png, info, PNG_INFO_tRNS) || png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA;
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != (size_t)size.width * (has_alpha ? 4 : 3)) png_error(png, "rows of an unexpected length");
    if (!has_alpha) return;
    target->rgba = malloc((size_t)size.width * 4 * (target->is_interlaced ? size.height : 1));
    target->lacks_memory = !target->rgba;
    if (target->lacks_memory) png_error(png, "no memory");
}

static void on_row(png_structp png, png_bytep pixels, png_uint_32 row, int pass) {
    picture *target = png_get_progressive_ptr(png);
    size_t width = target->size.width, height = target->size.height;
    uint8_t *rgb = target->rgb + row * width * 3;
    if (!target->rgba) {
        png_progressive_combine_row(png, rgb, pixels);
    } else if (target->is_interlaced) {
        png_progressive_combine_row(png, target->rgba + row * width * 4, pixels);
    } else {
        png_progressive_combine_row(png, target->rgba, pixels);
        glm_composite(target->rgba, rgb, width);
    }
    if (row + 1 < height || (target->is_interlaced && pass < 6)) return;
    target->is_complete = 1;
    if (target->rgba && target->is_interlaced) glm_composite(target->rgba, target->rgb, width * height);
}

static png_structp open_reader(picture *target, png_infop *info, char *message) {
    message[0] = 0;
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore);
    if (!png) return NULL;
    *info = png_create_info_struct(png);
    if (!*info) {
        png_destroy_read_struct(&png, NULL, NULL);
        return NULL;
    }
    png_set_progressive_read_fn(png, target, on_header, on_row, NULL);
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

// The length of the file up to the end of the pixels. What follows is not read: it may be lacking, or anything.
static size_t pixels_end(const uint8_t *bytes, size_t count) {
    int has_pixels = 0;
    size_t position = 8;
    while (position + 12 <= count) {
        int is_pixels = memcmp(bytes + position + 4, "IDAT", 4) == 0;
        if (has_pixels && !is_pixels) break;
        has_pixels = is_pixels;
        size_t length = png_get_uint_32(bytes + position);
        if (length > count - position - 12) return count;
        position += length + 12;
    }
    return has_pixels ? position : count;
}

static int read_picture(picture *target, const uint8_t *bytes, size_t count, char *message) {
    png_infop info = NULL;
    png_structp png = open_reader(target, &info, message);
    if (!png) return GLM_IMAGE_NO_MEMORY;
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, NULL);
        return target->lacks_memory ? GLM_IMAGE_NO_MEMORY : GLM_IMAGE_MALFORMED;
    }
    png_process_data(png, info, (png_bytep)bytes, pixels_end(bytes, count));
    png_destroy_read_struct(&png, &info, NULL);
    if (target->is_complete) return GLM_IMAGE_OK;
    snprintf(message, GLM_IMAGE_MESSAGE_BYTES, "the data ends early or is broken");
    return GLM_IMAGE_MALFORMED;
}

int glm_png_size(const uint8_t *bytes, size_t count, glm_image_size *size, char *message) {
    picture target = {0};
    int result = read_picture(&target, bytes, count, message);
    *size = target.size;
    return result;
}

int glm_png_decode(const uint8_t *bytes, size_t count, glm_image_size size, uint8_t *rgb, char *message) {
    picture target = {.size = size, .rgb = rgb};
    int result = read_picture(&target, bytes, count, message);
    free(target.rgba);
    return result;
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
