// The table for aarch64.

#if defined(__aarch64__)
#include "context.h"

#include <arm_neon.h>
#include <string.h>

// Vectors wider than a register never cross a call: everything that takes one is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#define CK_TABLE ck_table_neon
#define CK_NAME "neon"
#define CK_HAS_AVX512 0
#define CK_HAS_BF16 0
#define CK_HAS_TILES 0
#define CK_HAS_F16 1
#define CK_REGISTERS 32
#define CK_TARGET_DOT "arch=armv8.2-a+dotprod"
enum { LANES = 4, MR = 6, NV = 1 }; // 24 of 32 registers of 4 floats
#include "kernels/table.h"
#endif
