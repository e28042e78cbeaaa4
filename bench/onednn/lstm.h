// A layer of oneDNN's LSTM or GRU, made once and run often.
#include <dnnl.h>

typedef struct {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  dnnl_primitive_t primitive;
  dnnl_memory_t memory[9]; // x, h0, s0, weights of x and of h, bias, h of all steps, last h, last s
  const char *name;        // of the implementation that oneDNN chose
} lstm;

// lstm_new makes a forward layer for inference: x [T][N][C], w [C][4][K], r [K][4][K], b [4][K],
// gates in the order input, forget, candidate, output, state 0 before the first step; 0 is success.
int lstm_new(lstm *l, int64_t T, int64_t N, int64_t C, int64_t K, float *x, float *w, float *r, float *b);

// gru_new makes a layer of gated recurrent units: w [C][3][K], r [K][3][K], gates in the order
// update, reset, candidate. Before: the reset gate scales the state, and b is [3][K]; else it
// scales the state's product, of which the bias is the last of b [4][K].
int gru_new(lstm *l, int before, int64_t T, int64_t N, int64_t C, int64_t K, float *x, float *w, float *r, float *b);
int lstm_run(lstm *l);

// lstm_output copies h of all steps, [T][N][K].
int lstm_output(lstm *l, float *h, int64_t n);
void lstm_free(lstm *l);

// The training of a layer: a forward pass that keeps its workspace, and a backward pass.
typedef struct {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  dnnl_primitive_t pass[2];
  dnnl_memory_t memory[24]; // of both passes, then of the forward one, then of the backward one
  int arg[24];
  int n, forward, backward;
  const char *name; // of the implementation of the backward pass
} training;

// training_new makes a layer with C = K; arrays are as for lstm_new, dy [T][N][K] is the
// gradient by the outputs.
int training_new(training *l, int64_t T, int64_t N, int64_t K, float *x, float *w, float *r, float *b, float *dy);
int training_run(training *l);

// training_gradients copies those by the weights, [K][4][K] each, n numbers.
int training_gradients(training *l, float *w, float *r, int64_t n);
void training_free(training *l);
