// A convolution of oneDNN's, made once and run often.
#include <dnnl.h>

typedef struct {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  dnnl_primitive_t primitive;
  dnnl_memory_t memory[3]; // source, weights, destination
  const char *name;        // of the implementation that oneDNN chose
} conv;

// conv_new makes a forward convolution on inputs that are padded already, in the
// layouts that oneDNN likes best; 0 is success.
int conv_new(conv *c, int64_t N, int64_t K, int64_t C, int64_t P, int64_t Q, int64_t R, int64_t S, int64_t stride);
int conv_run(conv *c);
void conv_free(conv *c);
