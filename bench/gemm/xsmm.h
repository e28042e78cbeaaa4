// LIBXSMM's product of small matrices and its batch-reduce product, column-major, C += sum A B;
// null if it has no kernel.
void *xsmm_gemm(int m, int n, int k);
void *xsmm_brgemm(int m, int n, int k);
void xsmm_call(void *kernel, const float *a, const float *b, float *c);
void xsmm_callbr(void *kernel, int batch, const float *a, int stridea, const float *b, int strideb, float *c);
