#include "openblas.h"
#include "include/CKernels.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

static ck_sgemm *sgemm;
static const char *core;

/// OpenBLAS chooses its kernels in a constructor, by vendor, and overlooks AVX-512 on some processors, so the variable that
/// names them must be set before the library is loaded. It is set before `main`: later other threads may read the environment.
__attribute__((constructor)) static void choose_kernels(void) {
    if (ck_supports(CK_AVX512)) setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
}

static void load(void) {
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    void (*set_threads)(int) = (void (*)(int))dlsym(library, "openblas_set_num_threads");
    ck_sgemm *found = (ck_sgemm *)dlsym(library, "cblas_sgemm");
    if (!set_threads || !found) return;
    set_threads(1); // our own pool splits the product
    char *(*get_core)(void) = (char *(*)(void))dlsym(library, "openblas_get_corename");
    if (get_core) core = get_core();
    sgemm = found;
}

ck_sgemm *ck_openblas(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return sgemm;
}

const char *ck_openblas_core(void) { return core; }
