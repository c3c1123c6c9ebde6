#include "CImageCodecs.h"
#include "composite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>
#include <webp/encode.h>

static int refuse(int result, const char *text, char *message) {
    snprintf(message, GLM_IMAGE_MESSAGE_BYTES, "%s", text);
    return result;
}

static int check_status(VP8StatusCode status, char *message) {
    switch (status) {
    case VP8_STATUS_OK: return GLM_IMAGE_OK;
    case VP8_STATUS_OUT_OF_MEMORY: return refuse(GLM_IMAGE_NO_MEMORY, "no memory", message);
    case VP8_STATUS_NOT_ENOUGH_DATA: return refuse(GLM_IMAGE_MALFORMED, "the data ends early", message);
    case VP8_STATUS_UNSUPPORTED_FEATURE: return refuse(GLM_IMAGE_UNSUPPORTED, "a variant that libwebp does not read", message);
    default: return refuse(GLM_IMAGE_MALFORMED, "the data is broken", message);
    }
}

static uint32_t read_24(const uint8_t *bytes) { return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16; }

int glm_webp_size(const uint8_t *bytes, size_t count, glm_image_size *size, char *message) {
    message[0] = 0;
    // What the canvas claims counts, whatever the frames on it are: libwebp calls a file whose sizes differ broken.
    if (count >= 30 && !memcmp(bytes + 12, "VP8X", 4)) {
        size->width = 1 + read_24(bytes + 24);
        size->height = 1 + read_24(bytes + 27);
        return GLM_IMAGE_OK;
    }
    WebPBitstreamFeatures features;
    int result = check_status(WebPGetFeatures(bytes, count, &features), message);
    if (result != GLM_IMAGE_OK) return result;
    size->width = (uint32_t)features.width;
    size->height = (uint32_t)features.height;
    return GLM_IMAGE_OK;
}

// Decodes into the frame's place on a canvas of the picture's size.
static int decode_frame(const WebPIterator *frame, WEBP_CSP_MODE mode, size_t pixel_bytes, glm_image_size size, uint8_t *canvas, char *message) {
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) return refuse(GLM_IMAGE_UNSUPPORTED, "another version of libwebp", message);
    int result = check_status(WebPGetFeatures(frame->fragment.bytes, frame->fragment.size, &config.input), message);
    if (result != GLM_IMAGE_OK) return result;
    if (frame->x_offset < 0 || frame->y_offset < 0 || (int64_t)frame->x_offset + config.input.width > size.width
        || (int64_t)frame->y_offset + config.input.height > size.height) {
        return refuse(GLM_IMAGE_MALFORMED, "a frame that is larger than the image", message);
    }
    size_t stride = size.width * pixel_bytes, start = (size_t)frame->y_offset * stride + (size_t)frame->x_offset * pixel_bytes;
    config.output.colorspace = mode;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = canvas + start;
    config.output.u.RGBA.stride = (int)stride;
    config.output.u.RGBA.size = stride * size.height - start;
    return check_status(WebPDecode(frame->fragment.bytes, frame->fragment.size, &config), message);
}

static int decode_first_frame(const WebPDemuxer *file, int has_alpha, glm_image_size size, uint8_t *rgb, char *message) {
    if (WebPDemuxGetI(file, WEBP_FF_CANVAS_WIDTH) != size.width || WebPDemuxGetI(file, WEBP_FF_CANVAS_HEIGHT) != size.height) {
        return refuse(GLM_IMAGE_MALFORMED, "two sizes", message);
    }
    size_t pixels = (size_t)size.width * size.height;
    WebPIterator frame;
    if (!WebPDemuxGetFrame(file, 1, &frame)) return refuse(GLM_IMAGE_MALFORMED, "no image data", message);
    int result;
    if (has_alpha) {
        uint8_t *rgba = calloc(pixels, 4);
        result = rgba ? decode_frame(&frame, MODE_RGBA, 4, size, rgba, message) : refuse(GLM_IMAGE_NO_MEMORY, "no memory", message);
        if (result == GLM_IMAGE_OK) glm_composite(rgba, rgb, pixels);
        free(rgba);
    } else {
        // What the first frame of an animation leaves free is black in PIL.
        memset(rgb, 0, pixels * 3);
        result = decode_frame(&frame, MODE_RGB, 3, size, rgb, message);
    }
    WebPDemuxReleaseIterator(&frame);
    return result;
}

int glm_webp_decode(const uint8_t *bytes, size_t count, glm_image_size size, uint8_t *rgb, char *message) {
    message[0] = 0;
    WebPBitstreamFeatures features;
    int result = check_status(WebPGetFeatures(bytes, count, &features), message);
    if (result != GLM_IMAGE_OK) return result;
    WebPData data = {bytes, count};
    WebPDemuxState state;
    WebPDemuxer *file = WebPDemuxPartial(&data, &state);
    if (state == WEBP_DEMUX_DONE && file) {
        result = decode_first_frame(file, features.has_alpha, size, rgb, message);
    } else {
        result = refuse(GLM_IMAGE_MALFORMED, state == WEBP_DEMUX_PARSE_ERROR ? "the data is broken" : "the data ends early", message);
    }
    WebPDemuxDelete(file);
    return result;
}

int glm_webp_encode(const uint8_t *rgb, glm_image_size size, int quality, uint8_t **bytes, size_t *count, char *message) {
    message[0] = 0;
    if (size.width > WEBP_MAX_DIMENSION || size.height > WEBP_MAX_DIMENSION) {
        return refuse(GLM_IMAGE_UNSUPPORTED, "a side over the format's 16383 pixels", message);
    }
    WebPConfig config;
    WebPPicture picture;
    if (!WebPConfigPreset(&config, WEBP_PRESET_DEFAULT, (float)quality) || !WebPPictureInit(&picture)) {
        return refuse(GLM_IMAGE_UNSUPPORTED, "another version of libwebp", message);
    }
    // The format halves the resolution of colour; this way small coloured letters keep their edges.
    config.use_sharp_yuv = 1;
    WebPMemoryWriter writer;
    WebPMemoryWriterInit(&writer);
    picture.use_argb = 1;
    picture.width = (int)size.width;
    picture.height = (int)size.height;
    picture.writer = WebPMemoryWrite;
    picture.custom_ptr = &writer;
    int is_done = WebPPictureImportRGB(&picture, rgb, picture.width * 3) && WebPEncode(&config, &picture);
    int lacks_memory = picture.error_code == VP8_ENC_ERROR_OUT_OF_MEMORY || picture.error_code == VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY;
    WebPPictureFree(&picture);
    // The caller's buffer is malloc's, libwebp's its own.
    *bytes = is_done ? malloc(writer.size) : NULL;
    if (*bytes) memcpy(*bytes, writer.mem, writer.size);
    *count = writer.size;
    WebPMemoryWriterClear(&writer);
    if (*bytes) return GLM_IMAGE_OK;
    if (is_done || lacks_memory) return refuse(GLM_IMAGE_NO_MEMORY, "no memory", message);
    return refuse(GLM_IMAGE_UNSUPPORTED, "more than the format holds", message);
}
