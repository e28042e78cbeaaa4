//go:build onednn

#include "lstm.h"
#include <string.h>

#define TRY(call) \
  do { \
    dnnl_status_t status = (call); \
    if (status != dnnl_success) return (int)status; \
  } while (0)

// What a pass reads and writes: DIFF of something is its gradient.
static int make(training *l, int arg, const dnnl_memory_desc_t *d, const float *from) {
  void *p;
  dnnl_memory_t *m = &l->memory[l->n];
  l->arg[l->n++] = arg;
  TRY(dnnl_memory_create(m, d, l->engine, DNNL_MEMORY_ALLOCATE));
  TRY(dnnl_memory_get_data_handle(*m, &p));
  if (from) memcpy(p, from, dnnl_memory_desc_get_size(d));
  else memset(p, 0, dnnl_memory_desc_get_size(d));
  return 0;
}

static int reordered(training *l, int arg, const dnnl_memory_desc_t *d, int64_t rows, int64_t K, float *from) {
  dnnl_dims_t dims = {1, 1, rows, 4, K};
  dnnl_memory_desc_t plain;
  dnnl_memory_t src;
  dnnl_primitive_desc_t pd;
  dnnl_primitive_t p;
  TRY(dnnl_memory_desc_init_by_tag(&plain, 5, dims, dnnl_f32, dnnl_ldigo));
  TRY(dnnl_memory_create(&src, &plain, l->engine, from));
  TRY(make(l, arg, d, NULL));
  TRY(dnnl_reorder_primitive_desc_create(&pd, &plain, l->engine, d, l->engine, NULL));
  TRY(dnnl_primitive_create(&p, pd));
  dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, src}, {DNNL_ARG_TO, l->memory[l->n - 1]}};
  TRY(dnnl_primitive_execute(p, l->stream, 2, args));
  TRY(dnnl_stream_wait(l->stream));
  TRY(dnnl_primitive_destroy(p));
  TRY(dnnl_primitive_desc_destroy(pd));
  return dnnl_memory_destroy(src);
}

int training_new(training *l, int64_t T, int64_t N, int64_t K, float *x, float *w, float *r, float *b, float *dy) {
  dnnl_dims_t layer = {T, N, K}, state = {1, 1, N, K}, wd = {1, 1, K, 4, K}, bias = {1, 1, 4, K};
  dnnl_memory_desc_t xs, hs, any, plain, bs;
  dnnl_rnn_desc_t op;
  dnnl_primitive_desc_t fwd, bwd;
  memset(l, 0, sizeof *l);
  TRY(dnnl_engine_create(&l->engine, dnnl_cpu, 0));
  TRY(dnnl_stream_create(&l->stream, l->engine, dnnl_stream_default_flags));
  TRY(dnnl_memory_desc_init_by_tag(&xs, 3, layer, dnnl_f32, dnnl_tnc));
  TRY(dnnl_memory_desc_init_by_tag(&hs, 4, state, dnnl_f32, dnnl_ldnc));
  TRY(dnnl_memory_desc_init_by_tag(&any, 5, wd, dnnl_f32, dnnl_format_tag_any));
  TRY(dnnl_memory_desc_init_by_tag(&plain, 5, wd, dnnl_f32, dnnl_ldigo));
  TRY(dnnl_memory_desc_init_by_tag(&bs, 4, bias, dnnl_f32, dnnl_ldgo));
  TRY(dnnl_lstm_forward_desc_init(&op, dnnl_forward_training, dnnl_unidirectional_left2right, &xs, &hs, &hs, &any, &any, &bs, &xs, &hs, &hs, 0));
  TRY(dnnl_primitive_desc_create(&fwd, &op, NULL, l->engine, NULL));
  TRY(dnnl_lstm_backward_desc_init(&op, dnnl_backward, dnnl_unidirectional_left2right, &xs, &hs, &hs, &any, &any, &bs, &xs, &hs, &hs,
                                   &xs, &hs, &hs, &plain, &plain, &bs, &xs, &hs, &hs, 0));
  TRY(dnnl_primitive_desc_create(&bwd, &op, NULL, l->engine, fwd));
  TRY(dnnl_primitive_desc_query(bwd, dnnl_query_impl_info_str, 0, &l->name));
  l->name = strdup(l->name);
  TRY(make(l, DNNL_ARG_SRC_LAYER, &xs, x));
  TRY(make(l, DNNL_ARG_SRC_ITER, &hs, NULL));
  TRY(make(l, DNNL_ARG_SRC_ITER_C, &hs, NULL));
  TRY(make(l, DNNL_ARG_BIAS, &bs, b));
  TRY(make(l, DNNL_ARG_DST_LAYER, &xs, NULL));
  TRY(make(l, DNNL_ARG_DST_ITER, &hs, NULL));
  TRY(make(l, DNNL_ARG_DST_ITER_C, &hs, NULL));
  TRY(make(l, DNNL_ARG_WORKSPACE, dnnl_primitive_desc_query_md(fwd, dnnl_query_workspace_md, 0), NULL));
  l->forward = l->n;
  TRY(reordered(l, DNNL_ARG_WEIGHTS_LAYER, dnnl_primitive_desc_query_md(fwd, dnnl_query_weights_md, 0), K, K, w));
  TRY(reordered(l, DNNL_ARG_WEIGHTS_ITER, dnnl_primitive_desc_query_md(fwd, dnnl_query_weights_md, 1), K, K, r));
  l->backward = l->n;
  TRY(reordered(l, DNNL_ARG_WEIGHTS_LAYER, dnnl_primitive_desc_query_md(bwd, dnnl_query_weights_md, 0), K, K, w));
  TRY(reordered(l, DNNL_ARG_WEIGHTS_ITER, dnnl_primitive_desc_query_md(bwd, dnnl_query_weights_md, 1), K, K, r));
  TRY(make(l, DNNL_ARG_DIFF_DST_LAYER, &xs, dy));
  TRY(make(l, DNNL_ARG_DIFF_DST_ITER, &hs, NULL));
  TRY(make(l, DNNL_ARG_DIFF_DST_ITER_C, &hs, NULL));
  TRY(make(l, DNNL_ARG_DIFF_SRC_LAYER, &xs, NULL));
  TRY(make(l, DNNL_ARG_DIFF_SRC_ITER, &hs, NULL));
  TRY(make(l, DNNL_ARG_DIFF_SRC_ITER_C, &hs, NULL));
  TRY(make(l, DNNL_ARG_DIFF_BIAS, &bs, NULL));
  TRY(make(l, DNNL_ARG_DIFF_WEIGHTS_LAYER, &plain, NULL));
  TRY(make(l, DNNL_ARG_DIFF_WEIGHTS_ITER, &plain, NULL));
  TRY(dnnl_primitive_create(&l->pass[0], fwd));
  TRY(dnnl_primitive_create(&l->pass[1], bwd));
  TRY(dnnl_primitive_desc_destroy(bwd));
  return dnnl_primitive_desc_destroy(fwd);
}

static int run(training *l, int pass, int from, int to) {
  dnnl_exec_arg_t args[24];
  int n = 0;
  for (int i = 0; i < l->forward; i++) args[n++] = (dnnl_exec_arg_t){l->arg[i], l->memory[i]};
  for (int i = from; i < to; i++) args[n++] = (dnnl_exec_arg_t){l->arg[i], l->memory[i]};
  TRY(dnnl_primitive_execute(l->pass[pass], l->stream, n, args));
  return dnnl_stream_wait(l->stream);
}

int training_run(training *l) {
  TRY(run(l, 0, l->forward, l->backward));
  return run(l, 1, l->backward, l->n);
}

int training_gradients(training *l, float *w, float *r, int64_t n) {
  void *p;
  TRY(dnnl_memory_get_data_handle(l->memory[l->n - 2], &p));
  memcpy(w, p, n * sizeof *w);
  TRY(dnnl_memory_get_data_handle(l->memory[l->n - 1], &p));
  memcpy(r, p, n * sizeof *r);
  return 0;
}

void training_free(training *l) {
  for (int i = 0; i < l->n; i++) dnnl_memory_destroy(l->memory[i]);
  dnnl_primitive_destroy(l->pass[0]);
  dnnl_primitive_destroy(l->pass[1]);
  dnnl_stream_destroy(l->stream);
  dnnl_engine_destroy(l->engine);
}
