// The table for every processor: no more than clang takes for granted. Products of many rows go to OpenBLAS where it is installed.

#include "context.h"

#include <string.h>

// Vectors wider than a register never cross a call: everything that takes one is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#define CK_TABLE ck_table_generic
#define CK_NAME "generic"
#define CK_HAS_AVX512 0
#define CK_HAS_BF16 0
#define CK_HAS_TILES 0
#define CK_HAS_F16 0
#define CK_REGISTERS 16
enum { LANES = 4, MR = 2, NV = 1 }; // 8 of 16 registers of 4 floats
#include "kernels/table.h"
