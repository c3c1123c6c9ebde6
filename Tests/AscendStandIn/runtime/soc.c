// The chips that the stand-in can stand in for.
#include "state.h"

#include <string.h>

/* Memory as npu-smi shows it, and what it shows as used on an idle machine. The driver calls every die of an A3 by the family's name
 * and has the number apart; one edition of it calls the chips of A2 by names of its own. */
static const si_soc socs[] = {
    {"Ascend910B1", "Ascend910B1", SI_A2, true, 1, 24, 65536, 3197, "910B1", ""},
    {"Ascend910B2", "Ascend910B2", SI_A2, true, 1, 24, 65536, 3197, "910B2", ""},
    {"Ascend910B3", "Ascend910B3", SI_A2, true, 1, 20, 65536, 3197, "910B3", ""},
    {"Ascend910B4", "Ascend910B4", SI_A2, true, 1, 20, 32768, 2876, "910B4", ""},
    {"Ascend910B4-1", "Ascend910B4-1", SI_A2, true, 1, 20, 65536, 3197, "910B4-1", ""},
    {"A2G3", "Ascend910B3", SI_A2, true, 1, 20, 65536, 3197, "A2G3", ""},
    {"Ascend910_9391", "Ascend910_9391", SI_A3, true, 2, 24, 65536, 3110, "Ascend910", "9391"},
    {"Ascend910_9392", "Ascend910_9392", SI_A3, true, 2, 24, 65536, 3110, "Ascend910", "9392"},
    {"Ascend910_9381", "Ascend910_9381", SI_A3, true, 2, 24, 65536, 3110, "Ascend910", "9381"},
    {"Ascend910_9382", "Ascend910_9382", SI_A3, true, 2, 24, 65536, 3110, "Ascend910", "9382"},
    {"Ascend910_9372", "Ascend910_9372", SI_A3, true, 2, 20, 65536, 3110, "Ascend910", "9372"},
    {"Ascend910_9362", "Ascend910_9362", SI_A3, true, 2, 20, 65536, 3110, "Ascend910", "9362"},
    {"Ascend310P3", "Ascend310P3", SI_310P, false, 2, 8, 44280, 2437, "310P3", ""},
    {"Ascend910A", "Ascend910A", SI_910A, false, 1, 32, 32768, 2757, "910A", ""},
    {"Ascend950PR_9589", "Ascend950PR_9589", SI_950, true, 1, 32, 86016, 4439, "Ascend950PR", "9589"},
};

const si_soc *si_soc_named(const char *name) {
    for (size_t i = 0; i < sizeof socs / sizeof socs[0]; i++)
        if (!strcmp(socs[i].profile, name)) return &socs[i];
    return NULL;
}

const si_soc *si_soc_get(void) { return si_configured()->soc; }

const char *aclrtGetSocName(void) {
    si_count_call();
    return si_initialised() ? si_soc_get()->name : NULL;
}

aclError aclsysGetCANNVersion(aclCANNPackageName name, aclCANNPackageVersion *version) {
    si_count_call();
    if (!version) return si_fail(100000, "version is NULL");
    memset(version, 0, sizeof *version);
    strcpy(version->version, name == ACL_PKG_NAME_DRIVER ? "25.0.rc1.1" : si_configured()->release);
    return 0;
}
