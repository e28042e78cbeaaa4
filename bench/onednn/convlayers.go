//go:build onednn

package main

// A layer is a convolution: channels in and out, the image, the filter, and how it moves.
type layer struct{ C, K, H, W, R, S, stride, pad int }

// layers are the 20 shapes of ResNet-50 (table I of Georganas et al., SC18) and the strided 3x3
// ones of its version 1.5. Names count from 1.
var layers = [...]layer{
	{3, 64, 224, 224, 7, 7, 2, 3},
	{64, 256, 56, 56, 1, 1, 1, 0},
	{64, 64, 56, 56, 1, 1, 1, 0},
	{64, 64, 56, 56, 3, 3, 1, 1},
	{256, 64, 56, 56, 1, 1, 1, 0},
	{256, 512, 56, 56, 1, 1, 2, 0},
	{256, 128, 56, 56, 1, 1, 2, 0},
	{128, 128, 28, 28, 3, 3, 1, 1},
	{128, 512, 28, 28, 1, 1, 1, 0},
	{512, 128, 28, 28, 1, 1, 1, 0},
	{512, 1024, 28, 28, 1, 1, 2, 0},
	{512, 256, 28, 28, 1, 1, 2, 0},
	{256, 256, 14, 14, 3, 3, 1, 1},
	{256, 1024, 14, 14, 1, 1, 1, 0},
	{1024, 256, 14, 14, 1, 1, 1, 0},
	{1024, 2048, 14, 14, 1, 1, 2, 0},
	{1024, 512, 14, 14, 1, 1, 2, 0},
	{512, 512, 7, 7, 3, 3, 1, 1},
	{512, 2048, 7, 7, 1, 1, 1, 0},
	{2048, 512, 7, 7, 1, 1, 1, 0},
	{128, 128, 56, 56, 3, 3, 2, 1},
	{256, 256, 28, 28, 3, 3, 2, 1},
	{512, 512, 14, 14, 3, 3, 2, 1},
}

// image is the height and the width of the output.
func (l layer) image() (P, Q int) {
	return (l.H+2*l.pad-l.R)/l.stride + 1, (l.W+2*l.pad-l.S)/l.stride + 1
}

// flops counts the operations on N images without those on padding.
func (l layer) flops(N int) float64 {
	P, Q := l.image()
	return 2 * float64(N*l.K*l.C) * float64(inside(P, l.H, l.R, l.stride, l.pad)) * float64(inside(Q, l.W, l.S, l.stride, l.pad))
}

// inside counts along an axis the taps of all outputs that fall on the image.
func inside(outputs, size, taps, stride, pad int) int {
	n := 0
	for p := range outputs {
		for r := range taps {
			if at := p*stride + r - pad; at >= 0 && at < size {
				n++
			}
		}
	}
	return n
}

// newest has GFLOP/s of oneDNN 3.14.0 and of 2.6.3 on a quiet machine with a peak of 117.4, for
// each layer: forward at N = 1 and N = 4, backward by data and the update of weights at N = 1.
var newest = [len(layers)][4][2]float64{
	{{115, 111}, {105, 108}, {21, 21}, {104, 105}},
	{{115, 109}, {107, 103}, {116, 116}, {116, 114}},
	{{115, 109}, {111, 106}, {115, 114}, {115, 114}},
	{{115, 114}, {111, 113}, {114, 115}, {102, 102}},
	{{116, 112}, {110, 103}, {114, 114}, {116, 114}},
	{{114, 111}, {108, 103}, {109, 113}, {111, 112}},
	{{112, 113}, {103, 110}, {97, 105}, {110, 109}},
	{{114, 115}, {114, 114}, {114, 114}, {102, 102}},
	{{116, 111}, {116, 110}, {116, 115}, {116, 115}},
	{{117, 115}, {116, 114}, {115, 114}, {116, 115}},
	{{116, 63}, {112, 87}, {110, 114}, {110, 111}},
	{{114, 64}, {111, 88}, {94, 111}, {112, 111}},
	{{116, 114}, {115, 115}, {116, 115}, {89, 89}},
	{{117, 114}, {116, 115}, {116, 115}, {115, 114}},
	{{116, 115}, {115, 116}, {117, 115}, {115, 114}},
	{{115, 113}, {107, 111}, {108, 114}, {105, 106}},
	{{116, 115}, {113, 115}, {99, 113}, {108, 106}},
	{{114, 111}, {110, 112}, {114, 112}, {66, 65}},
	{{117, 115}, {115, 114}, {117, 113}, {110, 109}},
	{{117, 115}, {116, 116}, {117, 115}, {110, 109}},
	{{114, 116}, {111, 112}, {111, 109}, {101, 101}},
	{{114, 115}, {114, 114}, {108, 108}, {88, 88}},
	{{104, 113}, {108, 111}, {107, 106}, {66, 66}},
}

// newer is how much faster oneDNN 3.14 is than 2.6.3.
func newer(pass string, N, number int) float64 {
	column := map[string]int{"fwd": 0, "bwd": 2, "upd": 3}[pass]
	if pass == "fwd" && N > 1 {
		column = 1
	}
	g := newest[number-1][column]
	return g[0] / g[1]
}
