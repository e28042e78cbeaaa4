package nn

import "fmt"

// A Layer is an *LSTM, a *ProjectedLSTM, a *GRU or an *RNN.
type Layer interface {
	// run is Forward; s is the state of an LSTM.
	run(steps, batch int, x, y, h, s []float32) error
	sizes() *recurrent
}

func (l *recurrent) sizes() *recurrent { return l }

func (l *LSTM) run(steps, batch int, x, y, h, s []float32) error {
	return l.Forward(steps, batch, x, y, h, s)
}

func (l *ProjectedLSTM) run(steps, batch int, x, y, h, s []float32) error {
	return l.Forward(steps, batch, x, y, h, s)
}

func (l *GRU) run(steps, batch int, x, y, h, _ []float32) error {
	return l.Forward(steps, batch, x, y, h)
}

func (l *RNN) run(steps, batch int, x, y, h, _ []float32) error {
	return l.Forward(steps, batch, x, y, h)
}

// ForwardLengths runs sequences of different lengths at once, lengths[n] steps of sequence n,
// from 0 to steps: x is [steps][batch][Inputs], of which no more is read, y becomes
// [steps][batch][Units], or [Outputs], zeros after the end of a sequence. h and, of an LSTM, s are as
// LSTM.Forward says, and afterwards of the last step of each sequence.
//
// Sequences leave the minibatch where they end: the work is the sum of lengths, not steps
// times batch.
func ForwardLengths(l Layer, steps, batch int, lengths []int, x, y, h, s []float32) error {
	const in = "ForwardLengths"
	if l == nil {
		return &ShapeError{in, "l", "is nil"}
	}
	z := l.sizes()
	if err := first(z.check(steps, batch, x, y, h, s), checkLengths(in, steps, batch, lengths), apart(in, x, y)); err != nil {
		return err
	}
	if hasState := z.gates == 4; !hasState && s != nil {
		return &ShapeError{in, "s", "is the state of an LSTM, which this is not"}
	}
	clear(y)
	r := ragged{l, steps, batch, lengths, false, x, y, z.outputs}
	r.run(h, s)
	return nil
}

// apart wants outputs that are no inputs: some are written before others are read.
func apart(in string, x, y []float32) error {
	if overlap(x, y) {
		return &ShapeError{in, "y", "overlaps x"}
	}
	return nil
}

func checkLengths(in string, steps, batch int, lengths []int) error {
	if len(lengths) != batch {
		return &ShapeError{in, "lengths", fmt.Sprintf("has %d elements instead of %d, one a sequence", len(lengths), batch)}
	}
	for n, k := range lengths {
		if k < 0 || k > steps {
			return &ShapeError{in, "lengths", fmt.Sprintf("has %d for sequence %d; it has to be from 0 to %d", k, n, steps)}
		}
	}
	return nil
}

// A Bidirectional layer runs one layer from the first step of a sequence to the last and
// another from the last to the first.
type Bidirectional struct{ ahead, back Layer }

// NewBidirectional takes layers of the same inputs and outputs.
func NewBidirectional(ahead, back Layer) (*Bidirectional, error) {
	if ahead == nil || back == nil {
		return nil, &ShapeError{"Bidirectional", "a layer", "is nil"}
	}
	a, b := ahead.sizes(), back.sizes()
	if a.inputs != b.inputs || a.outputs != b.outputs {
		return nil, &ShapeError{"Bidirectional", "back", fmt.Sprintf("has %d inputs and %d outputs instead of %d and %d", b.inputs, b.outputs, a.inputs, a.outputs)}
	}
	return &Bidirectional{ahead, back}, nil
}

// Forward is ForwardLengths in both directions, from zero states: y is
// [steps][batch][2*Outputs], what runs ahead first. Without lengths all sequences have steps.
func (b *Bidirectional) Forward(steps, batch int, lengths []int, x, y []float32) error {
	const in = "Bidirectional.Forward"
	z := b.ahead.sizes()
	err := first(
		sized(in, size{"steps", steps, 0}, size{"batch", batch, 0}),
		long(in, "x", x, steps, batch, z.inputs),
		long(in, "y", y, steps, batch, 2*z.outputs),
		apart(in, x, y),
	)
	if err == nil && lengths != nil {
		err = checkLengths(in, steps, batch, lengths)
	}
	if err != nil {
		return err
	}
	clear(y)
	for _, r := range []ragged{
		{b.ahead, steps, batch, lengths, false, x, y, 2 * z.outputs},
		{b.back, steps, batch, lengths, true, x, y[min(z.outputs, len(y)):], 2 * z.outputs},
	} {
		r.run(nil, nil)
	}
	return nil
}

// String tells the kernels of both.
func (b *Bidirectional) String() string { return fmt.Sprintf("ahead: %v; back: %v", b.ahead, b.back) }

// Ragged sequences are rows of x and y, batch of them a step; rows of y are wide numbers apart
// and zero.
type ragged struct {
	layer   Layer
	steps   int
	batch   int
	lengths []int // or nil: all have steps
	back    bool  // from the last step of each
	x, y    []float32
	wide    int
}

// row is where step t of sequence n stands.
func (r *ragged) row(t, n int) int {
	if r.back {
		t = r.length(n) - 1 - t
	}
	return t*r.batch + n
}

func (r *ragged) length(n int) int {
	if r.lengths == nil {
		return r.steps
	}
	return r.lengths[n]
}

// run runs the sequences that are left from where one ends to the next end.
func (r *ragged) run(h, s []float32) {
	z := r.layer.sizes()
	k, u, c := z.outputs, z.units, z.inputs
	m := z.get()
	defer z.put(m)
	H, S := m.slice(4, r.batch*k), m.slice(5, r.batch*u)
	widen(H, h, r.batch, k, k)
	widen(S, s, r.batch, u, u)
	for begin := 0; ; {
		end, left := 0, 0
		for n := range r.batch {
			if last := r.length(n); last > begin {
				if left == 0 || last < end {
					end = last
				}
				left++
			}
		}
		if left == 0 {
			break
		}
		span := end - begin
		X, Y := m.slice(2, span*left*c), m.slice(3, span*left*k)
		h2, s2 := m.slice(6, left*k), m.slice(7, left*u)
		i := 0
		for n := range r.batch {
			if r.length(n) <= begin {
				continue
			}
			copy(h2[i*k:][:k], H[n*k:])
			copy(s2[i*u:][:u], S[n*u:])
			for t := range span {
				copy(X[(t*left+i)*c:][:c], r.x[r.row(begin+t, n)*c:])
			}
			i++
		}
		must(r.layer.run(span, left, X, Y, h2, s2))
		i = 0
		for n := range r.batch {
			if r.length(n) <= begin {
				continue
			}
			copy(H[n*k:][:k], h2[i*k:])
			copy(S[n*u:][:u], s2[i*u:])
			for t := range span {
				copy(r.y[r.row(begin+t, n)*r.wide:][:k], Y[(t*left+i)*k:])
			}
			i++
		}
		begin = end
	}
	narrow(h, H, r.batch, k, k)
	narrow(s, S, r.batch, u, u)
}
