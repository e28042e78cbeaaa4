package nn

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

func random(rng *rand.Rand, n int, scale float64) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(rng.NormFloat64() * scale)
	}
	return out
}

func close32(t *testing.T, what string, have []float32, want []float64, within float64) {
	t.Helper()
	for i := range want {
		if d := math.Abs(float64(have[i]) - want[i]); !(d <= within*(1+math.Abs(want[i]))) {
			t.Fatalf("%s[%d] is %v, want %v", what, i, have[i], want[i])
		}
	}
}

func wide(x []float32, n int) []float64 {
	out := make([]float64, n)
	for i := range x {
		out[i] = float64(x[i])
	}
	return out
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// dots is B + W x, of n rows of in numbers.
func dots(w, b []float64, row, in int, x []float64) float64 {
	s := b[row]
	for i := range in {
		s += w[row*in+i] * x[i]
	}
	return s
}

// recur runs a cell, as of the definitions, over the steps of each sequence of a minibatch.
func recur(steps, batch, inputs, units int, x, h, s []float64, cell func(x, h, s []float64)) (y []float64) {
	for t := range steps {
		for n := range batch {
			cell(x[(t*batch+n)*inputs:][:inputs], h[n*units:][:units], s[n*units:][:units])
		}
		y = append(y, h...)
	}
	return y
}

func lstmCell(units, inputs int, w, r, b []float64) func(x, h, s []float64) {
	zero := make([]float64, 4*units)
	return func(x, h, s []float64) {
		old := append([]float64(nil), h...)
		for k := range units {
			gate := func(g int) float64 {
				return dots(w, b, g*units+k, inputs, x) + dots(r, zero, g*units+k, units, old)
			}
			s[k] = sigmoid(gate(1))*s[k] + sigmoid(gate(0))*math.Tanh(gate(2))
			h[k] = sigmoid(gate(3)) * math.Tanh(s[k])
		}
	}
}

var shapes = []struct{ steps, batch, inputs, units int }{
	{1, 1, 1, 1}, {3, 1, 5, 16}, {2, 6, 7, 20}, {4, 5, 16, 33}, {3, 13, 64, 64}, {0, 3, 2, 2}, {2, 0, 2, 2},
}

func TestLSTM(t *testing.T) {
	for _, c := range shapes {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			w := LSTMWeights{c.inputs, c.units, random(rng, 4*c.units*c.inputs, 0.5), random(rng, 4*c.units*c.units, 0.3), random(rng, 4*c.units, 1)}
			x, h, s := random(rng, c.steps*c.batch*c.inputs, 1), random(rng, c.batch*c.units, 1), random(rng, c.batch*c.units, 1)
			H, S := wide(h, len(h)), wide(s, len(s))
			want := recur(c.steps, c.batch, c.inputs, c.units, wide(x, len(x)), H, S,
				lstmCell(c.units, c.inputs, wide(w.W, len(w.W)), wide(w.R, len(w.R)), wide(w.B, len(w.B))))
			l, err := NewLSTM(w)
			if err != nil {
				t.Fatal(err)
			}
			y := make([]float32, len(want))
			h2, s2 := append([]float32(nil), h...), append([]float32(nil), s...)
			if err := l.Forward(c.steps, c.batch, x, y, h2, s2); err != nil {
				t.Fatal(err)
			}
			close32(t, "y", y, want, 1e-5)
			close32(t, "h", h2, H, 1e-5)
			close32(t, "s", s2, S, 1e-5)

			train, err := NewLSTMTraining(w)
			if err != nil {
				t.Fatal(err)
			}
			clear(y)
			if err := train.Forward(c.steps, c.batch, x, y, h, s); err != nil {
				t.Fatal(err)
			}
			close32(t, "y of training", y, want, 1e-5)
			close32(t, "s of training", s, S, 1e-5)
		})
	}
}

// TestProjectedLSTM runs layers whose outputs are fewer than their units, as many, and more.
func TestProjectedLSTM(t *testing.T) {
	for _, c := range shapes {
		for _, outputs := range []int{1, c.units, c.units + 70} {
			t.Run(fmt.Sprint(c, outputs), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(1, 2))
				w := ProjectedLSTMWeights{
					Inputs: c.inputs, Units: c.units, Outputs: outputs, W: random(rng, 4*c.units*c.inputs, 0.5),
					R: random(rng, 4*c.units*outputs, 0.1), B: random(rng, 4*c.units, 1), V: random(rng, outputs*c.units, 0.5),
				}
				W, R, B, V := wide(w.W, len(w.W)), wide(w.R, len(w.R)), wide(w.B, len(w.B)), wide(w.V, len(w.V))
				x, h, s := random(rng, c.steps*c.batch*c.inputs, 1), random(rng, c.batch*outputs, 1), random(rng, c.batch*c.units, 1)
				H, S, zero := wide(h, len(h)), wide(s, len(s)), make([]float64, max(4*c.units, outputs))
				var want []float64
				for t := range c.steps {
					for n := range c.batch {
						x, h, s := wide(x, len(x))[(t*c.batch+n)*c.inputs:][:c.inputs], H[n*outputs:][:outputs], S[n*c.units:][:c.units]
						y := make([]float64, c.units)
						for k := range y {
							gate := func(g int) float64 {
								return dots(W, B, g*c.units+k, c.inputs, x) + dots(R, zero, g*c.units+k, outputs, h)
							}
							s[k] = sigmoid(gate(1))*s[k] + sigmoid(gate(0))*math.Tanh(gate(2))
							y[k] = sigmoid(gate(3)) * math.Tanh(s[k])
						}
						for p := range h {
							h[p] = dots(V, zero, p, c.units, y)
						}
					}
					want = append(want, H...)
				}
				l, err := NewProjectedLSTM(w)
				if err != nil {
					t.Fatal(err)
				}
				y := make([]float32, len(want))
				if err := l.Forward(c.steps, c.batch, x, y, h, s); err != nil {
					t.Fatal(err)
				}
				close32(t, "y", y, want, 1e-5)
				close32(t, "h", h, H, 1e-5)
				close32(t, "s", s, S, 1e-5)
			})
		}
	}
	var shape *ShapeError
	for _, w := range []ProjectedLSTMWeights{
		{Inputs: 1, Units: 1, W: make([]float32, 4), R: make([]float32, 4)},
		{Inputs: 1, Units: 1, Outputs: -1, W: make([]float32, 4), R: make([]float32, 4)},
		{Inputs: 1, Units: 2, Outputs: 3, W: make([]float32, 8), R: make([]float32, 16), V: make([]float32, 6)},
		{Inputs: 1, Units: 2, Outputs: 3, W: make([]float32, 8), R: make([]float32, 24), V: make([]float32, 5)},
	} {
		if _, err := NewProjectedLSTM(w); !errors.As(err, &shape) {
			t.Errorf("%v is no *ShapeError", err)
		}
	}
}

func TestGRU(t *testing.T) {
	for _, before := range []bool{false, true} {
		for _, c := range shapes {
			t.Run(fmt.Sprint(before, c), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(1, 2))
				w := GRUWeights{
					Inputs: c.inputs, Units: c.units, W: random(rng, 3*c.units*c.inputs, 0.5), R: random(rng, 3*c.units*c.units, 0.3),
					B: random(rng, 3*c.units, 1), ResetBefore: before,
				}
				if !before {
					w.Q = random(rng, c.units, 1)
				}
				W, R, B, Q := wide(w.W, len(w.W)), wide(w.R, len(w.R)), wide(w.B, len(w.B)), wide(w.Q, c.units)
				zero := make([]float64, 3*c.units)
				x, h := random(rng, c.steps*c.batch*c.inputs, 1), random(rng, c.batch*c.units, 1)
				H := wide(h, len(h))
				want := recur(c.steps, c.batch, c.inputs, c.units, wide(x, len(x)), H, H, func(x, h, _ []float64) {
					old := append([]float64(nil), h...)
					gate := func(g, k int, h []float64) (float64, float64) {
						return dots(W, B, g*c.units+k, c.inputs, x), dots(R, zero, g*c.units+k, c.units, h)
					}
					reset := make([]float64, c.units)
					for k := range reset {
						a, b := gate(0, k, old)
						reset[k] = sigmoid(a+b) * old[k]
					}
					for k := range h {
						a, b := gate(0, k, old)
						r := sigmoid(a + b)
						a, b = gate(1, k, old)
						z := sigmoid(a + b)
						var g float64
						if before {
							a, b = gate(2, k, reset)
							g = math.Tanh(a + b)
						} else {
							a, b = gate(2, k, old)
							g = math.Tanh(a + r*(b+Q[k]))
						}
						h[k] = (1-z)*g + z*old[k]
					}
				})
				l, err := NewGRU(w)
				if err != nil {
					t.Fatal(err)
				}
				y := make([]float32, len(want))
				if err := l.Forward(c.steps, c.batch, x, y, h); err != nil {
					t.Fatal(err)
				}
				close32(t, "y", y, want, 1e-5)
				close32(t, "h", h, H, 1e-5)
			})
		}
	}
}

var activations = map[Activation]func(float64) float64{
	Identity: func(x float64) float64 { return x },
	ReLU:     func(x float64) float64 { return max(x, 0) },
	Sigmoid:  sigmoid,
	Tanh:     math.Tanh,
	GELU: func(x float64) float64 {
		return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	},
}

func TestRNN(t *testing.T) {
	for _, act := range []Activation{ReLU, Sigmoid, Tanh} {
		for _, c := range shapes {
			t.Run(fmt.Sprint(act, c), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(1, 2))
				w := RNNWeights{c.inputs, c.units, random(rng, c.units*c.inputs, 0.3), random(rng, c.units*c.units, 0.1), nil, act}
				W, R, zero := wide(w.W, len(w.W)), wide(w.R, len(w.R)), make([]float64, c.units)
				x, h := random(rng, c.steps*c.batch*c.inputs, 1), random(rng, c.batch*c.units, 1)
				H := wide(h, len(h))
				want := recur(c.steps, c.batch, c.inputs, c.units, wide(x, len(x)), H, H, func(x, h, _ []float64) {
					old := append([]float64(nil), h...)
					for k := range h {
						h[k] = activations[act](dots(W, zero, k, c.inputs, x) + dots(R, zero, k, c.units, old))
					}
				})
				l, err := NewRNN(w)
				if err != nil {
					t.Fatal(err)
				}
				y := make([]float32, len(want))
				if err := l.Forward(c.steps, c.batch, x, y, h); err != nil {
					t.Fatal(err)
				}
				close32(t, "y", y, want, 1e-5)
				close32(t, "h", h, H, 1e-5)
			})
		}
	}
}

func TestDense(t *testing.T) {
	for act, f := range activations {
		for _, c := range []struct{ rows, inputs, outputs int }{{1, 1, 1}, {6, 3, 64}, {7, 10, 65}, {0, 2, 3}, {13, 100, 128}} {
			rng := rand.New(rand.NewPCG(1, 2))
			w := DenseWeights{c.inputs, c.outputs, random(rng, c.inputs*c.outputs, 0.5), random(rng, c.outputs, 1), act}
			l, err := NewDense(w)
			if err != nil {
				t.Fatal(err)
			}
			x, y := random(rng, c.rows*c.inputs, 1), make([]float32, c.rows*c.outputs)
			if err := l.Forward(c.rows, x, y); err != nil {
				t.Fatal(err)
			}
			X, W, B := wide(x, len(x)), wide(w.W, len(w.W)), wide(w.B, len(w.B))
			var want []float64
			for r := range c.rows {
				for o := range c.outputs {
					want = append(want, f(dots(W, B, o, c.inputs, X[r*c.inputs:])))
				}
			}
			close32(t, fmt.Sprint(act, c), y, want, 1e-4)
		}
	}
}

func TestConv2D(t *testing.T) {
	for _, c := range []struct{ images, inputs, outputs, filter, stride, padding, height, width int }{
		{1, 1, 1, 1, 1, 0, 1, 1},
		{2, 3, 5, 3, 1, 1, 9, 11},
		{1, 16, 32, 3, 2, 1, 15, 14},
		{1, 64, 32, 1, 1, 0, 4, 14},
		{1, 17, 33, 5, 3, 4, 8, 10},
		{1, 2, 3, 2, 3, 2, 2, 2},
		{1, 16, 32, 3, 1, 1, 7, 7},
		{0, 3, 5, 3, 1, 1, 9, 11},
		{1, 3, 2, 1, 1, 3, 2, 2},
		{2, 16, 32, 3, 1, 1, 14, 14},
		{1, 17, 60, 3, 1, 1, 5, 42},
		{1, 16, 32, 3, 2, 1, 28, 28},
		{1, 16, 32, 3, 2, 1, 14, 14},
		{1, 20, 32, 1, 2, 0, 16, 28},
		{2, 16, 32, 1, 1, 0, 8, 28},
		{1, 3, 40, 7, 2, 3, 20, 56},
	} {
		for variant := range 4 {
			rng := rand.New(rand.NewPCG(1, 2))
			w := Conv2DWeights{c.inputs, c.outputs, c.filter, c.filter, c.stride, c.padding, random(rng, c.outputs*c.inputs*c.filter*c.filter, 0.3), nil, random(rng, c.outputs, 1), ReLU, false, 0, 0}
			switch variant {
			case 1:
				w.Scale, w.Activation = random(rng, c.outputs, 1), Identity
			case 2:
				w.B, w.Activation = nil, Identity
			}
			l, err := NewConv2D(w)
			if err != nil {
				t.Fatal(err)
			}
			p, q := l.Size(c.height, c.width)
			x, y := random(rng, c.images*c.inputs*c.height*c.width, 1), make([]float32, c.images*c.outputs*p*q)
			residual := make([]float32, len(y))
			switch variant {
			case 0, 2:
				err = l.Forward(c.images, c.height, c.width, x, y)
			case 1:
				copy(residual, random(rng, len(y), 1))
				err = l.ForwardAdd(c.images, c.height, c.width, x, residual, y)
			case 3: // where the residual lies
				copy(residual, random(rng, len(y), 1))
				copy(y, residual)
				err = l.ForwardAdd(c.images, c.height, c.width, x, y, y)
			}
			if err != nil {
				t.Fatal(err)
			}
			var want []float64
			for n := range c.images {
				for k := range c.outputs {
					for oj := range p {
						for oi := range q {
							s := 0.0
							for ch := range c.inputs {
								for r := range c.filter {
									for f := range c.filter {
										j, i := oj*c.stride+r-c.padding, oi*c.stride+f-c.padding
										if j >= 0 && j < c.height && i >= 0 && i < c.width {
											s += float64(x[((n*c.inputs+ch)*c.height+j)*c.width+i]) * float64(w.W[((k*c.inputs+ch)*c.filter+r)*c.filter+f])
										}
									}
								}
							}
							if w.Scale != nil {
								s *= float64(w.Scale[k])
							}
							if w.B != nil {
								s += float64(w.B[k])
							}
							s += float64(residual[len(want)])
							if w.Activation == ReLU {
								s = max(s, 0)
							}
							want = append(want, s)
						}
					}
				}
			}
			close32(t, fmt.Sprint(c, " ", variant), y, want, 1e-5)

			w.ChannelsLast = true
			if l, err = NewConv2D(w); err != nil {
				t.Fatal(err)
			}
			X, Y, Z, back := make([]float32, len(x)), make([]float32, len(y)), make([]float32, len(y)), make([]float32, len(y))
			transpose(x, c.images, c.inputs, c.height*c.width, X)
			transpose(residual, c.images, c.outputs, p*q, Z)
			if variant%2 == 0 {
				err = l.Forward(c.images, c.height, c.width, X, Y)
			} else {
				err = l.ForwardAdd(c.images, c.height, c.width, X, Z, Y)
			}
			if err != nil {
				t.Fatal(err)
			}
			transpose(Y, c.images, p*q, c.outputs, back)
			same(t, fmt.Sprint(c, " ", variant, " channels last"), back, y)
		}
	}
}

func TestRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	rows, cols := 3, 37
	x, y, g, b := random(rng, rows*cols, 3), make([]float32, rows*cols), random(rng, cols, 1), random(rng, cols, 1)
	soft, norm := []float64{}, []float64{}
	for r := range rows {
		var sum, mean, square float64
		for _, v := range x[r*cols:][:cols] {
			sum += math.Exp(float64(v))
			mean += float64(v) / float64(cols)
		}
		for _, v := range x[r*cols:][:cols] {
			square += (float64(v) - mean) * (float64(v) - mean) / float64(cols)
		}
		for i, v := range x[r*cols:][:cols] {
			soft = append(soft, math.Exp(float64(v))/sum)
			norm = append(norm, (float64(v)-mean)/math.Sqrt(square+1e-5)*float64(g[i])+float64(b[i]))
		}
	}
	if err := Softmax(rows, cols, x, y, Threads(1)); err != nil {
		t.Fatal(err)
	}
	close32(t, "softmax", y, soft, 1e-6)
	if err := LayerNorm(rows, cols, 1e-5, x, g, b, y); err != nil {
		t.Fatal(err)
	}
	close32(t, "layer norm", y, norm, 1e-4)
}

// TestGradients compares with differences of the loss sum(dy y) + sum(dh h) + sum(ds s), taken
// in float64.
func TestGradients(t *testing.T) {
	for _, c := range shapes {
		if c.steps*c.batch == 0 || c.units > 33 {
			continue
		}
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, 4))
			w := LSTMWeights{c.inputs, c.units, random(rng, 4*c.units*c.inputs, 0.5), random(rng, 4*c.units*c.units, 0.3), random(rng, 4*c.units, 1)}
			x, h, s := random(rng, c.steps*c.batch*c.inputs, 1), random(rng, c.batch*c.units, 1), random(rng, c.batch*c.units, 1)
			dy, dh, ds := random(rng, c.steps*c.batch*c.units, 1), random(rng, c.batch*c.units, 1), random(rng, c.batch*c.units, 1)
			all := [][]float64{wide(w.W, len(w.W)), wide(w.R, len(w.R)), wide(w.B, len(w.B)), wide(x, len(x)), wide(h, len(h)), wide(s, len(s))}
			loss := func() float64 {
				H, S := append([]float64(nil), all[4]...), append([]float64(nil), all[5]...)
				y := recur(c.steps, c.batch, c.inputs, c.units, all[3], H, S, lstmCell(c.units, c.inputs, all[0], all[1], all[2]))
				sum := 0.0
				for i, v := range y {
					sum += v * float64(dy[i])
				}
				for i := range H {
					sum += H[i]*float64(dh[i]) + S[i]*float64(ds[i])
				}
				return sum
			}
			l, err := NewLSTMTraining(w)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Forward(c.steps, c.batch, x, make([]float32, len(dy)), append([]float32(nil), h...), append([]float32(nil), s...)); err != nil {
				t.Fatal(err)
			}
			g := LSTMGradients{make([]float32, len(w.W)), make([]float32, len(w.R)), make([]float32, len(w.B))}
			dx, dh0, ds0 := make([]float32, len(x)), append([]float32(nil), dh...), append([]float32(nil), ds...)
			if err := l.Backward(dy, dx, dh0, ds0, g); err != nil {
				t.Fatal(err)
			}
			for n, have := range [][]float32{g.W, g.R, g.B, dx, dh0, ds0} {
				for range min(20, len(have)) {
					i := rng.IntN(len(have))
					const step = 1e-5
					at := all[n][i]
					all[n][i] = at + step
					up := loss()
					all[n][i] = at - step
					down := loss()
					all[n][i] = at
					if want := (up - down) / (2 * step); math.Abs(want-float64(have[i])) > 2e-4*(1+math.Abs(want)) {
						t.Errorf("gradient %d[%d] is %v, want %v", n, i, have[i], want)
					}
				}
			}
		})
	}
}

// TestAtTheSameTime has calls of one layer side by side, and none allocates.
func TestAtTheSameTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	l, err := NewLSTM(LSTMWeights{5, 20, random(rng, 4*20*5, 0.5), random(rng, 4*20*20, 0.3), nil}, Threads(1))
	if err != nil {
		t.Fatal(err)
	}
	x := random(rng, 3*7*5, 1)
	want := make([]float32, 3*7*20)
	if err := l.Forward(3, 7, x, want, nil, nil); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			y := make([]float32, len(want))
			for range 20 {
				if err := l.Forward(3, 7, x, y, nil, nil); err != nil {
					t.Error(err)
				}
				for i := range y {
					if y[i] != want[i] {
						t.Error("calls disturb each other")
						return
					}
				}
			}
		})
	}
	wg.Wait()
	y := make([]float32, len(want))
	d, err := NewDense(DenseWeights{20, 10, random(rng, 200, 1), nil, Tanh}, Threads(1))
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float32, 21*10)
	if n := testing.AllocsPerRun(20, func() {
		if l.Forward(3, 7, x, y, nil, nil) != nil || d.Forward(21, y, out) != nil {
			t.Error("failed")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestErrors(t *testing.T) {
	l, err := NewLSTM(LSTMWeights{2, 3, make([]float32, 24), make([]float32, 36), nil})
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewDense(DenseWeights{64, 64, make([]float32, 64*64), nil, ReLU})
	if err != nil {
		t.Fatal(err)
	}
	train, err := NewLSTMTraining(LSTMWeights{2, 3, make([]float32, 24), make([]float32, 36), nil})
	if err != nil {
		t.Fatal(err)
	}
	same := make([]float32, 64*6)
	_, badWeights := NewLSTM(LSTMWeights{2, 3, make([]float32, 25), make([]float32, 36), nil})
	_, badAct := NewDense(DenseWeights{1, 1, make([]float32, 1), nil, 17})
	_, badRNN := NewRNN(RNNWeights{1, 1, make([]float32, 1), make([]float32, 1), nil, GELU})
	_, noUnits := NewGRU(GRUWeights{Inputs: 1})
	_, huge := NewDense(DenseWeights{math.MaxInt, 2, nil, nil, ReLU})
	_, bias := NewGRU(GRUWeights{1, 1, make([]float32, 3), make([]float32, 3), nil, make([]float32, 1), true})
	c, err := NewConv2D(Conv2DWeights{1, 1, 3, 3, 1, 0, make([]float32, 9), nil, nil, Identity, false, 0, 0})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		err  error
		want string
	}{
		{badWeights, "nn: LSTM: W has 25 elements instead of [4 3 2], 24"},
		{badAct, "nn: Dense: Activation is Activation(17); there is no such one"},
		{badRNN, "nn: RNN: Activation is GELU; it has to be ReLU, Sigmoid or Tanh"},
		{noUnits, "nn: GRU: Units is 0; it has to be from 1 to 2147483647"},
		{huge, "nn: Dense: Inputs is 9223372036854775807; it has to be from 1 to 2147483647"},
		{bias, "nn: GRU: Q is a bias that there is none of with ResetBefore"},
		{l.Forward(1, 1, make([]float32, 2), make([]float32, 4), nil, nil), "nn: LSTM.Forward: y has 4 elements instead of [1 1 3], 3"},
		{l.Forward(-1, 1, nil, nil, nil, nil), "nn: LSTM.Forward: steps is -1; it has to be from 0 to 2147483647"},
		{l.Forward(1, 1, make([]float32, 2), make([]float32, 3), nil, make([]float32, 2)), "nn: LSTM.Forward: s has 2 elements instead of [1 3], 3"},
		{l.Forward(1<<20, 1<<20, nil, nil, nil, nil), "nn: LSTM.Forward: x would have more elements than 2147483647: [1048576 1048576 2]"},
		{d.Forward(6, same, same), "nn: Dense.Forward: y overlaps x"},
		{Softmax(1, 64, same[:64], same[1:65]), "nn: Softmax: y overlaps x"},
		{train.Backward(nil, nil, nil, nil, LSTMGradients{}), "nn: LSTMTraining.Backward: dy has nothing to refer to: call Forward first"},
		{c.Forward(1, 2, 5, make([]float32, 10), nil), "nn: Conv2D.Forward: height, width are 2, 5; with padding 0 a filter of 3, 3 does not fit in"},
		{c.ForwardAdd(1, 3, 4, make([]float32, 12), make([]float32, 1), make([]float32, 2)), "nn: Conv2D.ForwardAdd: residual has 1 elements instead of [1 1 1 2], 2"},
		{c.ForwardAdd(1, 0, 4, nil, nil, nil), "nn: Conv2D.ForwardAdd: height is 0; it has to be from 1 to 2147483647"},
	} {
		var shape *ShapeError
		if !errors.As(c.err, &shape) || c.err.Error() != c.want {
			t.Errorf("%d: %v, want %s", i, c.err, c.want)
		}
	}
}

func TestString(t *testing.T) {
	l, _ := NewLSTM(LSTMWeights{2, 3, make([]float32, 24), make([]float32, 36), nil})
	if s := l.String(); !strings.HasPrefix(s, "LSTM of 2 inputs and 3 units (padded to 16); batch 1: ") {
		t.Error(s)
	}
	t.Log(l)
	d, _ := NewDense(DenseWeights{64, 64, make([]float32, 64*64), nil, ReLU})
	t.Log(d)
	c, _ := NewConv2D(Conv2DWeights{1, 1, 3, 3, 1, 0, make([]float32, 9), nil, nil, Identity, false, 0, 0})
	t.Log(c)
	g, _ := NewGRU(GRUWeights{1, 1, make([]float32, 3), make([]float32, 3), nil, nil, true})
	t.Log(g)
	r, _ := NewRNN(RNNWeights{1, 1, make([]float32, 1), make([]float32, 1), nil, ReLU})
	t.Log(r)
	n, _ := NewLSTMTraining(LSTMWeights{2, 3, make([]float32, 24), make([]float32, 36), nil})
	t.Log(n)
}
