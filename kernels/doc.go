// Package kernels holds the packages generated from examples/, one folder a
// kernel. `make generate` writes them anew; CI wants no difference.
package kernels

//go:generate loopopt gen -o conv ../examples/01-conv/conv.loop
//go:generate loopopt gen -o gemm ../examples/02-gemm/gemm.loop
//go:generate loopopt gen -o lstm ../examples/03-lstm/lstm.loop
//go:generate loopopt gen -o lstmtraining ../examples/03-lstm/training.loop
//go:generate loopopt gen -o lstmprojected ../examples/03-lstm/projected.loop
//go:generate loopopt gen -o stencil ../examples/04-stencil/jacobi.loop
//go:generate loopopt gen -o softmax ../examples/05-softmax/softmax.loop
//go:generate loopopt gen -o gru ../examples/07-gru/gru.loop
//go:generate loopopt gen -o grutraining ../examples/07-gru/training.loop
//go:generate loopopt gen -o rnntraining ../examples/08-rnn/training.loop
//go:generate loopopt gen -o mlptraining ../examples/09-mlp/training.loop
//go:generate loopopt gen -o rnn ../examples/08-rnn/rnn.loop
//go:generate loopopt gen -o mlp ../examples/09-mlp/mlp.loop
//go:generate loopopt gen -o functions ../examples/10-functions/functions.loop
//go:generate loopopt gen -o layernorm ../examples/10-functions/layernorm.loop
//go:generate loopopt gen -o blas ../examples/11-blas/blas.loop
//go:generate loopopt gen -o brgemm ../examples/12-brgemm/brgemm.loop
//go:generate loopopt gen -o conv2d ../examples/14-convolution/forward.loop
//go:generate loopopt gen -o pool ../examples/14-convolution/pool.loop
//go:generate loopopt gen -o depthwise ../examples/14-convolution/depthwise.loop
//go:generate loopopt gen -o conv2ddata ../examples/14-convolution/data.loop
//go:generate loopopt gen -o conv2dweights ../examples/14-convolution/weights.loop
