/* What both forms of the driver's management interface tell of a die; the structs as in dcmi_interface_api.h. */
#pragma once

#include "state.h"

struct dcmi_chip_info_v2 {
    unsigned char chip_type[32], chip_name[32], chip_ver[32];
    unsigned int aicore_cnt;
    unsigned char npu_name[32];
};
struct dcmi_hbm_info {
    unsigned long long memory_size;
    unsigned int freq;
    unsigned long long memory_usage;
    int temp;
    unsigned int bandwith_util_rate;
};

enum { PARAMETER = -8001, INVALID_DEVICE = -8007, UNSUPPORTED = -8255 };
enum { POWER = 913, TEMPERATURE = 33 };     /* tenths of a watt, degrees Celsius */

void si_dcmi_chip(struct dcmi_chip_info_v2 *info);
unsigned long long si_dcmi_used(int number);    /* of the die with this logical number, MiB */
