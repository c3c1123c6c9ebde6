#include "library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *ca_home(void) {
    const char *home = getenv("ASCEND_HOME_PATH");
    return home && *home ? home : NULL;
}

void *ca_open_library(const char *folder, const char *name, char *error, size_t error_size) {
    char path[4096];
    if (folder) snprintf(path, sizeof path, "%s/lib64/%s", folder, name);
    void *handle = dlopen(folder ? path : name, RTLD_LAZY | RTLD_GLOBAL);
    if (!handle && (!error[0] || (folder && access(path, F_OK) == 0))) snprintf(error, error_size, "%s", dlerror());
    return handle;
}
