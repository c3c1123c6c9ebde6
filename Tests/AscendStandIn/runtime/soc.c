// The chips that the stand-in can stand in for.
#include "state.h"

#include <string.h>

/* Memory as npu-smi shows it, and what it shows as used on an idle machine. */
static const si_soc socs[] = {
    {"Ascend910B1", SI_A2, true, 1, 65536, 3197},
    {"Ascend910B2", SI_A2, true, 1, 65536, 3197},
    {"Ascend910B3", SI_A2, true, 1, 65536, 3197},
    {"Ascend910B4", SI_A2, true, 1, 32768, 2876},
    {"Ascend910B4-1", SI_A2, true, 1, 65536, 3197},
    {"Ascend910_9391", SI_A3, true, 2, 65536, 3110},
    {"Ascend910_9392", SI_A3, true, 2, 65536, 3110},
    {"Ascend910_9381", SI_A3, true, 2, 65536, 3110},
    {"Ascend910_9382", SI_A3, true, 2, 65536, 3110},
    {"Ascend910_9372", SI_A3, true, 2, 65536, 3110},
    {"Ascend910_9362", SI_A3, true, 2, 65536, 3110},
    {"Ascend310P3", SI_310P, false, 2, 44280, 2437},
    {"Ascend910A", SI_910A, false, 1, 32768, 2757},
};

const si_soc *si_soc_named(const char *name) {
    for (size_t i = 0; i < sizeof socs / sizeof socs[0]; i++)
        if (!strcmp(socs[i].name, name)) return &socs[i];
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
    strcpy(version->version, name == ACL_PKG_NAME_DRIVER ? "25.0.rc1.1" : "8.1.RC1");
    return 0;
}
