package nn

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

// layersOf makes a layer of each kind.
func layersOf(t *testing.T, inputs, units int, seed uint64) []Layer {
	rng := rand.New(rand.NewPCG(seed, 2))
	weights := func(gates int) (w, r, b []float32) {
		return random(rng, gates*units*inputs, 0.5), random(rng, gates*units*units, 0.3), random(rng, gates*units, 1)
	}
	w, r, b := weights(4)
	lstm, err1 := NewLSTM(LSTMWeights{inputs, units, w, r, b})
	w, r, b = weights(3)
	gru, err2 := NewGRU(GRUWeights{Inputs: inputs, Units: units, W: w, R: r, B: b})
	before, err3 := NewGRU(GRUWeights{Inputs: inputs, Units: units, W: w, R: r, B: b, ResetBefore: true})
	w, r, b = weights(1)
	rnn, err4 := NewRNN(RNNWeights{inputs, units, w, r, b, Tanh})
	outputs := units - 5
	projected, err5 := NewProjectedLSTM(ProjectedLSTMWeights{
		inputs, units, outputs, random(rng, 4*units*inputs, 0.5), random(rng, 4*units*outputs, 0.3), nil, random(rng, outputs*units, 0.3),
	})
	if err := first(err1, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	return []Layer{lstm, gru, before, rnn, projected}
}

// alone runs one sequence by itself.
func alone(t *testing.T, l Layer, length, batch, n int, x, h, s []float32, back bool) []float32 {
	c, k := l.sizes().inputs, l.sizes().outputs
	X, Y := make([]float32, length*c), make([]float32, length*k)
	at := func(i int) int {
		if back {
			return length - 1 - i
		}
		return i
	}
	for i := range length {
		copy(X[i*c:][:c], x[(at(i)*batch+n)*c:])
	}
	if err := l.run(length, 1, X, Y, h, s); err != nil {
		t.Fatal(err)
	}
	out := make([]float32, length*k)
	for i := range length {
		copy(out[at(i)*k:][:k], Y[i*k:])
	}
	return out
}

func TestLengths(t *testing.T) {
	const steps, inputs, units = 7, 5, 18
	for _, lengths := range [][]int{{3, 7, 0, 7, 1, 4, 3}, {7}, {0, 0}, {}, {2, 2, 2}} {
		for i, l := range layersOf(t, inputs, units, 1) {
			hasState, k := l.sizes().gates == 4, l.sizes().outputs
			t.Run(fmt.Sprint(lengths, i), func(t *testing.T) {
				batch := len(lengths)
				rng := rand.New(rand.NewPCG(3, 4))
				x, h, s := random(rng, steps*batch*inputs, 1), random(rng, batch*k, 1), random(rng, batch*units, 1)
				if !hasState {
					s = nil
				}
				y := random(rng, steps*batch*k, 1)
				h2, s2 := append([]float32(nil), h...), append([]float32(nil), s...)
				if !hasState {
					s2 = nil
				}
				if err := ForwardLengths(l, steps, batch, lengths, x, y, h2, s2); err != nil {
					t.Fatal(err)
				}
				for n, length := range lengths {
					hn := append([]float32(nil), h[n*k:][:k]...)
					var sn []float32
					if s != nil {
						sn = append(sn, s[n*units:][:units]...)
					}
					want := wide(alone(t, l, length, batch, n, x, hn, sn, false), length*k)
					for at := range steps {
						got := y[(at*batch+n)*k:][:k]
						if at < length {
							close32(t, "y", got, want[at*k:][:k], 1e-6)
						} else {
							close32(t, "y after the end", got, make([]float64, k), 0)
						}
					}
					close32(t, "h", h2[n*k:][:k], wide(hn, k), 1e-6)
					if s != nil {
						close32(t, "s", s2[n*units:][:units], wide(sn, units), 1e-6)
					}
				}
			})
		}
	}
}

func TestBidirectional(t *testing.T) {
	const steps, inputs, units = 6, 4, 16
	back := layersOf(t, inputs, units, 7)
	for i, ahead := range layersOf(t, inputs, units, 1) {
		for _, lengths := range [][]int{nil, {6, 2, 0, 5}} {
			const batch = 4
			k := ahead.sizes().outputs
			rng := rand.New(rand.NewPCG(3, 4))
			x, y := random(rng, steps*batch*inputs, 1), random(rng, steps*batch*2*k, 1)
			b, err := NewBidirectional(ahead, back[i])
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Forward(steps, batch, lengths, x, y); err != nil {
				t.Fatal(err)
			}
			for n := range batch {
				length := steps
				if lengths != nil {
					length = lengths[n]
				}
				for d, l := range []Layer{ahead, back[i]} {
					want := wide(alone(t, l, length, batch, n, x, nil, nil, d == 1), length*k)
					for at := range steps {
						got := y[(at*batch+n)*2*k+d*k:][:k]
						if at < length {
							close32(t, "y", got, want[at*k:][:k], 1e-6)
						} else {
							close32(t, "y after the end", got, make([]float64, k), 0)
						}
					}
				}
			}
		}
	}
}

func TestLengthErrors(t *testing.T) {
	layers := layersOf(t, 4, 16, 1)
	x, y := make([]float32, 3*2*4), make([]float32, 3*2*16)
	for _, err := range []error{
		ForwardLengths(layers[0], 3, 2, []int{1}, x, y, nil, nil),
		ForwardLengths(layers[0], 3, 2, []int{1, 4}, x, y, nil, nil),
		ForwardLengths(layers[0], 3, 2, []int{-1, 3}, x, y, nil, nil),
		ForwardLengths(layers[1], 3, 2, []int{1, 3}, x, y, nil, make([]float32, 32)),
		ForwardLengths(layers[1], 3, 2, []int{1, 3}, y[:len(x)], y, nil, nil),
		ForwardLengths(nil, 3, 2, []int{1, 3}, x, y, nil, nil),
	} {
		var shape *ShapeError
		if !errors.As(err, &shape) {
			t.Errorf("%v is no *ShapeError", err)
		}
	}
	if _, err := NewBidirectional(layers[0], layersOf(t, 4, 32, 1)[0]); err == nil {
		t.Error("layers of different units are taken")
	}
	if _, err := NewBidirectional(nil, layers[0]); err == nil {
		t.Error("no layer is taken")
	}
	b, err := NewBidirectional(layers[0], layers[3])
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Forward(3, 2, nil, x, y); err == nil {
		t.Error("outputs for one direction are taken")
	}
	both := make([]float32, 2*len(y))
	if err := b.Forward(3, 2, nil, both[:len(x)], both); err == nil {
		t.Error("outputs in the place of inputs are taken")
	}
	if n := testing.AllocsPerRun(20, func() {
		if err := b.Forward(3, 2, nil, x, both); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations a call in both directions", n)
	}
	lengths := []int{1, 3}
	if n := testing.AllocsPerRun(20, func() {
		if err := ForwardLengths(layers[0], 3, 2, lengths, x, y, nil, nil); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations a call", n)
	}
}
