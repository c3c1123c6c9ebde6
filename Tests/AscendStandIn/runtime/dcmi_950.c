// DCMI of a 950: one logical number in place of card and die. The manual of 2026-07 has these functions and none of dcmi.c's, which
// answer "unsupported" here because a library can't lose names at run time: a test takes them out of a copy of it. The list has the
// parameters of dcmi_get_card_list, which is a guess.
#include "dcmi.h"

int dcmiv2_init(void);
int dcmiv2_get_device_list(int *device_num, int *device_list, int list_len);
int dcmiv2_get_device_chip_info(int dev_id, struct dcmi_chip_info_v2 *info);
int dcmiv2_get_device_hbm_info(int dev_id, struct dcmi_hbm_info *info);
int dcmiv2_get_device_health(int dev_id, unsigned int *health);
int dcmiv2_get_device_power_info(int dev_id, int *power);

#define MACHINE() \
    if (si_configured()->dcmi_code) return si_configured()->dcmi_code; \
    if (si_soc_get()->family != SI_950) return UNSUPPORTED
#define DEVICE(dev_id) \
    MACHINE(); \
    if (dev_id < 0 || dev_id >= si_configured()->devices) return INVALID_DEVICE

int dcmiv2_init(void) {
    MACHINE();
    return 0;
}

int dcmiv2_get_device_list(int *device_num, int *device_list, int list_len) {
    MACHINE();
    int devices = si_configured()->devices;
    if (!device_num || !device_list || list_len < devices) return PARAMETER;
    for (int i = 0; i < devices; i++) device_list[i] = i;
    *device_num = devices;
    return 0;
}

int dcmiv2_get_device_chip_info(int dev_id, struct dcmi_chip_info_v2 *info) {
    DEVICE(dev_id);
    si_dcmi_chip(info);
    return 0;
}

int dcmiv2_get_device_hbm_info(int dev_id, struct dcmi_hbm_info *info) {
    DEVICE(dev_id);
    *info = (struct dcmi_hbm_info){.memory_size = si_soc_get()->memory, .memory_usage = si_dcmi_used(dev_id), .temp = TEMPERATURE};
    return 0;
}

int dcmiv2_get_device_health(int dev_id, unsigned int *health) {
    DEVICE(dev_id);
    *health = 0;
    return 0;
}

int dcmiv2_get_device_power_info(int dev_id, int *power) {
    DEVICE(dev_id);
    *power = POWER;
    return 0;
}
