package nn

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestConv2DGradients compares gradients with those of naive loops in float64.
func TestConv2DGradients(t *testing.T) {
	for _, c := range []struct{ images, inputs, outputs, filter, stride, padding, height, width, dilation int }{
		{1, 1, 1, 1, 1, 0, 1, 1, 1},
		{2, 3, 5, 3, 1, 1, 6, 5, 1},
		{2, 32, 32, 3, 1, 1, 14, 14, 1},
		{1, 20, 40, 3, 1, 1, 7, 7, 1},
		{1, 32, 32, 1, 1, 0, 4, 28, 1},
		{1, 32, 32, 1, 2, 0, 28, 28, 1},
		{1, 32, 32, 3, 2, 1, 28, 28, 1},
		{1, 32, 32, 3, 2, 1, 14, 14, 1},
		{0, 3, 5, 3, 1, 1, 9, 11, 1},
		{2, 3, 40, 7, 2, 3, 32, 28, 1},
		{1, 3, 5, 7, 2, 3, 8, 224, 1},
		{2, 3, 5, 3, 2, 1, 9, 8, 2},
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		w := Conv2DWeights{c.inputs, c.outputs, c.filter, c.filter, c.stride, c.padding, random(rng, c.outputs*c.inputs*c.filter*c.filter, 0.3), nil, random(rng, c.outputs, 1), Identity, false, c.dilation, 0}
		l, err := NewConv2DTraining(w)
		if err != nil {
			t.Fatal(err)
		}
		p, q := l.layer.Size(c.height, c.width)
		x, dy := random(rng, c.images*c.inputs*c.height*c.width, 1), random(rng, c.images*c.outputs*p*q, 1)
		dx := make([]float32, len(x))
		g := Conv2DGradients{make([]float32, len(w.W)), make([]float32, len(w.B))}
		if err := l.Backward(c.images, c.height, c.width, x, dy, dx, g); err != nil {
			t.Fatal(err)
		}
		wantX, wantW, wantB := make([]float64, len(x)), make([]float64, len(w.W)), make([]float64, len(w.B))
		for i, d := range dy {
			n, k, oj, oi := i/(c.outputs*p*q), i/(p*q)%c.outputs, i/q%p, i%q
			wantB[k] += float64(d)
			for ch := range c.inputs {
				for r := range c.filter {
					for s := range c.filter {
						j, e := oj*c.stride+r*c.dilation-c.padding, oi*c.stride+s*c.dilation-c.padding
						if j >= 0 && j < c.height && e >= 0 && e < c.width {
							cell, tap := ((n*c.inputs+ch)*c.height+j)*c.width+e, ((k*c.inputs+ch)*c.filter+r)*c.filter+s
							wantX[cell] += float64(d) * float64(w.W[tap])
							wantW[tap] += float64(d) * float64(x[cell])
						}
					}
				}
			}
		}
		name := fmt.Sprint(c)
		close32(t, name+" by x", dx, wantX, 1e-5)
		close32(t, name+" by W", g.W, wantW, 1e-5+5e-8*float64(c.images*p*q)) // of as many terms
		close32(t, name+" by B", g.B, wantB, 1e-5)
	}
}

func TestConv2DTrainingErrors(t *testing.T) {
	w := Conv2DWeights{Inputs: 1, Outputs: 1, Height: 3, Width: 3, Stride: 1, W: make([]float32, 9), Activation: ReLU}
	_, err := NewConv2DTraining(w)
	wantError(t, err, "nn: Conv2DTraining: Activation is ReLU; it has to be Identity")
	w.Activation, w.Scale = Identity, make([]float32, 1)
	_, err = NewConv2DTraining(w)
	wantError(t, err, "nn: Conv2DTraining: Scale has to be nil")
	w.Scale, w.ChannelsLast = nil, true
	_, err = NewConv2DTraining(w)
	wantError(t, err, "nn: Conv2DTraining: ChannelsLast has to be false")
	w.ChannelsLast = false
	l, err := NewConv2DTraining(w)
	if err != nil {
		t.Fatal(err)
	}
	x, dy := make([]float32, 16), make([]float32, 4)
	wantError(t, l.Backward(1, 2, 4, x[:8], nil, nil, Conv2DGradients{}), "nn: Conv2DTraining.Backward: height, width are 2, 4; with padding 0 a filter of 3, 3 does not fit in")
	wantError(t, l.Backward(1, 4, 4, x, dy[:3], nil, Conv2DGradients{}), "nn: Conv2DTraining.Backward: dy has 3 elements instead of [1 1 2 2], 4")
	wantError(t, l.Backward(1, 4, 4, x, dy, x, Conv2DGradients{}), "nn: Conv2DTraining.Backward: dx overlap x or dy")
	if err := l.Backward(1, 4, 4, x, dy, nil, Conv2DGradients{}); err != nil {
		t.Error(err)
	}
	if s := l.String(); !strings.Contains(s, "; backward ") {
		t.Error(s)
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("%v instead of %s", err, want)
	}
}
