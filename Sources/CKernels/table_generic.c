// The table for every processor: SSE2 on x86-64, NEON on aarch64. Products of many rows go to OpenBLAS where it is installed.

#include "context.h"

#include <string.h>

// Vectors wider than a register never cross a call: everything that takes one is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#define CK_TABLE ck_table_generic
#if defined(__aarch64__)
#define CK_NAME "neon"
#define CK_HAS_F16 1
#else
#define CK_NAME "generic"
#define CK_HAS_F16 0
#endif
#define CK_HAS_AVX512 0
#define CK_HAS_BF16 0
#if defined(__aarch64__)
enum { LANES = 4, MR = 6, NV = 1 }; // 24 of 32 registers of 4 floats
#else
enum { LANES = 4, MR = 2, NV = 1 }; // 8 of 16
#endif
#include "kernels/table.h"
