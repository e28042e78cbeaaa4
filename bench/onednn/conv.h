// A convolution of oneDNN's, made once and run often.
#include <dnnl.h>

typedef struct {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  dnnl_primitive_t primitive;
  dnnl_memory_t memory[4]; // source, weights, destination, or the gradient by them; bias
  int arg[4];              // what each is to the primitive
  int args;                // how many there are
  const char *name;        // of the implementation that oneDNN chose
} conv;

// conv_new makes one pass of a direct convolution (dnnl_forward_inference, dnnl_backward_data or
// dnnl_backward_weights) on [N][C][H][W], in the layouts that oneDNN likes best, filled with
// some numbers; 0 is success. What follows, of these, is added or done to the result.
enum { conv_bias = 1, conv_sum = 2, conv_relu = 4 }; // conv_sum is what is in the destination
int conv_new(conv *c, dnnl_prop_kind_t pass, int64_t N, int64_t K, int64_t C, int64_t H, int64_t W, int64_t R, int64_t S, int64_t stride, int64_t pad, int after);

// conv_set fills a memory from a row-major array, and conv_get reads one into such an array.
int conv_set(conv *c, int memory, float *plain);
int conv_get(conv *c, int memory, float *plain);
int conv_run(conv *c);
void conv_free(conv *c);
