// Matrix products of libraries that are loaded by path, so that several with the same names,
// and one in several configurations, can be timed in one process.

typedef struct {
  void *library;
  void *sgemm, *dgemm;
  int dnnl; // the calling convention of dnnl_sgemm
} peer;

// peer_load loads a library with an environment variable set, "" for none; 0 is success.
int peer_load(peer *p, const char *path, const char *variable, const char *value);

// peer_version writes what the library says of itself, "" if nothing.
void peer_version(peer *p, char *text, int n);

// C = A B, row-major n by n.
void peer_sgemm(peer *p, int n, const float *a, const float *b, float *c);
void peer_dgemm(peer *p, int n, const double *a, const double *b, double *c);
