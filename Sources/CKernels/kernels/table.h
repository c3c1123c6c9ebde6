// Everything a table holds, compiled for whatever target is in force where this is included.
//
// Before: CK_TABLE (the table's name), CK_NAME, CK_HAS_AVX512, CK_HAS_BF16, CK_HAS_TILES (whether AMX multiplies it), CK_HAS_F16 (whether an instruction widens f16),
// CK_TARGET_DOT on aarch64 (the target with products of int8), CK_REGISTERS (how many there are), LANES (floats of a register), and the tile MR × (NV · 16): as many sums as the registers hold.

#include "attention.h"
#include "attention_few.h"
#include "attention_paged.h"
#include "convolution.h"
#include "elementwise.h"
#include "group_norm.h"
#include "linear.h"
#include "measure.h"
#include "norms.h"
#include "residual.h"

const ck_table CK_TABLE = {
    .name = CK_NAME,
    .panel = NR,
    .bf16 = CK_HAS_BF16,
    .tiles = CK_HAS_TILES,
    .linear = linear,
    .embed = embed,
    .rms_norm = rms_norm,
    .layer_norm = layer_norm,
    .head_layer_norm = head_layer_norm,
    .rotate = rotate,
    .gated = gated,
    .activate = activate,
    .add = add,
    .add_scaled = add_scaled,
    .mean_absolute = mean_absolute,
    .attention = attention,
    .paged_attention = paged_attention,
    .scatter = scatter,
    .argmax = argmax,
    .convolution = convolution,
    .group_norm = group_norm,
    .product_flops = product_flops,
    .read_sum = read_sum,
};
