#include "CAscend.h"
#include "library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum { CA_OPTIONAL = 0, CA_REQUIRED = 1, most_libraries = 16 };

#define LINE(need, result, name, parameters) {#name, #parameters, need},
#define TWO_LINES(need, name, parameters) {#name "GetWorkspaceSize", #parameters, need}, {#name, "(void *workspace, uint64_t workspaceSize, aclOpExecutor *executor, aclrtStream stream)", need},
static const struct ca_symbol symbols[] = {CA_RUNTIME(LINE) CA_BASE(LINE) CA_OPERATORS(TWO_LINES)};
enum { symbol_count = sizeof symbols / sizeof symbols[0] };
enum { first_operator = offsetof(struct ca_api, aclnnMatmulGetWorkspaceSize) / sizeof(void (*)(void)) };

_Static_assert(sizeof(struct ca_api) == symbol_count * sizeof(void (*)(void)), "one function a line");

size_t ca_symbol_count(void) { return symbol_count; }
const struct ca_symbol *ca_symbol_at(size_t index) { return &symbols[index]; }

/* The operators of 9.x, of 8.x, and of the releases before. Those of one line are never mixed with those of another. Where a library
   of a line has an operator, those behind it are not asked. */
static const char *const operator_libraries[][8] = {
    {"libopapi_math.so", "libopapi_nn.so", "libopapi_cv.so", "libopapi_transformer.so", "libopapi_legacy.so"},
    {"libopapi.so"},
    {"libaclnn_ops_infer.so", "libaclnn_math.so"},
};

struct libraries {
    void *handles[most_libraries];
    int count;
    char error[512];
};

/* `folder` is NULL for the system's own search. */
static bool open_library(struct libraries *libraries, const char *folder, const char *name) {
    void *handle = ca_open_library(folder, name, libraries->error, sizeof libraries->error);
    if (handle && libraries->count < most_libraries) libraries->handles[libraries->count++] = handle;
    return handle != NULL;
}

static bool open_operators(struct libraries *libraries, const char *folder) {
    bool found = false;
    for (size_t line = 0; line < sizeof operator_libraries / sizeof operator_libraries[0] && !found; line++)
        for (const char *const *name = operator_libraries[line]; *name; name++)
            if (open_library(libraries, folder, *name)) found = true;
    return found;
}

static bool open_all(struct libraries *libraries, char *reason, size_t reason_size) {
    const char *home = ca_home();
    const char *const single[] = {"libascendcl.so", "libnnopbase.so"};
    for (size_t i = 0; i < 2; i++) {
        if (home && open_library(libraries, home, single[i])) continue;
        if (open_library(libraries, NULL, single[i])) continue;
        snprintf(reason, reason_size, "%s is neither in %s/lib64 nor where the system looks: %s", single[i], home ? home : "$ASCEND_HOME_PATH", libraries->error);
        return false;
    }
    if ((home && open_operators(libraries, home)) || open_operators(libraries, NULL)) return true;
    snprintf(reason, reason_size, "no library of operators (libopapi_nn.so and others, libopapi.so) in %s/lib64 nor where the system looks: %s", home ? home : "$ASCEND_HOME_PATH", libraries->error);
    return false;
}

static void *find(const struct libraries *libraries, const char *name) {
    for (int i = 0; i < libraries->count; i++) {
        void *function = dlsym(libraries->handles[i], name);
        if (function) return function;
    }
    return NULL;
}

bool ca_load(struct ca_api *api, char *reason, size_t reason_size) {
    struct libraries libraries = {.count = 0};
    void *functions[symbol_count];
    if (!open_all(&libraries, reason, reason_size)) return false;
    for (size_t i = 0; i < symbol_count; i++) {
        void *function = find(&libraries, symbols[i].name);
        if (!function && symbols[i].required) {
            snprintf(reason, reason_size, "CANN has no %s: needs 8.1.RC1 or newer", symbols[i].name);
            return false;
        }
        functions[i] = function;
    }
    /* An operator with one phase is none. */
    for (size_t i = first_operator; i < symbol_count; i += 2)
        if (!functions[i] || !functions[i + 1]) functions[i] = functions[i + 1] = NULL;
    memcpy(api, functions, sizeof functions);
    return true;
}

aclError ca_enter(const struct ca_api *api, aclrtContext context) {
    static _Thread_local aclrtContext current;
    if (current == context) return 0;
    aclError code = api->aclrtSetCurrentContext(context);
    if (code == 0) current = context;
    return code;
}
