// What the processor offers: instruction sets, and how many of its cores this process may use.
#define _GNU_SOURCE // sched_getaffinity
#include "include/CKernels.h"

#include <sched.h>
#include <sys/auxv.h>
#include <unistd.h>

bool ck_supports(ck_set set) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
#endif
    switch (set) {
    case CK_GENERIC: return true;
#if defined(__x86_64__)
    case CK_AVX2: return avx2;
    case CK_AVX512: return avx512;
    case CK_AVX512_BF16: return avx512 && __builtin_cpu_supports("avx512bf16");
#elif defined(__aarch64__)
    case CK_NEON: return true;
    case CK_NEON_BF16: return getauxval(AT_HWCAP2) & HWCAP2_BF16;
#endif
    default: return false;
    }
}

bool ck_multiplies_int8(ck_set set) {
#if defined(__x86_64__)
    return set >= CK_AVX512 && ck_supports(set) && __builtin_cpu_supports("avx512vnni");
#elif defined(__aarch64__)
    return set >= CK_NEON && ck_supports(set) && getauxval(AT_HWCAP) & HWCAP_ASIMDDP;
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
