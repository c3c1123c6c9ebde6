/* What both forms of DCMI are read with. */
#pragma once

#include "CCards.h"

#include <dlfcn.h>

/* As in dcmi_interface_api.h. */
struct dcmi_chip_info_v2 {
    unsigned char chip_type[32], chip_name[32], chip_ver[32];
    unsigned int aicore_cnt;
    unsigned char npu_name[32];
};

/* Of which only the place is known. */
static inline struct ccards_card unknown_card(int card, int chip) {
    return (struct ccards_card){.card = card, .chip = chip, .logical = -1, .physical = -1, .memory = -1, .used = -1, .health = -1, .temperature = CCARDS_NO_TEMPERATURE, .power = -1, .slowed = -1};
}

/* Where the common functions have failed with `reason`: the names of a 950's chips, so that they are refused by them. Returns their number,
   or CCARDS_FAILED, with the reason changed where the library can only be a 950's. */
int read_950(void *library, struct ccards_card *cards, int capacity, char *reason, size_t reason_size);
