//go:build onednn

#include "conv.h"
#include <string.h>

#define TRY(call) \
  do { \
    dnnl_status_t status = (call); \
    if (status != dnnl_success) return (int)status; \
  } while (0)

static int fill(conv *c, int i, const dnnl_memory_desc_t *d) {
  void *p;
  TRY(dnnl_memory_create(&c->memory[i], d, c->engine, DNNL_MEMORY_ALLOCATE));
  TRY(dnnl_memory_get_data_handle(c->memory[i], &p));
  float *f = p;
  unsigned x = 12345;
  for (size_t n = dnnl_memory_desc_get_size(d) / sizeof *f; n > 0; n--) {
    x = x * 1664525u + 1013904223u;
    *f++ = (float)((int)(x >> 20) % 17 - 8) * 0.0625f;
  }
  return 0;
}

int conv_new(conv *c, int64_t N, int64_t K, int64_t C, int64_t P, int64_t Q, int64_t R, int64_t S, int64_t stride) {
  dnnl_dims_t src = {N, C, stride * (P - 1) + R, stride * (Q - 1) + S}, weights = {K, C, R, S}, dst = {N, K, P, Q};
  dnnl_dims_t strides = {stride, stride}, none = {0, 0};
  dnnl_memory_desc_t s, w, d;
  dnnl_convolution_desc_t op;
  dnnl_primitive_desc_t pd;
  memset(c, 0, sizeof *c);
  TRY(dnnl_engine_create(&c->engine, dnnl_cpu, 0));
  TRY(dnnl_stream_create(&c->stream, c->engine, dnnl_stream_default_flags));
  TRY(dnnl_memory_desc_init_by_tag(&s, 4, src, dnnl_f32, dnnl_format_tag_any));
  TRY(dnnl_memory_desc_init_by_tag(&w, 4, weights, dnnl_f32, dnnl_format_tag_any));
  TRY(dnnl_memory_desc_init_by_tag(&d, 4, dst, dnnl_f32, dnnl_format_tag_any));
  TRY(dnnl_convolution_forward_desc_init(&op, dnnl_forward_inference, dnnl_convolution_direct, &s, &w, NULL, &d, strides, none, none));
  TRY(dnnl_primitive_desc_create(&pd, &op, NULL, c->engine, NULL));
  TRY(dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &c->name));
  TRY(fill(c, 0, dnnl_primitive_desc_query_md(pd, dnnl_query_src_md, 0)));
  TRY(fill(c, 1, dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0)));
  TRY(fill(c, 2, dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0)));
  TRY(dnnl_primitive_create(&c->primitive, pd));
  c->name = strdup(c->name);
  return dnnl_primitive_desc_destroy(pd);
}

int conv_run(conv *c) {
  dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, c->memory[0]}, {DNNL_ARG_WEIGHTS, c->memory[1]}, {DNNL_ARG_DST, c->memory[2]}};
  TRY(dnnl_primitive_execute(c->primitive, c->stream, 3, args));
  return dnnl_stream_wait(c->stream);
}

void conv_free(conv *c) {
  for (int i = 0; i < 3; i++) dnnl_memory_destroy(c->memory[i]);
  dnnl_primitive_destroy(c->primitive);
  dnnl_stream_destroy(c->stream);
  dnnl_engine_destroy(c->engine);
}
