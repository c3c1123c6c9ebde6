#include "CAscend.h"
#include "library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum { CA_OPTIONAL = 0, CA_REQUIRED = 1 };

#define LINE(need, result, name, parameters) {#name, need},
static const struct { const char *name; bool required; } symbols[] = {CA_HCCL(LINE)};
enum { symbol_count = sizeof symbols / sizeof symbols[0] };

_Static_assert(sizeof(struct ca_hccl) == symbol_count * sizeof(void (*)(void)), "one function a line");

static void *open_library(const char *name, char *error, size_t error_size) {
    const char *home = ca_home();
    void *handle = home ? ca_open_library(home, name, error, error_size) : NULL;
    return handle ? handle : ca_open_library(NULL, name, error, error_size);
}

bool ca_load_hccl(struct ca_hccl *hccl, char *reason, size_t reason_size) {
    void *functions[symbol_count];
    char error[512] = "", unused[512] = "";
    void *library = open_library("libhccl.so", error, sizeof error);
    if (!library) {
        snprintf(reason, reason_size, "libhccl.so can't be opened: %s", error);
        return false;
    }
    void *communicators = open_library("libhcomm.so", unused, sizeof unused);
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
