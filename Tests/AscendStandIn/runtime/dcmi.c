// The driver's management interface, as far as placement asks it, for the machine that libascendcl offers. It needs no aclInit.
// ASCEND_RT_VISIBLE_DEVICES changes nothing here, as with the driver. A 950 has other functions: dcmi_950.c.
#include "dcmi.h"

#include <stdio.h>
#include <string.h>

/* As in dcmi_interface_api.h. */
struct dcmi_get_memory_info_stru {
    unsigned long long memory_size, memory_available;
    unsigned int freq;
    unsigned long hugepagesize, hugepages_total, hugepages_free;
    unsigned int utiliza;
    unsigned char reserve[60];
};

int dcmi_init(void);
int dcmi_get_card_list(int *card_num, int *card_list, int list_len);
int dcmi_get_device_id_in_card(int card_id, int *device_id_max, int *mcu_id, int *cpu_id);
int dcmi_get_device_logic_id(int *device_logic_id, int card_id, int device_id);
int dcmi_get_device_phyid_from_logicid(unsigned int logicid, unsigned int *phyid);
int dcmi_get_device_chip_info_v2(int card_id, int device_id, struct dcmi_chip_info_v2 *info);
int dcmi_get_device_hbm_info(int card_id, int device_id, struct dcmi_hbm_info *info);
int dcmi_get_device_memory_info_v3(int card_id, int device_id, struct dcmi_get_memory_info_stru *info);
int dcmi_get_device_health(int card_id, int device_id, unsigned int *health);
int dcmi_get_device_temperature(int card_id, int device_id, int *temperature);
int dcmi_get_device_power_info(int card_id, int device_id, int *power);

static int logical(int card, int chip) {
    int dies = si_soc_get()->dies_per_card, number = card * dies + chip;
    return card >= 0 && chip >= 0 && chip < dies && number < si_configured()->devices ? number : -1;
}

static bool has_hbm(void) { return si_soc_get()->family != SI_310P; }

unsigned long long si_dcmi_used(int number) {
    unsigned long long used = si_soc_get()->memory - (si_configured()->capacity >> 20) + (si_machine_held(number, false) >> 20);
    return used < si_soc_get()->memory ? used : si_soc_get()->memory;
}

void si_dcmi_chip(struct dcmi_chip_info_v2 *info) {
    memset(info, 0, sizeof *info);
    strcpy((char *)info->chip_type, "Ascend");
    snprintf((char *)info->chip_name, sizeof info->chip_name, "%s", si_soc_get()->chip);
    snprintf((char *)info->npu_name, sizeof info->npu_name, "%s", si_soc_get()->number);
}

/* Begins every function. */
#define MACHINE() \
    if (si_configured()->dcmi_code) return si_configured()->dcmi_code; \
    if (si_soc_get()->family == SI_950) return UNSUPPORTED
/* Begins every function of a die. */
#define DIE(card, chip) \
    MACHINE(); \
    if (logical(card, chip) < 0) return INVALID_DEVICE

int dcmi_init(void) {
    MACHINE();
    return 0;
}

int dcmi_get_card_list(int *card_num, int *card_list, int list_len) {
    MACHINE();
    int dies = si_soc_get()->dies_per_card, cards = (si_configured()->devices + dies - 1) / dies;
    if (!card_num || !card_list || list_len < cards) return PARAMETER;
    for (int i = 0; i < cards; i++) card_list[i] = i;
    *card_num = cards;
    return 0;
}

int dcmi_get_device_id_in_card(int card_id, int *device_id_max, int *mcu_id, int *cpu_id) {
    DIE(card_id, 0);
    *mcu_id = *cpu_id = -1;
    for (*device_id_max = 0; logical(card_id, *device_id_max) >= 0;) ++*device_id_max;
    return 0;
}

int dcmi_get_device_logic_id(int *device_logic_id, int card_id, int device_id) {
    DIE(card_id, device_id);
    *device_logic_id = logical(card_id, device_id);
    return 0;
}

int dcmi_get_device_phyid_from_logicid(unsigned int logicid, unsigned int *phyid) {
    MACHINE();
    if (logicid >= (unsigned)si_configured()->devices) return INVALID_DEVICE;
    *phyid = logicid;
    return 0;
}

int dcmi_get_device_chip_info_v2(int card_id, int device_id, struct dcmi_chip_info_v2 *info) {
    DIE(card_id, device_id);
    si_dcmi_chip(info);
    return 0;
}

int dcmi_get_device_hbm_info(int card_id, int device_id, struct dcmi_hbm_info *info) {
    DIE(card_id, device_id);
    if (!has_hbm()) return UNSUPPORTED;
    *info = (struct dcmi_hbm_info){.memory_size = si_soc_get()->memory, .memory_usage = si_dcmi_used(logical(card_id, device_id)), .temp = TEMPERATURE};
    return 0;
}

int dcmi_get_device_memory_info_v3(int card_id, int device_id, struct dcmi_get_memory_info_stru *info) {
    DIE(card_id, device_id);
    memset(info, 0, sizeof *info);
    if (has_hbm()) return 0;
    info->memory_size = si_soc_get()->memory;
    info->memory_available = si_soc_get()->memory - si_dcmi_used(logical(card_id, device_id));
    return 0;
}

int dcmi_get_device_health(int card_id, int device_id, unsigned int *health) {
    DIE(card_id, device_id);
    *health = 0;
    return 0;
}

int dcmi_get_device_temperature(int card_id, int device_id, int *temperature) {
    DIE(card_id, device_id);
    *temperature = TEMPERATURE;
    return 0;
}

/* In tenths of a watt. Both dies of an A3 answer, and what they tell is the package's; 310P has no such sensor. */
int dcmi_get_device_power_info(int card_id, int device_id, int *power) {
    DIE(card_id, device_id);
    if (!has_hbm()) return UNSUPPORTED;
    *power = POWER;
    return 0;
}
