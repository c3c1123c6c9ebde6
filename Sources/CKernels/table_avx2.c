// The table for AVX2 with FMA.

#if defined(__x86_64__)
#include "context.h"

#include <immintrin.h>
#include <string.h>

// Vectors wider than a register never cross a call: everything that takes one is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#define CK_TABLE ck_table_avx2
#define CK_NAME "avx2"
#define CK_HAS_AVX512 0
#define CK_HAS_BF16 0
#define CK_HAS_TILES 0
#define CK_HAS_F16 1
#define CK_REGISTERS 16
enum { LANES = 8, MR = 6, NV = 1 }; // 12 of 16 registers of 8 floats
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,bmi,bmi2,lzcnt"))), apply_to = function)
#include "kernels/table.h"
#pragma clang attribute pop
#endif
