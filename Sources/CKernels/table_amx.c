// The table for AVX-512 with products of bf16 by AMX: sixteen times as many in a clock as by AVX-512's own instruction on the same processors.

#if defined(__x86_64__)
#include "context.h"

#include <immintrin.h>
#include <string.h>

#define CK_TABLE ck_table_amx
#define CK_NAME "amx"
#define CK_HAS_AVX512 1
#define CK_HAS_BF16 1
#define CK_HAS_TILES 1
#define CK_HAS_F16 1
#define CK_REGISTERS 32
enum { LANES = 16, MR = 12, NV = 2 }; // 24 of 32 registers of 16 floats
#define CK_TARGET "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,amx-tile,amx-bf16,amx-int8,avx2,fma,f16c,bmi,bmi2,lzcnt"
#pragma clang attribute push(__attribute__((target(CK_TARGET))), apply_to = function)
#include "kernels/table.h"
#pragma clang attribute pop
#endif
