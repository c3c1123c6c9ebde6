// What the processor offers: instruction sets, and how many of its cores this process may use.
#define _GNU_SOURCE // sched_getaffinity
#include "include/CKernels.h"

#include <sched.h>
#include <sys/auxv.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#endif

#if defined(__x86_64__)
/// Whether the processor has AMX with bf16 and int8, and the kernel keeps its registers for this process: it does once it is asked (Linux 5.16).
static bool has_amx(void) {
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18, BF16 = 1 << 22, TILE = 1 << 24, INT8 = 1 << 25, ALL = BF16 | TILE | INT8 };
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & ALL) == ALL && syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}
#endif

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
    case CK_AMX: return avx512 && __builtin_cpu_supports("avx512bf16") && has_amx();
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
