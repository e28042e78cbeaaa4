//go:build peers

#define _GNU_SOURCE
#include "peers.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void (*cblas_s)(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int);
typedef void (*cblas_d)(int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *, int);
typedef int (*dnnl_s)(char, char, long, long, long, float, const float *, long, const float *, long, float, float *, long);

int peer_load(peer *p, const char *path, const char *variable, const char *value) {
  memset(p, 0, sizeof *p);
  if (*variable) setenv(variable, value, 1);
  p->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (*variable) unsetenv(variable);
  if (!p->library) return 1;
  p->sgemm = dlsym(p->library, "cblas_sgemm");
  p->dgemm = dlsym(p->library, "cblas_dgemm");
  if (!p->sgemm) {
    p->sgemm = dlsym(p->library, "dnnl_sgemm");
    p->dnnl = p->sgemm != NULL;
  }
  return 0;
}

void peer_version(peer *p, char *text, int n) {
  *text = 0;
  char *(*core)(void) = dlsym(p->library, "openblas_get_corename");
  if (core) snprintf(text, n, "%s", core());
  int (*arch)(void) = dlsym(p->library, "bli_arch_query_id");
  const char *(*name)(int) = dlsym(p->library, "bli_arch_string");
  if (arch && name) snprintf(text, n, "%s", name(arch()));
}

void peer_sgemm(peer *p, int n, const float *a, const float *b, float *c) {
  if (p->dnnl)
    ((dnnl_s)p->sgemm)('N', 'N', n, n, n, 1, a, n, b, n, 0, c, n);
  else
    ((cblas_s)p->sgemm)(101, 111, 111, n, n, n, 1, a, n, b, n, 0, c, n);
}

void peer_dgemm(peer *p, int n, const double *a, const double *b, double *c) {
  ((cblas_d)p->dgemm)(101, 111, 111, n, n, n, 1, a, n, b, n, 0, c, n);
}
