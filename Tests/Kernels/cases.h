// What the cases share: the kernels under test, operands made from a seed, and comparisons that say where they failed.
#pragma once
#include "CKernels.h"

/// One instruction set in one precision, on one thread and on three: both must give the same bits.
enum { CONTEXTS = 2 };
typedef struct {
    ck_context *contexts[CONTEXTS];
    bool bf16;
} kernels_t;

void products(const kernels_t *);
void attentions(const kernels_t *);
void rows(const kernels_t *);
void images(const kernels_t *);
void int8_products(const kernels_t *);

/// The distance of 1 to the next f32: twice what rounding to nearest is off by, and as much as rounding to odd is.
static const double STEP = 0x1p-23;
/// How far rounding to bf16 takes a value, relative to it.
static const double BF16_ERROR = 0x1p-9;

/// Memory until `release`, its last element at its end.
void *block(size_t bytes);
void release(void);

/// About normal, deterministic.
float draw(void);
float *drawn(long n);
/// `n` values of a type, at an odd address.
ck_weight drawn_weight(ck_type type, long n);
float rounded_bf16(float value);
/// Element `i`, exactly; 0 where there is no weight.
double element(ck_weight weight, long i);

extern const ck_epilogue epilogues[6];
double activated(ck_activation activation, double x);
/// What `epilogue` makes of `sum`, known to `error`, on top of `before`; `error` becomes the result's.
double finished(const ck_epilogue *epilogue, double gate, double before, double sum, double *error);

/// Names what is compared next, as printf.
__attribute__((format(printf, 1, 2))) void at(const char *format, ...);
void expect_same(const void *a, const void *b, size_t bytes, const char *promise);
/// One value within `tolerance` of the truth; a NaN never is.
void expect_near(float value, double truth, double tolerance);
