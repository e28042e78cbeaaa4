package nn

import (
	"fmt"

	"github.com/loopopt/loopopt/kernels/lstmtraining"
)

// Kernels of training take units and inputs by 64.
const trainUnits = 64

// An LSTMTraining computes an LSTM layer and its gradients by backpropagation through time.
// Forward keeps what Backward needs; neither may run beside another call of the same value.
type LSTMTraining struct {
	inputs, units  int
	c, k           int // padded
	threads        int
	w, r, b        []float32 // of the forward pass, packed
	backW, backR   []float32 // packed in another way
	plainW, plainR []float32 // padded
	scratch        scratch
	steps, batch   int // of the last Forward; -1 before
	X, H, S, G     []float32
	dW, dR, db     []float32
}

// LSTMGradients are those of the loss by the weights, shaped as these.
type LSTMGradients struct{ W, R, B []float32 }

// NewLSTMTraining packs weights; after they have been changed, SetWeights does so again.
func NewLSTMTraining(w LSTMWeights, opts ...Option) (*LSTMTraining, error) {
	const name = "LSTMTraining"
	if err := checkWeights(name, 4, w.Inputs, w.Units, w.Units, w.W, w.R, w.B); err != nil {
		return nil, err
	}
	l := &LSTMTraining{
		inputs: w.Inputs, units: w.Units, c: roundUp(w.Inputs, trainUnits), k: roundUp(w.Units, trainUnits),
		threads: optionsOf(opts).threads, steps: -1,
	}
	if elements(4, l.k, max(l.k, l.c)) < 0 {
		return nil, &ShapeError{name, "Units", "are too many"}
	}
	for _, p := range []struct {
		to *[]float32
		n  int
	}{
		{&l.w, 4 * l.k * l.c},
		{&l.r, 4 * l.k * l.k},
		{&l.b, 4 * l.k},
		{&l.backW, 4 * l.k * l.c},
		{&l.backR, 4 * l.k * l.k},
		{&l.plainW, 4 * l.k * l.c},
		{&l.plainR, 4 * l.k * l.k},
		{&l.dW, 4 * l.k * l.c},
		{&l.dR, 4 * l.k * l.k},
		{&l.db, 4 * l.k},
	} {
		*p.to = make([]float32, p.n)
	}
	return l, l.SetWeights(w)
}

// SetWeights packs weights of the same sizes.
func (l *LSTMTraining) SetWeights(w LSTMWeights) error {
	const name = "LSTMTraining.SetWeights"
	if w.Inputs != l.inputs || w.Units != l.units {
		return &ShapeError{name, "Inputs, Units", fmt.Sprintf("are %d, %d instead of %d, %d", w.Inputs, w.Units, l.inputs, l.units)}
	}
	if err := checkWeights(name, 4, w.Inputs, w.Units, w.Units, w.W, w.R, w.B); err != nil {
		return err
	}
	for g := range 4 {
		widen(l.plainW[g*l.k*l.c:], w.W[g*l.units*l.inputs:], l.units, l.inputs, l.c)
		widen(l.plainR[g*l.k*l.k:], w.R[g*l.units*l.units:], l.units, l.units, l.k)
		if w.B == nil {
			clear(l.b)
		} else {
			copy(l.b[g*l.k:], w.B[g*l.units:][:l.units])
		}
	}
	must(lstmtraining.PackLstmTrainW(l.threads, 0, 0, l.c, l.k, l.plainW, l.w))
	must(lstmtraining.PackLstmTrainR(l.threads, 0, 0, l.c, l.k, l.plainR, l.r))
	must(lstmtraining.PackW(l.threads, 0, 0, l.c, l.k, l.plainW, l.backW))
	must(lstmtraining.PackR(l.threads, 0, 0, l.c, l.k, l.plainR, l.backR))
	return nil
}

// Forward is as LSTM.Forward.
func (l *LSTMTraining) Forward(steps, batch int, x, y, h, s []float32) error {
	const in = "LSTMTraining.Forward"
	err := first(
		sized(in, size{"steps", steps, 0}, size{"batch", batch, 0}),
		long(in, "x", x, steps, batch, l.inputs),
		long(in, "y", y, steps, batch, l.units),
		optional(in, "h", h, batch, l.units),
		optional(in, "s", s, batch, l.units),
	)
	if err != nil {
		return err
	}
	if elements(steps+1, batch, 4, max(l.k, l.c)) < 0 {
		return &ShapeError{in, "steps", "are too many for this batch"}
	}
	rows, row := steps*batch, batch*l.k
	l.steps, l.batch = steps, batch
	l.X, l.G = l.scratch.slice(0, rows*l.c), l.scratch.slice(1, rows*4*l.k)
	l.H, l.S = l.scratch.slice(2, (steps+1)*row), l.scratch.slice(3, (steps+1)*row)
	widen(l.X, x, rows, l.inputs, l.c)
	widen(l.H, h, batch, l.units, l.k)
	widen(l.S, s, batch, l.units, l.k)
	must(lstmtraining.LstmTrainPacked(l.threads, steps, batch, l.c, l.k, l.X, l.w, l.r, l.b, l.S, l.H, l.G))
	narrow(y, l.H[row:], rows, l.units, l.k)
	narrow(h, l.H[steps*row:], batch, l.units, l.k)
	narrow(s, l.S[steps*row:], batch, l.units, l.k)
	return nil
}

// Backward takes dy, the gradient of the loss by the outputs of the last Forward, shaped as
// these, and sets dx to that by its inputs, where dx is not nil. On entry dh and ds, both
// [batch][Units], are the gradients by the last output, beyond what dy tells, and by the last
// state, and afterwards those by the first ones; nil stands for zeros that nobody wants to
// know. The gradients by the weights are added to g.
func (l *LSTMTraining) Backward(dy, dx, dh, ds []float32, g LSTMGradients) error {
	const in = "LSTMTraining.Backward"
	if l.steps < 0 {
		return &ShapeError{in, "dy", "has nothing to refer to: call Forward first"}
	}
	err := first(
		long(in, "dy", dy, l.steps, l.batch, l.units),
		optional(in, "dx", dx, l.steps, l.batch, l.inputs),
		optional(in, "dh", dh, l.batch, l.units),
		optional(in, "ds", ds, l.batch, l.units),
		long(in, "g.W", g.W, 4, l.units, l.inputs),
		long(in, "g.R", g.R, 4, l.units, l.units),
		long(in, "g.B", g.B, 4, l.units),
	)
	if err != nil {
		return err
	}
	rows, row := l.steps*l.batch, l.batch*l.k
	dH, dS := l.scratch.slice(4, (l.steps+1)*row), l.scratch.slice(5, (l.steps+1)*row)
	D, dX := l.scratch.slice(6, rows*4*l.k), l.scratch.slice(7, rows*l.c)
	clear(dH[:row])
	widen(dH[row:], dy, rows, l.units, l.k)
	if dh != nil {
		for n := range l.batch {
			last := dH[l.steps*row+n*l.k:]
			for k, v := range dh[n*l.units : (n+1)*l.units] {
				last[k] += v
			}
		}
	}
	widen(dS[l.steps*row:], ds, l.batch, l.units, l.k)
	must(lstmtraining.LstmBackwardPacked(l.threads, l.steps, l.batch, l.c, l.k, l.backW, l.backR, l.G, l.S, dH, dS, D, dX))
	clear(l.dW)
	clear(l.dR)
	clear(l.db)
	must(lstmtraining.LstmWeights(l.threads, rows, l.c, l.k, l.X, l.H[:rows*l.k], D, l.dW, l.dR, l.db))
	for e := range 4 {
		for k := range l.units {
			add(g.W[(e*l.units+k)*l.inputs:][:l.inputs], l.dW[(e*l.k+k)*l.c:])
			add(g.R[(e*l.units+k)*l.units:][:l.units], l.dR[(e*l.k+k)*l.k:])
		}
		add(g.B[e*l.units:][:l.units], l.db[e*l.k:])
	}
	narrow(dx, dX, rows, l.inputs, l.c)
	narrow(dh, dH, l.batch, l.units, l.k)
	narrow(ds, dS, l.batch, l.units, l.k)
	return nil
}

func add(to, x []float32) {
	for i := range to {
		to[i] += x[i]
	}
}

// String tells the kernels.
func (l *LSTMTraining) String() string {
	return fmt.Sprintf("LSTMTraining of %d inputs (padded to %d) and %d units (padded to %d); forward: %s, backward: %s, weights: %s",
		l.inputs, l.c, l.units, l.k, lstmtraining.WhichLstmTrainPacked(1, 6, l.c, l.k),
		lstmtraining.WhichLstmBackwardPacked(1, 6, l.c, l.k), lstmtraining.WhichLstmWeights(6, l.c, l.k))
}
