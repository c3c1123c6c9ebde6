#ifndef GLM_COMPOSITE_H
#define GLM_COMPOSITE_H

#include <stddef.h>
#include <stdint.h>

// Red, green, blue and alpha over white, rounded as PIL's alpha_composite does.
static inline void glm_composite(const uint8_t *rgba, uint8_t *rgb, size_t pixels) {
    for (; pixels > 0; pixels--, rgba += 4, rgb += 3) {
        uint32_t alpha = rgba[3];
        for (int c = 0; c < 3; c++) {
            uint32_t sum = rgba[c] * alpha + 255 * (255 - alpha) + 128;
            rgb[c] = (uint8_t)((sum + (sum >> 8)) >> 8);
        }
    }
}

#endif
