//go:build peers && xsmm

#include "xsmm.h"
#include <libxsmm.h>
#include <stddef.h>

static const float one = 1;
static const int none = LIBXSMM_GEMM_PREFETCH_NONE, flags = 0;

void *xsmm_gemm(int m, int n, int k) {
  return (void *)libxsmm_smmdispatch(m, n, k, NULL, NULL, NULL, &one, &one, &flags, &none);
}

void *xsmm_brgemm(int m, int n, int k) {
  return (void *)libxsmm_smmdispatch_reducebatch_addr(m, n, k, &m, &k, &m, &one, &one, &flags, &none);
}

void xsmm_call(void *kernel, const float *a, const float *b, float *c) { ((libxsmm_smmfunction)kernel)(a, b, c); }

void xsmm_callbr(void *kernel, int batch, const float *a, int stridea, const float *b, int strideb, float *c) {
  const float *pa[64], *pb[64]; // which it moves
  for (int i = 0; i < batch; i++) pa[i] = a + (long)i * stridea, pb[i] = b + (long)i * strideb;
  unsigned long long n = batch;
  ((libxsmm_smmfunction_reducebatch_addr)kernel)(pa, pb, c, &n);
}
