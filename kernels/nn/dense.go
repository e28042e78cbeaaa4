package nn

import (
	"fmt"

	"github.com/loopopt/loopopt/kernels/blas"
	"github.com/loopopt/loopopt/kernels/layernorm"
	"github.com/loopopt/loopopt/kernels/mlp"
	"github.com/loopopt/loopopt/kernels/softmax"
)

// An Activation is what a layer's sums go through.
type Activation int

// The activations. GELU is the form with tanh.
const (
	Identity Activation = iota
	ReLU
	Sigmoid
	Tanh
	GELU
)

func (a Activation) String() string {
	if a < Identity || a > GELU {
		return fmt.Sprintf("Activation(%d)", int(a))
	}
	return [...]string{"Identity", "ReLU", "Sigmoid", "Tanh", "GELU"}[a]
}

// DenseWeights are those of y = act(W x + B), as in PyTorch's Linear.
type DenseWeights struct {
	Inputs, Outputs int
	W               []float32 // [Outputs][Inputs]
	B               []float32 // [Outputs], or nil for zeros
	Activation      Activation
}

// Kernels of dense layers take rows by 6 and outputs by 64.
const (
	denseRows    = 6
	denseOutputs = 64
)

// A Dense is a fully connected layer.
type Dense struct {
	inputs, outputs, padded int
	threads                 int
	act                     Activation
	w, b                    []float32
	kernel                  func(threads, M, N, K int, X, W, b, Y []float32) error
	which                   func(M, N, K int) string
	scratches
}

// NewDense packs weights, which may be changed afterwards.
func NewDense(w DenseWeights, opts ...Option) (*Dense, error) {
	err := first(
		sized("Dense", size{"Inputs", w.Inputs, 1}, size{"Outputs", w.Outputs, 1}),
		long("Dense", "W", w.W, w.Outputs, w.Inputs),
		optional("Dense", "B", w.B, w.Outputs),
	)
	if err != nil {
		return nil, err
	}
	l := &Dense{inputs: w.Inputs, outputs: w.Outputs, padded: roundUp(w.Outputs, denseOutputs), threads: optionsOf(opts).threads, act: w.Activation}
	var pack func(threads, M, N, K int, src, dst []float32) error
	switch w.Activation {
	case Identity:
		l.padded = w.Outputs
	case ReLU:
		l.kernel, l.which, pack = mlp.DenseReluPacked, mlp.WhichDenseReluPacked, mlp.PackDenseReluW
	case Sigmoid:
		l.kernel, l.which, pack = mlp.DenseSigmoidPacked, mlp.WhichDenseSigmoidPacked, mlp.PackDenseSigmoidW
	case Tanh:
		l.kernel, l.which, pack = mlp.DenseTanhPacked, mlp.WhichDenseTanhPacked, mlp.PackDenseTanhW
	case GELU:
		l.kernel, l.which, pack = mlp.DenseGeluPacked, mlp.WhichDenseGeluPacked, mlp.PackW
	default:
		return nil, &ShapeError{"Dense", "Activation", fmt.Sprintf("is %v; there is no such one", w.Activation)}
	}
	if elements(l.padded, l.inputs) < 0 {
		return nil, &ShapeError{"Dense", "Outputs", "are too many"}
	}
	l.w, l.b = make([]float32, l.padded*l.inputs), make([]float32, l.padded)
	copy(l.b, w.B)
	if pack == nil {
		must(blas.Stranspose(0, l.outputs, l.inputs, l.inputs, l.outputs, w.W, l.w))
	} else {
		must(pack(0, 0, l.padded, l.inputs, padded(w.W, 1, l.outputs, l.inputs, l.padded, l.inputs), l.w))
	}
	return l, nil
}

// Forward computes y, [rows][Outputs], of x, [rows][Inputs].
func (l *Dense) Forward(rows int, x, y []float32) error {
	err := first(
		sized("Dense.Forward", size{"rows", rows, 0}),
		long("Dense.Forward", "x", x, rows, l.inputs),
		long("Dense.Forward", "y", y, rows, l.outputs),
	)
	if err != nil {
		return err
	}
	if elements(roundUp(rows, denseRows), max(l.padded, l.inputs)) < 0 {
		return &ShapeError{"Dense.Forward", "rows", "are too many"}
	}
	if overlap(x, y) {
		return &ShapeError{"Dense.Forward", "y", "overlaps x"}
	}
	if l.kernel == nil {
		for r := range rows {
			copy(y[r*l.outputs:], l.b)
		}
		must(blas.Sgemm(l.threads, rows, l.outputs, l.inputs, l.inputs, l.outputs, l.outputs, 1, 1, x, l.w, y))
		return nil
	}
	m := l.get()
	defer l.put(m)
	whole := rows / denseRows * denseRows
	if l.padded == l.outputs {
		must(l.kernel(l.threads, whole, l.padded, l.inputs, x[:whole*l.inputs], l.w, l.b, y[:whole*l.outputs]))
	} else {
		out := m.slice(0, whole*l.padded)
		must(l.kernel(l.threads, whole, l.padded, l.inputs, x[:whole*l.inputs], l.w, l.b, out))
		narrow(y[:whole*l.outputs], out, whole, l.outputs, l.padded)
	}
	if rest := rows - whole; rest > 0 { // with rows that nobody looks at
		in, out := m.slice(1, denseRows*l.inputs), m.slice(2, denseRows*l.padded)
		clear(in[copy(in, x[whole*l.inputs:]):])
		must(l.kernel(l.threads, denseRows, l.padded, l.inputs, in, l.w, l.b, out))
		narrow(y[whole*l.outputs:], out, rest, l.outputs, l.padded)
	}
	return nil
}

// String tells the kernel.
func (l *Dense) String() string {
	out := fmt.Sprintf("Dense of %d inputs and %d outputs", l.inputs, l.outputs)
	if l.padded != l.outputs {
		out += fmt.Sprintf(" (padded to %d)", l.padded)
	}
	out += ", " + l.act.String() + ": "
	if l.kernel == nil {
		return out + "sgemm, 6 rows: " + blas.WhichSgemm(6, l.outputs, l.inputs, l.inputs, l.outputs, l.outputs)
	}
	return out + l.which(denseRows, l.padded, l.inputs)
}

// Softmax computes exp(x-m)/sum(exp(x-m)) of each row, m being its maximum: x and y are
// [rows][cols] and don't overlap.
func Softmax(rows, cols int, x, y []float32, opts ...Option) error {
	err := first(
		sized("Softmax", size{"rows", rows, 0}, size{"cols", cols, 0}),
		long("Softmax", "x", x, rows, cols),
		long("Softmax", "y", y, rows, cols),
	)
	if err != nil {
		return err
	}
	if overlap(x, y) {
		return &ShapeError{"Softmax", "y", "overlaps x"}
	}
	must(softmax.Softmax(optionsOf(opts).threads, rows, cols, x, y))
	return nil
}

// LayerNorm normalizes each row to mean 0 and variance 1, scales it by gamma and adds beta,
// [cols] each: x and y are [rows][cols] and don't overlap; eps is added to the variance.
func LayerNorm(rows, cols int, eps float32, x, gamma, beta, y []float32, opts ...Option) error {
	err := first(
		sized("LayerNorm", size{"rows", rows, 0}, size{"cols", cols, 1}),
		long("LayerNorm", "x", x, rows, cols),
		long("LayerNorm", "gamma", gamma, cols),
		long("LayerNorm", "beta", beta, cols),
		long("LayerNorm", "y", y, rows, cols),
	)
	if err != nil {
		return err
	}
	if overlap(x, y) || overlap(gamma, y) || overlap(beta, y) {
		return &ShapeError{"LayerNorm", "y", "overlaps another argument"}
	}
	must(layernorm.Layernorm(optionsOf(opts).threads, rows, cols, eps, x, gamma, beta, y))
	return nil
}
