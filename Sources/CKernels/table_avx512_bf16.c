// The table for AVX-512 with bf16 products.

#if defined(__x86_64__)
#include "context.h"

#include <immintrin.h>
#include <string.h>

#define CK_TABLE ck_table_avx512_bf16
#define CK_NAME "avx512bf16"
#define CK_HAS_AVX512 1
#define CK_HAS_BF16 1
#define CK_HAS_TILES 0
#define CK_HAS_F16 1
#define CK_REGISTERS 32
enum { LANES = 16, MR = 12, NV = 2 }; // 24 of 32 registers of 16 floats
#define CK_TARGET "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx2,fma,f16c,bmi,bmi2,lzcnt"
#pragma clang attribute push(__attribute__((target(CK_TARGET))), apply_to = function)
#include "kernels/table.h"
#pragma clang attribute pop
#endif
