//go:build onednn

#include "lstm.h"
#include <string.h>

#define TRY(call) \
  do { \
    dnnl_status_t status = (call); \
    if (status != dnnl_success) return (int)status; \
  } while (0)

enum { X, H0, S0, W, R, B, H, HT, ST };

static const int arg[] = {DNNL_ARG_SRC_LAYER, DNNL_ARG_SRC_ITER, DNNL_ARG_SRC_ITER_C, DNNL_ARG_WEIGHTS_LAYER, DNNL_ARG_WEIGHTS_ITER,
                          DNNL_ARG_BIAS, DNNL_ARG_DST_LAYER, DNNL_ARG_DST_ITER, DNNL_ARG_DST_ITER_C};

// take makes memory i, of zeros or of what is given as it lies.
static int take(lstm *l, int i, const dnnl_memory_desc_t *d, const float *from) {
  void *p;
  TRY(dnnl_memory_create(&l->memory[i], d, l->engine, DNNL_MEMORY_ALLOCATE));
  TRY(dnnl_memory_get_data_handle(l->memory[i], &p));
  size_t n = dnnl_memory_desc_get_size(d);
  if (from) memcpy(p, from, n);
  else memset(p, 0, n);
  return 0;
}

// weights brings plain weights, [rows][gates][K], into the layout that oneDNN likes best.
static int weights(lstm *l, int i, const dnnl_memory_desc_t *d, int64_t rows, int64_t gates, int64_t K, float *from) {
  dnnl_dims_t dims = {1, 1, rows, gates, K};
  dnnl_memory_desc_t plain;
  dnnl_memory_t src;
  dnnl_primitive_desc_t pd;
  dnnl_primitive_t p;
  TRY(dnnl_memory_desc_init_by_tag(&plain, 5, dims, dnnl_f32, dnnl_ldigo));
  TRY(dnnl_memory_create(&src, &plain, l->engine, from));
  TRY(take(l, i, d, NULL));
  TRY(dnnl_reorder_primitive_desc_create(&pd, &plain, l->engine, d, l->engine, NULL));
  TRY(dnnl_primitive_create(&p, pd));
  dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, src}, {DNNL_ARG_TO, l->memory[i]}};
  TRY(dnnl_primitive_execute(p, l->stream, 2, args));
  TRY(dnnl_stream_wait(l->stream));
  TRY(dnnl_primitive_destroy(p));
  TRY(dnnl_primitive_desc_destroy(pd));
  return dnnl_memory_destroy(src);
}

int lstm_new(lstm *l, int64_t T, int64_t N, int64_t C, int64_t K, float *x, float *w, float *r, float *b) {
  dnnl_dims_t layer = {T, N, C}, state = {1, 1, N, K}, wd = {1, 1, C, 4, K}, rd = {1, 1, K, 4, K}, bias = {1, 1, 4, K}, out = {T, N, K};
  dnnl_memory_desc_t xs, hs, ws, rs, bs, os;
  dnnl_rnn_desc_t op;
  dnnl_primitive_desc_t pd;
  memset(l, 0, sizeof *l);
  TRY(dnnl_engine_create(&l->engine, dnnl_cpu, 0));
  TRY(dnnl_stream_create(&l->stream, l->engine, dnnl_stream_default_flags));
  TRY(dnnl_memory_desc_init_by_tag(&xs, 3, layer, dnnl_f32, dnnl_tnc));
  TRY(dnnl_memory_desc_init_by_tag(&hs, 4, state, dnnl_f32, dnnl_ldnc));
  TRY(dnnl_memory_desc_init_by_tag(&ws, 5, wd, dnnl_f32, dnnl_format_tag_any));
  TRY(dnnl_memory_desc_init_by_tag(&rs, 5, rd, dnnl_f32, dnnl_format_tag_any));
  TRY(dnnl_memory_desc_init_by_tag(&bs, 4, bias, dnnl_f32, dnnl_ldgo));
  TRY(dnnl_memory_desc_init_by_tag(&os, 3, out, dnnl_f32, dnnl_tnc));
  TRY(dnnl_lstm_forward_desc_init(&op, dnnl_forward_inference, dnnl_unidirectional_left2right, &xs, &hs, &hs, &ws, &rs, &bs, &os, &hs, &hs, 0));
  TRY(dnnl_primitive_desc_create(&pd, &op, NULL, l->engine, NULL));
  TRY(dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &l->name));
  TRY(take(l, X, &xs, x));
  TRY(take(l, H0, &hs, NULL));
  TRY(take(l, S0, &hs, NULL));
  TRY(weights(l, W, dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0), C, 4, K, w));
  TRY(weights(l, R, dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 1), K, 4, K, r));
  TRY(take(l, B, &bs, b));
  TRY(take(l, H, &os, NULL));
  TRY(take(l, HT, &hs, NULL));
  TRY(take(l, ST, &hs, NULL));
  TRY(dnnl_primitive_create(&l->primitive, pd));
  l->name = strdup(l->name);
  return dnnl_primitive_desc_destroy(pd);
}

int gru_new(lstm *l, int before, int64_t T, int64_t N, int64_t C, int64_t K, float *x, float *w, float *r, float *b) {
  dnnl_dims_t layer = {T, N, C}, state = {1, 1, N, K}, wd = {1, 1, C, 3, K}, rd = {1, 1, K, 3, K}, bias = {1, 1, before ? 3 : 4, K}, out = {T, N, K};
  dnnl_memory_desc_t xs, hs, ws, rs, bs, os;
  dnnl_rnn_desc_t op;
  dnnl_primitive_desc_t pd;
  memset(l, 0, sizeof *l);
  TRY(dnnl_engine_create(&l->engine, dnnl_cpu, 0));
  TRY(dnnl_stream_create(&l->stream, l->engine, dnnl_stream_default_flags));
  TRY(dnnl_memory_desc_init_by_tag(&xs, 3, layer, dnnl_f32, dnnl_tnc));
  TRY(dnnl_memory_desc_init_by_tag(&hs, 4, state, dnnl_f32, dnnl_ldnc));
  TRY(dnnl_memory_desc_init_by_tag(&ws, 5, wd, dnnl_f32, dnnl_format_tag_any));
  TRY(dnnl_memory_desc_init_by_tag(&rs, 5, rd, dnnl_f32, dnnl_format_tag_any));
  TRY(dnnl_memory_desc_init_by_tag(&bs, 4, bias, dnnl_f32, dnnl_ldgo));
  TRY(dnnl_memory_desc_init_by_tag(&os, 3, out, dnnl_f32, dnnl_tnc));
  if (before) {
    TRY(dnnl_gru_forward_desc_init(&op, dnnl_forward_inference, dnnl_unidirectional_left2right, &xs, &hs, &ws, &rs, &bs, &os, &hs, 0));
  } else {
    TRY(dnnl_lbr_gru_forward_desc_init(&op, dnnl_forward_inference, dnnl_unidirectional_left2right, &xs, &hs, &ws, &rs, &bs, &os, &hs, 0));
  }
  TRY(dnnl_primitive_desc_create(&pd, &op, NULL, l->engine, NULL));
  TRY(dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &l->name));
  TRY(take(l, X, &xs, x));
  TRY(take(l, H0, &hs, NULL));
  TRY(weights(l, W, dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0), C, 3, K, w));
  TRY(weights(l, R, dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 1), K, 3, K, r));
  TRY(take(l, B, &bs, b));
  TRY(take(l, H, &os, NULL));
  TRY(take(l, HT, &hs, NULL));
  TRY(dnnl_primitive_create(&l->primitive, pd));
  l->name = strdup(l->name);
  return dnnl_primitive_desc_destroy(pd);
}

int lstm_run(lstm *l) {
  dnnl_exec_arg_t args[9];
  int n = 0;
  for (int i = 0; i < 9; i++)
    if (l->memory[i]) args[n++] = (dnnl_exec_arg_t){arg[i], l->memory[i]};
  TRY(dnnl_primitive_execute(l->primitive, l->stream, n, args));
  return dnnl_stream_wait(l->stream);
}

int lstm_output(lstm *l, float *h, int64_t n) {
  void *p;
  TRY(dnnl_memory_get_data_handle(l->memory[H], &p));
  memcpy(h, p, n * sizeof *h);
  return 0;
}

void lstm_free(lstm *l) {
  for (int i = 0; i < 9; i++)
    if (l->memory[i]) dnnl_memory_destroy(l->memory[i]);
  dnnl_primitive_destroy(l->primitive);
  dnnl_stream_destroy(l->stream);
  dnnl_engine_destroy(l->engine);
}
