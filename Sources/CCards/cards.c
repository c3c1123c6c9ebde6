#include "library.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* The driver's prototypes (dcmi_interface_api.h), as far as they are used here. */
struct dcmi_hbm_info {
    unsigned long long memory_size; /* MB */
    unsigned int freq;
    unsigned long long memory_usage; /* MB */
    int temp;
    unsigned int bandwith_util_rate;
};
struct dcmi_get_memory_info_stru {
    unsigned long long memory_size, memory_available; /* MB */
    unsigned int freq;
    unsigned long hugepagesize, hugepages_total, hugepages_free;
    unsigned int utiliza;
    unsigned char reserve[60];
};

struct dcmi {
    int (*init)(void);
    int (*card_list)(int *count, int *cards, int capacity);
    int (*devices)(int card, int *device_id_max, int *mcu_id, int *cpu_id);
    int (*logical)(int *logical, int card, int device);
    int (*physical)(unsigned int logical, unsigned int *physical);
    int (*chip)(int card, int device, struct dcmi_chip_info_v2 *info);
    int (*hbm)(int card, int device, struct dcmi_hbm_info *info);
    int (*memory)(int card, int device, struct dcmi_get_memory_info_stru *info);
    int (*health)(int card, int device, unsigned int *health);
    int (*temperature)(int card, int device, int *temperature);
    int (*power)(int card, int device, int *power);
    int (*info)(int card, int device, int main_command, unsigned int sub_command, void *buffer, unsigned int *size);
};

enum { most_cards = 64 };
enum { DCMI_MAIN_CMD_LP = 8, AICORE_FREQREDUC_CAUSE = 9 };

/* Nothing says that the library may be called by two threads at once. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int fail(char *reason, size_t size, const char *what, int code) {
    snprintf(reason, size, "%s: error %d", what, code);
    return CCARDS_FAILED;
}

/* Only init, the lists and the logical number must be there; what else is missing stays unknown. */
static int find(void *library, struct dcmi *dcmi, char *reason, size_t size) {
    struct { const char *name; void *slot; int required; } functions[] = {
        {"dcmi_init", &dcmi->init, 1},
        {"dcmi_get_card_list", &dcmi->card_list, 1},
        {"dcmi_get_device_id_in_card", &dcmi->devices, 1},
        {"dcmi_get_device_logic_id", &dcmi->logical, 1},
        {"dcmi_get_device_chip_info_v2", &dcmi->chip, 1},
        {"dcmi_get_device_phyid_from_logicid", &dcmi->physical, 0},
        {"dcmi_get_device_hbm_info", &dcmi->hbm, 0},
        {"dcmi_get_device_memory_info_v3", &dcmi->memory, 0},
        {"dcmi_get_device_health", &dcmi->health, 0},
        {"dcmi_get_device_temperature", &dcmi->temperature, 0},
        {"dcmi_get_device_power_info", &dcmi->power, 0},
        {"dcmi_get_device_info", &dcmi->info, 0},
    };
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        void *function = dlsym(library, functions[i].name);
        if (!function && functions[i].required) {
            snprintf(reason, size, "it has no %s", functions[i].name);
            return CCARDS_FAILED;
        }
        memcpy(functions[i].slot, &function, sizeof function);
    }
    return 0;
}

/* HBM where the chip has any, else the memory that it has (310P); -1 where neither answers. */
static void read_memory(const struct dcmi *dcmi, struct ccards_card *card) {
    struct dcmi_hbm_info hbm = {0};
    if (dcmi->hbm && dcmi->hbm(card->card, card->chip, &hbm) == 0 && hbm.memory_size > 0) {
        card->memory = (long long)hbm.memory_size;
        card->used = (long long)hbm.memory_usage;
        return;
    }
    struct dcmi_get_memory_info_stru memory = {0};
    if (dcmi->memory && dcmi->memory(card->card, card->chip, &memory) == 0 && memory.memory_size > 0) {
        card->memory = (long long)memory.memory_size;
        card->used = (long long)(memory.memory_size - memory.memory_available);
    }
}

/* The dies of an A3 all have the family's name; the number beside it completes the name that CANN gives them. */
static void name_chip(struct ccards_card *card, const struct dcmi_chip_info_v2 *info) {
    const char *name = (const char *)info->chip_name, *number = (const char *)info->npu_name;
    int is_family = !strncmp(name, "Ascend910", sizeof info->chip_name) && !strncmp(number, "93", 2);
    snprintf(card->name, sizeof card->name, is_family ? "%.31s_%.31s" : "%.31s", name, number);
}

static int read_card(const struct dcmi *dcmi, struct ccards_card *card, char *reason, size_t size) {
    struct dcmi_chip_info_v2 info;
    memset(&info, 0, sizeof info);
    int code = dcmi->chip(card->card, card->chip, &info);
    if (code) return fail(reason, size, "dcmi_get_device_chip_info_v2", code);
    name_chip(card, &info);
    code = dcmi->logical(&card->logical, card->card, card->chip);
    if (code) return fail(reason, size, "dcmi_get_device_logic_id", code);
    unsigned int physical;
    if (dcmi->physical && dcmi->physical((unsigned int)card->logical, &physical) == 0) card->physical = (int)physical;

    read_memory(dcmi, card);
    unsigned int health;
    if (dcmi->health && dcmi->health(card->card, card->chip, &health) == 0) card->health = health > 3 ? 0xFFFF : (int)health;
    int value;
    if (dcmi->temperature && dcmi->temperature(card->card, card->chip, &value) == 0) card->temperature = value;
    if (dcmi->power && dcmi->power(card->card, card->chip, &value) == 0) card->power = value;
    long long causes = 0;
    unsigned int bytes = sizeof causes;
    if (dcmi->info && dcmi->info(card->card, card->chip, DCMI_MAIN_CMD_LP, AICORE_FREQREDUC_CAUSE, &causes, &bytes) == 0) card->slowed = causes;
    return 0;
}

static int read_cards(void *library, struct ccards_card *cards, int capacity, char *reason, size_t reason_size) {
    struct dcmi dcmi;
    if (find(library, &dcmi, reason, reason_size)) return CCARDS_FAILED;
    int code = dcmi.init();
    if (code) return fail(reason, reason_size, "dcmi_init", code);
    int boards = 0, board[most_cards];
    code = dcmi.card_list(&boards, board, most_cards);
    if (code) return fail(reason, reason_size, "dcmi_get_card_list", code);

    int count = 0;
    for (int i = 0; i < boards && i < most_cards; i++) {
        int dies = 0, mcu = -1, cpu = -1;
        code = dcmi.devices(board[i], &dies, &mcu, &cpu);
        if (code) return fail(reason, reason_size, "dcmi_get_device_id_in_card", code);
        for (int die = 0; die < dies && count < capacity; die++) {
            cards[count] = unknown_card(board[i], die);
            if (read_card(&dcmi, &cards[count], reason, reason_size)) return CCARDS_FAILED;
            count++;
        }
    }
    return count;
}

int ccards_read(const char *path, struct ccards_card *cards, int capacity, char *reason, size_t reason_size) {
    /* The library stays open: the driver's own threads may outlive the call. */
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        snprintf(reason, reason_size, "%s", dlerror());
        return CCARDS_NO_LIBRARY;
    }
    pthread_mutex_lock(&lock);
    int count = read_cards(library, cards, capacity, reason, reason_size);
    if (count < 0) count = read_950(library, cards, capacity, reason, reason_size);
    pthread_mutex_unlock(&lock);
    return count;
}

int ccards_power(const char *path, int card, int chip) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) return -1;
    int (*power)(int card, int device, int *power), tenths = -1;
    void *function = dlsym(library, "dcmi_get_device_power_info");
    memcpy(&power, &function, sizeof power);
    pthread_mutex_lock(&lock);
    if (!function || power(card, chip, &tenths)) tenths = -1;
    pthread_mutex_unlock(&lock);
    dlclose(library);
    return tenths;
}
