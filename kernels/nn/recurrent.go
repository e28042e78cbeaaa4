package nn

import (
	"fmt"

	"github.com/loopopt/loopopt/kernels/gru"
	"github.com/loopopt/loopopt/kernels/lstm"
	"github.com/loopopt/loopopt/kernels/lstmprojected"
	"github.com/loopopt/loopopt/kernels/rnn"
)

// LSTMWeights are those of a layer of long short-term memory, gates in the order i, f, g, o:
//
//	i = sigmoid(W[0] x + R[0] h + B[0])    g = tanh(W[2] x + R[2] h + B[2])
//	f = sigmoid(W[1] x + R[1] h + B[1])    o = sigmoid(W[3] x + R[3] h + B[3])
//	s' = f s + i g                         h' = o tanh(s')
//
// In PyTorch W is weight_ih_l0, R weight_hh_l0, and B the sum of its two biases.
type LSTMWeights struct {
	Inputs, Units int
	W             []float32 // [4][Units][Inputs]
	R             []float32 // [4][Units][Units]
	B             []float32 // [4][Units], or nil for zeros
}

// ProjectedLSTMWeights are those of an LSTM whose output is projected to Outputs numbers, which
// are also what the gates see of the step before:
//
//	h' = V (o tanh(s'))
//
// In PyTorch Outputs is proj_size and V weight_hr_l0.
type ProjectedLSTMWeights struct {
	Inputs, Units, Outputs int
	W                      []float32 // [4][Units][Inputs]
	R                      []float32 // [4][Units][Outputs]
	B                      []float32 // [4][Units], or nil for zeros
	V                      []float32 // [Outputs][Units]
}

// GRUWeights are those of a layer of gated recurrent units, gates in the order r, z, n:
//
//	r = sigmoid(W[0] x + R[0] h + B[0])    z = sigmoid(W[1] x + R[1] h + B[1])
//	n = tanh(W[2] x + B[2] + r (R[2] h + Q))        h' = (1-z) n + z h
//
// as in PyTorch, or with ResetBefore as in the paper and in ONNX by default:
//
//	n = tanh(W[2] x + B[2] + R[2] (r h))
type GRUWeights struct {
	Inputs, Units int
	W             []float32 // [3][Units][Inputs]
	R             []float32 // [3][Units][Units]
	B             []float32 // [3][Units], or nil for zeros
	Q             []float32 // [Units], or nil for zeros; not with ResetBefore
	ResetBefore   bool
}

// RNNWeights are those of a plain recurrent layer, h' = act(W x + R h + B), where act is ReLU,
// Sigmoid or Tanh.
type RNNWeights struct {
	Inputs, Units int
	W             []float32 // [Units][Inputs]
	R             []float32 // [Units][Units]
	B             []float32 // [Units], or nil for zeros
	Activation    Activation
}

// A family is what the kernels of one kind of layer want.
type family struct {
	name         string
	gates        int
	units, batch int // multiples of these
	outputs      int // with a projection, another one
	packW, packR func(threads, T, N, C, K int, src, dst []float32) error
}

// A recurrent layer is what those of all kinds have.
type recurrent struct {
	family
	called                 string // Forward, in errors
	inputs, units, outputs int    // without a projection there are as many outputs as units
	padded, paddedOut      int    // units, outputs
	threads                int
	w, r, b                []float32 // packed, packed, padded
	scratches
}

func newRecurrent(f family, inputs, units, outputs int, w, r, b []float32, opts []Option) (*recurrent, error) {
	if err := checkWeights(f.name, f.gates, inputs, units, outputs, w, r, b); err != nil {
		return nil, err
	}
	k := roundUp(units, f.units)
	p := k
	if f.outputs > 0 {
		p = roundUp(outputs, f.outputs)
	}
	if elements(f.gates, k, max(k, p, inputs)) < 0 {
		return nil, &ShapeError{f.name, "Units", "are too many"}
	}
	l := &recurrent{family: f, called: f.name + ".Forward", inputs: inputs, units: units, outputs: outputs, padded: k, paddedOut: p, threads: optionsOf(opts).threads}
	l.w, l.r, l.b = make([]float32, f.gates*k*inputs), make([]float32, f.gates*k*p), make([]float32, f.gates*k)
	must(f.packW(0, 0, 0, inputs, k, padded(w, f.gates, units, inputs, k, inputs), l.w))
	must(f.packR(0, 0, 0, inputs, k, padded(r, f.gates, units, outputs, k, p), l.r))
	if b != nil {
		l.b = padded(b, f.gates, 1, units, 1, k)
	}
	return l, nil
}

func checkWeights(layer string, gates, inputs, units, outputs int, w, r, b []float32) error {
	return first(
		sized(layer, size{"Inputs", inputs, 1}, size{"Units", units, 1}),
		long(layer, "W", w, gates, units, inputs),
		long(layer, "R", r, gates, units, outputs),
		optional(layer, "B", b, gates, units),
	)
}

// check checks the arguments of Forward.
func (l *recurrent) check(steps, batch int, x, y []float32, states ...[]float32) error {
	in := l.called
	err := first(
		sized(in, size{"steps", steps, 0}, size{"batch", batch, 0}),
		long(in, "x", x, steps, batch, l.inputs),
		long(in, "y", y, steps, batch, l.outputs),
	)
	if err == nil && elements(steps+1, roundUp(batch, l.batch), max(l.padded, l.paddedOut, l.inputs)) < 0 {
		err = &ShapeError{in, "steps", "are too many for this batch"}
	}
	for i, s := range states {
		err = first(err, optional(in, [...]string{"h", "s"}[i], s, batch, [...]int{l.outputs, l.units}[i]))
	}
	return err
}

// An LSTM computes the outputs of a layer of long short-term memory.
type LSTM struct{ *recurrent }

// NewLSTM packs weights, which may be changed afterwards.
func NewLSTM(w LSTMWeights, opts ...Option) (*LSTM, error) {
	f := family{name: "LSTM", gates: 4, units: 16, batch: 1, packW: lstm.PackW, packR: lstm.PackR}
	l, err := newRecurrent(f, w.Inputs, w.Units, w.Units, w.W, w.R, w.B, opts)
	if err != nil {
		return nil, err
	}
	return &LSTM{l}, nil
}

// Forward runs steps time steps on a minibatch: x is [steps][batch][Inputs], y becomes the
// outputs, [steps][batch][Units]. On entry h and s, both [batch][Units], are the output and
// state before the first step, and afterwards those of the last; nil stands for zeros that
// nobody wants to know.
func (l *LSTM) Forward(steps, batch int, x, y, h, s []float32) error {
	if err := l.check(steps, batch, x, y, h, s); err != nil {
		return err
	}
	m := l.get()
	defer l.put(m)
	row := batch * l.padded
	H, S := m.slice(0, (steps+1)*row), m.slice(1, (steps+1)*row)
	widen(H, h, batch, l.units, l.padded)
	widen(S, s, batch, l.units, l.padded)
	must(lstm.LstmPacked(l.threads, steps, batch, l.inputs, l.padded, x, l.w, l.r, l.b, S, H))
	narrow(y, H[row:], steps*batch, l.units, l.padded)
	narrow(h, H[steps*row:], batch, l.units, l.padded)
	narrow(s, S[steps*row:], batch, l.units, l.padded)
	return nil
}

// String tells the kernels for minibatches of some sizes.
func (l *LSTM) String() string { return l.describe(lstm.WhichLstmPacked) }

func (l *recurrent) describe(which func(T, N, C, K int) string) string {
	out := fmt.Sprintf("%s of %d inputs and %d units", l.name, l.inputs, l.units)
	if l.padded != l.units {
		out += fmt.Sprintf(" (padded to %d)", l.padded)
	}
	for _, n := range []int{1, 5, 6} {
		out += fmt.Sprintf("; batch %d: %s", n, which(1, roundUp(n, l.batch), l.inputs, l.padded))
	}
	return out
}

// A ProjectedLSTM computes the outputs of an LSTM with a projection.
type ProjectedLSTM struct {
	*recurrent
	v []float32 // packed
}

// NewProjectedLSTM packs weights, which may be changed afterwards.
func NewProjectedLSTM(w ProjectedLSTMWeights, opts ...Option) (*ProjectedLSTM, error) {
	f := family{name: "ProjectedLSTM", gates: 4, units: 16, outputs: 64, batch: 6}
	if err := first(sized(f.name, size{"Outputs", w.Outputs, 1}), long(f.name, "V", w.V, w.Outputs, w.Units)); err != nil {
		return nil, err
	}
	p := roundUp(w.Outputs, f.outputs)
	f.packW = func(threads, T, N, C, K int, src, dst []float32) error {
		return lstmprojected.PackW(threads, T, N, C, K, p, src, dst)
	}
	f.packR = func(threads, T, N, C, K int, src, dst []float32) error {
		return lstmprojected.PackR(threads, T, N, C, K, p, src, dst)
	}
	l, err := newRecurrent(f, w.Inputs, w.Units, w.Outputs, w.W, w.R, w.B, opts)
	if err != nil {
		return nil, err
	}
	v := make([]float32, p*l.padded)
	must(lstmprojected.PackV(0, 0, 0, w.Inputs, l.padded, p, padded(w.V, 1, w.Outputs, w.Units, p, l.padded), v))
	return &ProjectedLSTM{l, v}, nil
}

// Forward is as LSTM.Forward, but that y is [steps][batch][Outputs] and h [batch][Outputs].
func (l *ProjectedLSTM) Forward(steps, batch int, x, y, h, s []float32) error {
	if err := l.check(steps, batch, x, y, h, s); err != nil {
		return err
	}
	m := l.get()
	defer l.put(m)
	rows := roundUp(batch, l.batch)
	if rows != batch { // with rows that nobody looks at
		X := m.slice(2, steps*rows*l.inputs)
		widen(X, x, steps, batch*l.inputs, rows*l.inputs)
		x = X
	}
	out, state := rows*l.paddedOut, rows*l.padded
	H, S := m.slice(0, (steps+1)*out), m.slice(1, (steps+1)*state)
	clear(H[:out])
	clear(S[:state])
	widen(H, h, batch, l.outputs, l.paddedOut)
	widen(S, s, batch, l.units, l.padded)
	must(lstmprojected.LstmProjectedPacked(l.threads, steps, rows, l.inputs, l.padded, l.paddedOut, x, l.w, l.r, l.b, l.v, S, H))
	for t := range steps {
		narrow(y[t*batch*l.outputs:], H[(t+1)*out:], batch, l.outputs, l.paddedOut)
	}
	narrow(h, H[steps*out:], batch, l.outputs, l.paddedOut)
	narrow(s, S[steps*state:], batch, l.units, l.padded)
	return nil
}

// String tells the kernels for minibatches of some sizes.
func (l *ProjectedLSTM) String() string {
	return l.describe(func(T, N, C, K int) string { return lstmprojected.WhichLstmProjectedPacked(T, N, C, K, l.paddedOut) })
}

// A GRU computes the outputs of a layer of gated recurrent units.
type GRU struct {
	*recurrent
	q      []float32
	before bool
}

// NewGRU packs weights, which may be changed afterwards.
func NewGRU(w GRUWeights, opts ...Option) (*GRU, error) {
	f := family{name: "GRU", gates: 3, units: 16, batch: 6, packW: gru.PackW, packR: gru.PackR}
	if w.ResetBefore {
		f.units, f.packW, f.packR = 32, gru.PackGruBeforeW, gru.PackGruBeforeR
		if w.Q != nil {
			return nil, &ShapeError{"GRU", "Q", "is a bias that there is none of with ResetBefore"}
		}
	}
	l, err := newRecurrent(f, w.Inputs, w.Units, w.Units, w.W, w.R, w.B, opts)
	if err = first(err, optional("GRU", "Q", w.Q, w.Units)); err != nil {
		return nil, err
	}
	q := make([]float32, l.padded)
	copy(q, w.Q)
	return &GRU{l, q, w.ResetBefore}, nil
}

// Forward is as LSTM.Forward, but that all of the state is the output h.
func (l *GRU) Forward(steps, batch int, x, y, h []float32) error {
	if l.before {
		return l.forward(steps, batch, x, y, h, gru.GruBeforePacked)
	}
	return l.forward(steps, batch, x, y, h, l.after)
}

func (l *GRU) after(threads, T, N, C, K int, X, W, R, b, H []float32) error {
	return gru.GruPacked(threads, T, N, C, K, X, W, R, b, l.q, H)
}

// forward runs a kernel whose state is its output.
func (l *recurrent) forward(steps, batch int, x, y, h []float32, kernel func(threads, T, N, C, K int, X, W, R, b, H []float32) error) error {
	if err := l.check(steps, batch, x, y, h); err != nil {
		return err
	}
	m := l.get()
	defer l.put(m)
	rows := roundUp(batch, l.batch)
	if rows != batch { // with rows that nobody looks at
		X := m.slice(1, steps*rows*l.inputs)
		widen(X, x, steps, batch*l.inputs, rows*l.inputs)
		x = X
	}
	row := rows * l.padded
	H := m.slice(0, (steps+1)*row)
	clear(H[:row])
	widen(H, h, batch, l.units, l.padded)
	must(kernel(l.threads, steps, rows, l.inputs, l.padded, x, l.w, l.r, l.b, H))
	for t := range steps {
		narrow(y[t*batch*l.units:], H[(t+1)*row:], batch, l.units, l.padded)
	}
	narrow(h, H[steps*row:], batch, l.units, l.padded)
	return nil
}

// String tells the kernels for minibatches of some sizes.
func (l *GRU) String() string {
	if l.before {
		return l.describe(gru.WhichGruBeforePacked)
	}
	return l.describe(gru.WhichGruPacked)
}

// An RNN computes the outputs of a plain recurrent layer.
type RNN struct {
	*recurrent
	kernel func(threads, T, N, C, K int, X, W, R, b, H []float32) error
	which  func(T, N, C, K int) string
}

// NewRNN packs weights, which may be changed afterwards.
func NewRNN(w RNNWeights, opts ...Option) (*RNN, error) {
	out := &RNN{}
	f := family{name: "RNN", gates: 1, units: 64, batch: 6}
	switch w.Activation {
	case ReLU:
		out.kernel, out.which, f.packW, f.packR = rnn.RnnReluPacked, rnn.WhichRnnReluPacked, rnn.PackW, rnn.PackR
	case Sigmoid:
		out.kernel, out.which, f.packW, f.packR = rnn.RnnSigmoidPacked, rnn.WhichRnnSigmoidPacked, rnn.PackRnnSigmoidW, rnn.PackRnnSigmoidR
	case Tanh:
		out.kernel, out.which, f.packW, f.packR = rnn.RnnTanhPacked, rnn.WhichRnnTanhPacked, rnn.PackRnnTanhW, rnn.PackRnnTanhR
	default:
		return nil, &ShapeError{"RNN", "Activation", fmt.Sprintf("is %v; it has to be ReLU, Sigmoid or Tanh", w.Activation)}
	}
	l, err := newRecurrent(f, w.Inputs, w.Units, w.Units, w.W, w.R, w.B, opts)
	if err != nil {
		return nil, err
	}
	out.recurrent = l
	return out, nil
}

// Forward is as LSTM.Forward, but that all of the state is the output h.
func (l *RNN) Forward(steps, batch int, x, y, h []float32) error {
	return l.forward(steps, batch, x, y, h, l.kernel)
}

// String tells the kernels for minibatches of some sizes.
func (l *RNN) String() string { return l.describe(l.which) }
