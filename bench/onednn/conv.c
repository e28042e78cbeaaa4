//go:build onednn

#include "conv.h"
#include <stdlib.h>
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

int conv_new(conv *c, dnnl_prop_kind_t pass, int64_t N, int64_t K, int64_t C, int64_t H, int64_t W, int64_t R, int64_t S, int64_t stride, int64_t pad, int after) {
  dnnl_dims_t src = {N, C, H, W}, weights = {K, C, R, S}, dst = {N, K, (H + 2 * pad - R) / stride + 1, (W + 2 * pad - S) / stride + 1};
  dnnl_dims_t strides = {stride, stride}, pads = {pad, pad}, channels = {K};
  dnnl_memory_desc_t s, w, d, b;
  dnnl_primitive_attr_t attr = NULL;
  dnnl_convolution_desc_t op;
  dnnl_primitive_desc_t forward, pd;
  int data = pass == dnnl_backward_data, update = pass == dnnl_backward_weights;
  memset(c, 0, sizeof *c);
  TRY(dnnl_engine_create(&c->engine, dnnl_cpu, 0));
  TRY(dnnl_stream_create(&c->stream, c->engine, dnnl_stream_default_flags));
  TRY(dnnl_memory_desc_init_by_tag(&s, 4, src, dnnl_f32, dnnl_format_tag_any));
  TRY(dnnl_memory_desc_init_by_tag(&w, 4, weights, dnnl_f32, dnnl_format_tag_any));
  TRY(dnnl_memory_desc_init_by_tag(&d, 4, dst, dnnl_f32, dnnl_format_tag_any));
  TRY(dnnl_memory_desc_init_by_tag(&b, 1, channels, dnnl_f32, dnnl_a));
  if (after) {
    dnnl_post_ops_t ops;
    TRY(dnnl_primitive_attr_create(&attr));
    TRY(dnnl_post_ops_create(&ops));
    if (after & conv_sum) TRY(dnnl_post_ops_append_sum(ops, 1));
    if (after & conv_relu) TRY(dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_relu, 0, 0));
    TRY(dnnl_primitive_attr_set_post_ops(attr, ops));
    TRY(dnnl_post_ops_destroy(ops));
  }
  TRY(dnnl_convolution_forward_desc_init(&op, data || update ? dnnl_forward_training : pass, dnnl_convolution_direct, &s, &w, after & conv_bias ? &b : NULL, &d, strides, pads, pads));
  TRY(dnnl_primitive_desc_create(&forward, &op, attr, c->engine, NULL));
  if (data) TRY(dnnl_convolution_backward_data_desc_init(&op, dnnl_convolution_direct, &s, &w, &d, strides, pads, pads));
  if (update) TRY(dnnl_convolution_backward_weights_desc_init(&op, dnnl_convolution_direct, &s, &w, NULL, &d, strides, pads, pads));
  TRY(dnnl_primitive_desc_create(&pd, &op, attr, c->engine, data || update ? forward : NULL));
  TRY(dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &c->name));
  c->name = strdup(c->name);
  c->arg[0] = data ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC;
  c->arg[1] = update ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS;
  c->arg[2] = data || update ? DNNL_ARG_DIFF_DST : DNNL_ARG_DST;
  c->arg[3] = DNNL_ARG_BIAS;
  c->args = after & conv_bias ? 4 : 3;
  for (int i = 0; i < c->args; i++) TRY(fill(c, i, dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, c->arg[i])));
  TRY(dnnl_primitive_create(&c->primitive, pd));
  if (attr) TRY(dnnl_primitive_attr_destroy(attr));
  TRY(dnnl_primitive_desc_destroy(forward));
  return dnnl_primitive_desc_destroy(pd);
}

static int reorder(conv *c, int i, float *plain, int set) {
  const dnnl_memory_desc_t *own;
  dnnl_memory_desc_t rows;
  dnnl_memory_t m;
  dnnl_primitive_desc_t pd;
  dnnl_primitive_t p;
  TRY(dnnl_memory_get_memory_desc(c->memory[i], &own));
  TRY(dnnl_memory_desc_init_by_tag(&rows, own->ndims, own->dims, dnnl_f32, own->ndims == 1 ? dnnl_a : dnnl_abcd));
  TRY(dnnl_memory_create(&m, &rows, c->engine, plain));
  TRY(dnnl_reorder_primitive_desc_create(&pd, set ? &rows : own, c->engine, set ? own : &rows, c->engine, NULL));
  TRY(dnnl_primitive_create(&p, pd));
  dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, set ? m : c->memory[i]}, {DNNL_ARG_TO, set ? c->memory[i] : m}};
  TRY(dnnl_primitive_execute(p, c->stream, 2, args));
  TRY(dnnl_stream_wait(c->stream));
  TRY(dnnl_primitive_destroy(p));
  TRY(dnnl_primitive_desc_destroy(pd));
  return dnnl_memory_destroy(m);
}

int conv_set(conv *c, int memory, float *plain) { return reorder(c, memory, plain, 1); }

int conv_get(conv *c, int memory, float *plain) { return reorder(c, memory, plain, 0); }

int conv_run(conv *c) {
  dnnl_exec_arg_t args[4];
  for (int i = 0; i < c->args; i++) args[i] = (dnnl_exec_arg_t){c->arg[i], c->memory[i]};
  TRY(dnnl_primitive_execute(c->primitive, c->stream, c->args, args));
  return dnnl_stream_wait(c->stream);
}

void conv_free(conv *c) {
  for (int i = 0; i < c->args; i++) dnnl_memory_destroy(c->memory[i]);
  dnnl_primitive_destroy(c->primitive);
  dnnl_stream_destroy(c->stream);
  dnnl_engine_destroy(c->engine);
  free((void *)c->name);
}
