#include "CAscend.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CA_OPTIONAL = 0, CA_REQUIRED = 1 };

#define LINE(need, result, name, parameters) {#name, need},
static const struct { const char *name; bool required; } symbols[] = {CA_HCCL(LINE)};
enum { symbol_count = sizeof symbols / sizeof symbols[0] };

_Static_assert(sizeof(struct ca_hccl) == symbol_count * sizeof(void (*)(void)), "one function a line");

/* A library stays open, as CANN's others do. */
static void *open_library(const char *name) {
    const char *home = getenv("ASCEND_HOME_PATH");
    char path[4096];
    snprintf(path, sizeof path, "%s/lib64/%s", home && *home ? home : "", name);
    void *handle = home && *home ? dlopen(path, RTLD_LAZY | RTLD_GLOBAL) : NULL;
    return handle ? handle : dlopen(name, RTLD_LAZY | RTLD_GLOBAL);
}

bool ca_load_hccl(struct ca_hccl *hccl, char *reason, size_t reason_size) {
    void *functions[symbol_count];
    void *library = open_library("libhccl.so");
    if (!library) {
        const char *error = dlerror();
        snprintf(reason, reason_size, "libhccl.so can't be opened: %s", error ? error : "no reason is told");
        return false;
    }
    void *communicators = open_library("libhcomm.so");
    for (size_t i = 0; i < symbol_count; i++) {
        functions[i] = dlsym(library, symbols[i].name);
        if (!functions[i] && communicators) functions[i] = dlsym(communicators, symbols[i].name);
        if (functions[i] || !symbols[i].required) continue;
        snprintf(reason, reason_size, "libhccl.so has no %s: needs 8.1.RC1 or newer", symbols[i].name);
        return false;
    }
    memcpy(hccl, functions, sizeof functions);
    return true;
}
