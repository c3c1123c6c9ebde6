/// OpenBLAS, where it is installed: found at run time, so that nothing links it.
#pragma once

/// `cblas_sgemm` with C enums as ints.
typedef void ck_sgemm(int order, int trans_a, int trans_b, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

/// Its product on one thread, or null. Loads the library at the first call.
ck_sgemm *ck_openblas(void);
/// The processor that its kernels are for, in its own words; null where it is not loaded or does not tell.
const char *ck_openblas_core(void);
