// Drives the image codecs under the sanitizers: see deploy/sanitize.sh.
#include "CImageCodecs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANGES = 300, MAXIMUM_PIXELS = 1 << 20 };

// The codecs' own allocations, counted, so that one of them can be made to fail and none may be left at the end.
static long held, until_failure = -1;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);

static int fails(void) { return until_failure >= 0 && until_failure-- == 0; }

void *__wrap_malloc(size_t size) {
    void *memory = fails() ? NULL : __real_malloc(size);
    if (memory) held++;
    return memory;
}

void *__wrap_calloc(size_t count, size_t size) {
    void *memory = fails() ? NULL : __real_calloc(count, size);
    if (memory) held++;
    return memory;
}

void *__wrap_realloc(void *memory, size_t size) {
    void *grown = fails() ? NULL : __real_realloc(memory, size);
    if (grown && !memory) held++;
    return grown;
}

void __wrap_free(void *memory) {
    if (memory) held--;
    __real_free(memory);
}

static unsigned long long state;

static unsigned long draw(unsigned long limit) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned long)(state >> 33) % limit;
}

static void expect(int condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "images: %s\n", what);
    abort();
}

typedef struct {
    const char *magic;
    int (*size)(const uint8_t *bytes, size_t count, glm_image_size *size, char *message);
    int (*decode)(const uint8_t *bytes, size_t count, glm_image_size size, uint8_t *rgb, char *message);
    int (*encode)(const uint8_t *rgb, glm_image_size size, uint8_t **bytes, size_t *count, char *message);
} codec;

static int encode_jpeg(const uint8_t *rgb, glm_image_size size, uint8_t **bytes, size_t *count, char *message) {
    return glm_jpeg_encode(rgb, size, 95, bytes, count, message);
}

static int encode_webp(const uint8_t *rgb, glm_image_size size, uint8_t **bytes, size_t *count, char *message) {
    return glm_webp_encode(rgb, size, 95, bytes, count, message);
}

static const codec codecs[] = {
    {"\xFF", glm_jpeg_size, glm_jpeg_decode, encode_jpeg},
    {"\x89", glm_png_size, glm_png_decode, glm_png_encode},
    {"R", glm_webp_size, glm_webp_decode, encode_webp},
};
enum { CODECS = sizeof codecs / sizeof *codecs };

static int decode(const uint8_t *bytes, size_t count) {
    char message[GLM_IMAGE_MESSAGE_BYTES];
    const codec *used = codecs;
    for (int i = 0; i < CODECS; i++) {
        if (count > 0 && bytes[0] == (uint8_t)codecs[i].magic[0]) used = codecs + i;
    }
    glm_image_size size;
    int result = used->size(bytes, count, &size, message);
    if (result != GLM_IMAGE_OK || (unsigned long long)size.width * size.height > MAXIMUM_PIXELS || !size.width || !size.height) return result;
    uint8_t *rgb = __real_malloc((size_t)size.width * size.height * 3);
    result = used->decode(bytes, count, size, rgb, message);
    __real_free(rgb);
    return result;
}

/// `failing`: which of the encoder's allocations fails; set to -1 where it makes fewer.
static int encode(const codec *used, glm_image_size size, const uint8_t *rgb, long *failing) {
    char message[GLM_IMAGE_MESSAGE_BYTES];
    uint8_t *bytes = NULL;
    size_t count = 0;
    until_failure = *failing;
    int result = used->encode(rgb, size, &bytes, &count, message);
    if (until_failure >= 0) *failing = until_failure = -1;
    if (result == GLM_IMAGE_OK) {
        expect(decode(bytes, count) == GLM_IMAGE_OK, "what was encoded can't be decoded");
        glm_image_free(bytes);
    }
    return result;
}

static void drive_file(const char *path) {
    FILE *file = fopen(path, "rb");
    expect(file != NULL, path);
    fseek(file, 0, SEEK_END);
    size_t count = (size_t)ftell(file);
    rewind(file);
    uint8_t *whole = __real_malloc(count), *changed = __real_malloc(count);
    expect(fread(whole, 1, count, file) == count, path);
    fclose(file);
    expect(decode(whole, count) == GLM_IMAGE_OK, path);
    for (int round = 0; round < CHANGES; round++) {
        memcpy(changed, whole, count);
        for (unsigned long change = 0; change <= draw(5); change++) changed[draw(draw(2) && count > 200 ? 200 : count)] = (uint8_t)draw(256);
        // A block of its own, so that a read behind the end is seen.
        size_t length = draw(4) ? count : 1 + draw(count);
        uint8_t *cut = __real_malloc(length);
        memcpy(cut, changed, length);
        decode(cut, length);
        __real_free(cut);
    }
    __real_free(whole);
    __real_free(changed);
}

static void drive_encoders(void) {
    glm_image_size size = {211, 307}; // noise: more than the encoders' first buffers hold
    uint8_t *rgb = __real_malloc(size.width * size.height * 3);
    for (size_t i = 0; i < size.width * size.height * 3; i++) rgb[i] = (uint8_t)draw(256);
    for (int i = 0; i < CODECS; i++) {
        int tries = 0;
        for (long failing = 0; failing >= 0; tries++) {
            long this = failing;
            int result = encode(codecs + i, size, rgb, &this);
            expect(held == 0, "an encoder has left memory behind");
            expect((result == GLM_IMAGE_OK) == (this < 0), "an encoder's result is not what its allocations were");
            failing = this < 0 ? -1 : failing + 1;
        }
        expect(tries > 1, "an encoder allocated nothing");
    }
    __real_free(rgb);
}

int main(int count, char **arguments) {
    expect(count > 2, "usage: images SEED FILE...");
    state = strtoull(arguments[1], NULL, 10);
    for (int i = 2; i < count; i++) drive_file(arguments[i]);
    drive_encoders();
    expect(held == 0, "a decoder has left memory behind");
    printf("images: %d files, %d changes of each, every allocation failing once: nothing found\n", count - 2, CHANGES);
}
