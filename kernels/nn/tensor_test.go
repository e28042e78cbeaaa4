package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// What Apply computes of tensors is what Forward computes of plain images, for each of the ways
// to a convolution.
func TestApply(t *testing.T) {
	for _, c := range []struct{ images, inputs, outputs, filter, stride, padding, height, width int }{
		{2, 16, 32, 3, 1, 1, 14, 14},
		{1, 32, 64, 1, 2, 0, 14, 14},
		{1, 16, 32, 3, 1, 1, 9, 11},
		{0, 16, 32, 3, 1, 1, 9, 11},
	} {
		rng := rand.New(rand.NewPCG(3, 4))
		l, err := NewConv2D(Conv2DWeights{c.inputs, c.outputs, c.filter, c.filter, c.stride, c.padding, random(rng, c.outputs*c.inputs*c.filter*c.filter, 0.3), random(rng, c.outputs, 1), random(rng, c.outputs, 1), ReLU, false, 0, 0}, Threads(2))
		if err != nil {
			t.Fatal(err)
		}
		p, q := l.Size(c.height, c.width)
		x, z := random(rng, c.images*c.inputs*c.height*c.width, 1), random(rng, c.images*c.outputs*p*q, 1)
		want, got := make([]float32, len(z)), make([]float32, len(z))
		if err := l.ForwardAdd(c.images, c.height, c.width, x, z, want); err != nil {
			t.Fatal(err)
		}
		X, err := NewTensor(c.images, c.inputs, c.height, c.width, x)
		if err != nil {
			t.Fatal(err)
		}
		Z, err := NewTensor(c.images, c.outputs, p, q, z)
		if err != nil {
			t.Fatal(err)
		}
		var Y Tensor
		if err := first(l.Apply(X, Z, &Y), Y.Plain(got)); err != nil {
			t.Fatal(err)
		}
		same(t, fmt.Sprint(c), got, want)
		if err := l.Forward(c.images, c.height, c.width, x, want); err != nil {
			t.Fatal(err)
		}
		if err := first(l.Apply(X, nil, &Y), Y.Plain(got)); err != nil {
			t.Fatal(err)
		}
		same(t, fmt.Sprint(c, " without a residual"), got, want)
	}
}

func TestApplyImages(t *testing.T) {
	for _, c := range []struct{ inputs, filter, height, width int }{{3, 7, 20, 56}, {3, 7, 9, 10}, {16, 3, 28, 28}} {
		rng := rand.New(rand.NewPCG(3, 4))
		l, err := NewConv2D(Conv2DWeights{c.inputs, 32, c.filter, c.filter, 2, c.filter / 2, random(rng, 32*c.inputs*c.filter*c.filter, 0.3), nil, random(rng, 32, 1), ReLU, false, 0, 0})
		if err != nil {
			t.Fatal(err)
		}
		p, q := l.Size(c.height, c.width)
		x := random(rng, c.inputs*c.height*c.width, 1)
		want, got := make([]float32, 32*p*q), make([]float32, 32*p*q)
		var y Tensor
		if err := first(l.Forward(1, c.height, c.width, x, want), l.ApplyImages(1, c.height, c.width, x, &y), y.Plain(got)); err != nil {
			t.Fatal(err)
		}
		same(t, fmt.Sprint(c), got, want)
	}
}

func same(t *testing.T, name string, got, want []float32) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%s: %v instead of %v at %d", name, got[i], want[i], i)
		}
	}
}

func TestPool(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	const n, c, h, w = 2, 32, 7, 9
	x := random(rng, n*c*h*w, 1)
	X, err := NewTensor(n, c, h, w, x)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct{ filter, stride, padding int }{{3, 2, 1}, {2, 2, 0}, {1, 3, 0}} {
		var Y Tensor
		if err := MaxPool(X, k.filter, k.stride, k.padding, &Y); err != nil {
			t.Fatal(err)
		}
		got := make([]float32, len(Y.Data))
		if err := Y.Plain(got); err != nil {
			t.Fatal(err)
		}
		var want []float32
		for i := range n * c {
			for p := 0; p*k.stride+k.filter <= h+2*k.padding; p++ {
				for q := 0; q*k.stride+k.filter <= w+2*k.padding; q++ {
					best := float32(math.Inf(-1))
					for r := range k.filter {
						for s := range k.filter {
							j, l := p*k.stride+r-k.padding, q*k.stride+s-k.padding
							if j >= 0 && j < h && l >= 0 && l < w {
								best = max(best, x[(i*h+j)*w+l])
							}
						}
					}
					want = append(want, best)
				}
			}
		}
		if len(want) != len(got) {
			t.Fatalf("%v: %d cells instead of %d", k, len(got), len(want))
		}
		same(t, fmt.Sprint(k), got, want)
	}
	mean, want := make([]float32, n*c), make([]float64, n*c)
	for i := range want {
		for _, v := range x[i*h*w:][:h*w] {
			want[i] += float64(v) / (h * w)
		}
	}
	if err := MeanPool(X, mean); err != nil {
		t.Fatal(err)
	}
	close32(t, "mean", mean, want, 1e-6)
}

func TestTensorErrors(t *testing.T) {
	_, err := NewTensor(1, 8, 2, 2, make([]float32, 32))
	wantError(t, err, "nn: NewTensor: x is no tensor of 1 images, 8 channels, 2 by 2 pixels; channels have to be a multiple of 16, and elements at most 2147483647")
	x := &Tensor{1, 16, 2, 2, make([]float32, 64)}
	wantError(t, x.Plain(x.Data), "nn: Tensor.Plain: y overlaps the tensor")
	wantError(t, x.Plain(nil), "nn: Tensor.Plain: y has 0 elements instead of [1 16 2 2], 64")
	wantError(t, MaxPool(x, 3, 1, 2, &Tensor{}), "nn: MaxPool: filter is 3; with padding 2 it has to be from 4 to what an image of 2 by 2 holds")
	wantError(t, MaxPool(x, 2, 0, 0, &Tensor{}), "nn: MaxPool: stride is 0; it has to be from 1 to 2147483647")
	wantError(t, MaxPool(x, 2, 1, 0, x), "nn: MaxPool: y overlaps an input")
	wantError(t, MeanPool(x, nil), "nn: MeanPool: y has 0 elements instead of [1 16], 16")
	l, err := NewConv2D(Conv2DWeights{Inputs: 16, Outputs: 32, Height: 3, Width: 3, Stride: 1, W: make([]float32, 32*16*9)})
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, l.Apply(x, nil, &Tensor{}), "nn: Conv2D.Apply: height, width are 2, 2; with padding 0 a filter of 3, 3 does not fit in")
	x = &Tensor{1, 16, 3, 3, make([]float32, 144)}
	wantError(t, l.Apply(x, x, &Tensor{}), "nn: Conv2D.Apply: residual has extents 1, 16, 3, 3 instead of 1, 32, 1, 1")
	l, err = NewConv2D(Conv2DWeights{Inputs: 3, Outputs: 4, Height: 1, Width: 1, Stride: 1, W: make([]float32, 12)})
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, l.Apply(x, nil, &Tensor{}), "nn: Conv2D.Apply: x has 16 channels instead of 3")
	wantError(t, l.ApplyImages(1, 2, 2, make([]float32, 12), &Tensor{}), "nn: Conv2D.ApplyImages: y has 4 channels; tensors of convolutions have a multiple of 32")
}
