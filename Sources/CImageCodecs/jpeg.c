#include "CImageCodecs.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

// Real progressive files have about ten scans; each scan costs a pass over the whole picture, however few bytes it has.
#define MAXIMUM_SCANS 100

typedef struct {
    struct jpeg_error_mgr base;
    jmp_buf jump;
    char *message;
    int reads_pixels; // the headers are behind it
    int is_at_end;    // the data has ended without an end marker
} failure;

static void fail(j_common_ptr info) {
    failure *error = (failure *)info->err;
    char text[JMSG_LENGTH_MAX];
    info->err->format_message(info, text);
    snprintf(error->message, GLM_IMAGE_MESSAGE_BYTES, "%s", text);
    longjmp(error->jump, 1);
}

static void fail_with(j_common_ptr info, const char *text) {
    failure *error = (failure *)info->err;
    snprintf(error->message, GLM_IMAGE_MESSAGE_BYTES, "%s", text);
    longjmp(error->jump, 1);
}

static void ignore_warning(j_common_ptr info, int level) {
    (void)info;
    (void)level;
}

static struct jpeg_error_mgr *open_failure(failure *error, char *message) {
    message[0] = 0;
    jpeg_std_error(&error->base);
    error->base.error_exit = fail;
    error->base.emit_message = ignore_warning;
    error->message = message;
    return &error->base;
}

static void begin_source(j_decompress_ptr info) { (void)info; }

// Some cameras write no end marker. So one is put behind the data, and what libjpeg then finds lacking is watched for.
static boolean add_end_marker(j_decompress_ptr info) {
    static const JOCTET marker[] = {0xFF, JPEG_EOI};
    failure *error = (failure *)info->err;
    // Arithmetic coding has no way to tell that bits are lacking.
    if (!error->reads_pixels || info->arith_code) fail_with((j_common_ptr)info, "the data ends early");
    error->is_at_end = 1;
    info->src->next_input_byte = marker;
    info->src->bytes_in_buffer = sizeof marker;
    return TRUE;
}

static void watch_warnings(j_common_ptr info, int level) {
    failure *error = (failure *)info->err;
    if (level < 0 && error->is_at_end && info->err->msg_code == JWRN_HIT_MARKER) fail_with(info, "the data ends early");
}

static void skip_bytes(j_decompress_ptr info, long count) {
    if (count <= 0) return;
    if ((size_t)count > info->src->bytes_in_buffer) fail_with((j_common_ptr)info, "the data ends early");
    info->src->next_input_byte += count;
    info->src->bytes_in_buffer -= (size_t)count;
}

static void watch_scans(j_common_ptr info) {
    if (info->is_decompressor && ((j_decompress_ptr)info)->input_scan_number > MAXIMUM_SCANS) fail_with(info, "more than 100 scans");
}

static void set_source(struct jpeg_source_mgr *source, const uint8_t *bytes, size_t count) {
    source->init_source = begin_source;
    source->fill_input_buffer = add_end_marker;
    source->skip_input_data = skip_bytes;
    source->resync_to_restart = jpeg_resync_to_restart;
    source->term_source = begin_source;
    source->next_input_byte = bytes;
    source->bytes_in_buffer = count;
}

// Objects that change between setjmp and longjmp may hold anything afterwards if they are local to the function that called
// setjmp (C11 7.13.2.1). So each of the three functions that do takes its state from a caller, who also cleans up.

typedef struct {
    struct jpeg_decompress_struct info;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    failure error;
    uint8_t *inks; // one row of four inks a pixel
} decoder;

static void open_decoder(decoder *state, const uint8_t *bytes, size_t count, char *message) {
    memset(state, 0, sizeof *state);
    state->info.err = open_failure(&state->error, message);
    state->error.base.emit_message = watch_warnings;
    set_source(&state->source, bytes, count);
}

static int read_size(decoder *state, glm_image_size *size) {
    if (setjmp(state->error.jump)) return GLM_IMAGE_MALFORMED;
    jpeg_create_decompress(&state->info);
    state->info.src = &state->source;
    jpeg_read_header(&state->info, TRUE);
    size->width = state->info.image_width;
    size->height = state->info.image_height;
    return GLM_IMAGE_OK;
}

int glm_jpeg_size(const uint8_t *bytes, size_t count, glm_image_size *size, char *message) {
    decoder state;
    open_decoder(&state, bytes, count, message);
    int result = read_size(&state, size);
    jpeg_destroy_decompress(&state.info);
    return result;
}

// round(a · b / 255)
static inline uint8_t product(unsigned a, unsigned b) {
    unsigned sum = a * b + 128;
    return (uint8_t)((sum + (sum >> 8)) >> 8);
}

// Adobe writes ink inverted: 255 is no ink. With the inks c, m, y, k of PIL's conversion, red = (255 − k) − c · (255 − k) / 255.
static void convert_inks(const uint8_t *inks, uint8_t *rgb, uint32_t width) {
    for (uint32_t x = 0; x < width; x++, inks += 4, rgb += 3) {
        unsigned light = inks[3];
        for (int c = 0; c < 3; c++) rgb[c] = (uint8_t)(light - product(255u - inks[c], light));
    }
}

// Whether all bits of all coefficients are there.
static int has_all_scans(j_decompress_ptr info) {
    if (!info->coef_bits) return 0;
    for (int c = 0; c < info->num_components; c++) {
        for (int k = 0; k < DCTSIZE2; k++) {
            if (info->coef_bits[c][k] != 0) return 0;
        }
    }
    return 1;
}

static int read_pixels(decoder *state, glm_image_size size, uint8_t *rgb) {
    j_decompress_ptr info = &state->info;
    if (setjmp(state->error.jump)) return GLM_IMAGE_MALFORMED;
    jpeg_create_decompress(info);
    info->src = &state->source;
    state->progress.progress_monitor = watch_scans;
    info->progress = &state->progress;
    jpeg_read_header(info, TRUE);
    if (info->image_width != size.width || info->image_height != size.height) fail_with((j_common_ptr)info, "two sizes");
    int has_inks = info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
    if (!has_inks && info->num_components != 1 && info->num_components != 3) {
        snprintf(state->error.message, GLM_IMAGE_MESSAGE_BYTES, "%d colour components", info->num_components);
        return GLM_IMAGE_UNSUPPORTED;
    }
    info->out_color_space = has_inks ? JCS_CMYK : JCS_RGB;
    state->error.reads_pixels = 1;
    jpeg_start_decompress(info);
    // Of several scans all have been read by now.
    if (state->error.is_at_end && !has_all_scans(info)) fail_with((j_common_ptr)info, "the data ends early");
    if (info->output_width != size.width || info->output_height != size.height) fail_with((j_common_ptr)info, "two sizes");
    while (info->output_scanline < info->output_height) {
        uint8_t *row = rgb + (size_t)info->output_scanline * size.width * 3;
        JSAMPROW target = has_inks ? state->inks : row;
        if (jpeg_read_scanlines(info, &target, 1) != 1) fail_with((j_common_ptr)info, "the data ends early");
        if (has_inks) convert_inks(state->inks, row, size.width);
    }
    // What follows the last row is not read: a camera may have written anything there.
    return GLM_IMAGE_OK;
}

int glm_jpeg_decode(const uint8_t *bytes, size_t count, glm_image_size size, uint8_t *rgb, char *message) {
    decoder state;
    open_decoder(&state, bytes, count, message);
    state.inks = malloc((size_t)size.width * 4);
    if (!state.inks) return GLM_IMAGE_NO_MEMORY;
    int result = read_pixels(&state, size, rgb);
    jpeg_destroy_decompress(&state.info);
    free(state.inks);
    return result;
}

typedef struct {
    struct jpeg_destination_mgr base;
    uint8_t *bytes;
    size_t capacity, count;
} growing;

static void begin_target(j_compress_ptr info) {
    growing *target = (growing *)info->dest;
    target->base.next_output_byte = target->bytes;
    target->base.free_in_buffer = target->capacity;
}

static boolean grow_target(j_compress_ptr info) {
    growing *target = (growing *)info->dest;
    uint8_t *grown = realloc(target->bytes, target->capacity * 2);
    if (!grown) fail_with((j_common_ptr)info, "no memory");
    target->bytes = grown;
    target->base.next_output_byte = grown + target->capacity;
    target->base.free_in_buffer = target->capacity;
    target->capacity *= 2;
    return TRUE;
}

static void end_target(j_compress_ptr info) {
    growing *target = (growing *)info->dest;
    target->count = target->capacity - target->base.free_in_buffer;
}

typedef struct {
    struct jpeg_compress_struct info;
    growing target;
    failure error;
} encoder;

static int write_pixels(encoder *state, const uint8_t *rgb, glm_image_size size, int quality) {
    j_compress_ptr info = &state->info;
    if (setjmp(state->error.jump)) return GLM_IMAGE_MALFORMED;
    jpeg_create_compress(info);
    info->dest = &state->target.base;
    info->image_width = size.width;
    info->image_height = size.height;
    info->input_components = 3;
    info->in_color_space = JCS_RGB;
    jpeg_set_defaults(info);
    jpeg_set_quality(info, quality, TRUE);
    // Full colour resolution: small coloured letters keep their edges.
    for (int c = 0; c < 3; c++) info->comp_info[c].h_samp_factor = info->comp_info[c].v_samp_factor = 1;
    info->optimize_coding = TRUE;
    jpeg_start_compress(info, TRUE);
    while (info->next_scanline < info->image_height) {
        JSAMPROW row = (JSAMPROW)(rgb + (size_t)info->next_scanline * size.width * 3);
        jpeg_write_scanlines(info, &row, 1);
    }
    jpeg_finish_compress(info);
    return GLM_IMAGE_OK;
}

int glm_jpeg_encode(const uint8_t *rgb, glm_image_size size, int quality, uint8_t **bytes, size_t *count, char *message) {
    encoder state;
    memset(&state, 0, sizeof state);
    state.info.err = open_failure(&state.error, message);
    growing *target = &state.target;
    target->base.init_destination = begin_target;
    target->base.empty_output_buffer = grow_target;
    target->base.term_destination = end_target;
    target->capacity = 1 << 16;
    target->bytes = malloc(target->capacity);
    if (!target->bytes) return GLM_IMAGE_NO_MEMORY;
    int result = write_pixels(&state, rgb, size, quality);
    jpeg_destroy_compress(&state.info);
    if (result != GLM_IMAGE_OK) {
        free(target->bytes);
        return result;
    }
    *bytes = target->bytes;
    *count = target->count;
    return GLM_IMAGE_OK;
}
