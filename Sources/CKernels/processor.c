// What the processor offers: instruction sets, and how many of its cores this process may use.
#define _GNU_SOURCE // sched_getaffinity
#include "include/CKernels.h"

#include <sched.h>
#include <unistd.h>

bool ck_supports(ck_set set) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    switch (set) {
    case CK_GENERIC: return true;
    case CK_AVX2: return avx2;
    case CK_AVX512: return avx512;
    case CK_AVX512_BF16: return avx512 && __builtin_cpu_supports("avx512bf16");
    }
    return false;
#else
    return set == CK_GENERIC;
#endif
}

bool ck_multiplies_int8(ck_set set) {
#if defined(__x86_64__)
    return set >= CK_AVX512 && ck_supports(set) && __builtin_cpu_supports("avx512vnni");
#else
    (void)set;
    return false;
#endif
}

int ck_processors(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}
