// DCMI of the 950 family: functions of other names, and one number of a device in place of card and die.
#include "library.h"

#include <stdio.h>
#include <string.h>

int read_950(void *library, struct ccards_card *cards, int capacity, char *reason, size_t reason_size) {
    int (*init)(void), (*chip)(int device, struct dcmi_chip_info_v2 *info);
    void *functions[] = {dlsym(library, "dcmiv2_init"), dlsym(library, "dcmiv2_get_device_chip_info")};
    if (!functions[0] || !functions[1]) return CCARDS_FAILED;
    memcpy(&init, &functions[0], sizeof init);
    memcpy(&chip, &functions[1], sizeof chip);
    if (!dlsym(library, "dcmi_init")) snprintf(reason, reason_size, "its functions are those of the 950 family, which is not supported");
    if (init()) return CCARDS_FAILED;

    int count = 0;
    for (; count < capacity; count++) {
        struct dcmi_chip_info_v2 info;
        memset(&info, 0, sizeof info);
        if (chip(count, &info)) break;
        const char *name = (const char *)info.chip_name;
        if (strncmp(name, "950", 3) && strncmp(name, "Ascend950", 9)) return CCARDS_FAILED;
        cards[count] = unknown_card(count, 0);
        cards[count].logical = count;
        snprintf(cards[count].name, sizeof cards[count].name, "%.31s", name);
    }
    return count > 0 ? count : CCARDS_FAILED;
}
