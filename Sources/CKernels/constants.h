/// Sizes that the tables of kernels and the code that lays out their operands must agree on.
#pragma once

/// Floats of one vector of the kernels (a zmm register, two ymm, four of SSE or NEON).
enum { W = 16 };
/// Steps of K in one block of a product: a panel of KC × 16 or 32 floats fits half of a first-level cache of 32 KB.
enum { KC = 128 };
_Static_assert(KC % W == 0, "blocks of a product are packed in whole vectors");
/// Up to this many outputs a convolution is a dot product for each pixel.
enum { CK_THIN_OUTPUTS = 4 };
