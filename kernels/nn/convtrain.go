package nn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/kernels/conv2d"
	"github.com/loopopt/loopopt/kernels/conv2ddata"
	"github.com/loopopt/loopopt/kernels/conv2dweights"
)

// A Conv2DTraining is a convolution layer with its gradients. Shapes for which there is no
// assembly (String and Which of Conv2D tell) take naive loops backward, which are slow. No method
// may run beside another of the same value.
type Conv2DTraining struct {
	layer  *Conv2D
	back   []float32 // weights as the backward pass takes them
	plain  []float32 // and as they are, for images of a few channels
	kernel scratch
}

// Conv2DGradients are those of the loss by the weights, shaped as these. What is nil is not computed.
type Conv2DGradients struct{ W, B []float32 }

// NewConv2DTraining packs weights. The activation has to be Identity, Scale nil, and Groups 1: the
// gradient that Backward takes is by the sums. Channels come first.
func NewConv2DTraining(w Conv2DWeights, opts ...Option) (*Conv2DTraining, error) {
	if w.Activation != Identity {
		return nil, &ShapeError{"Conv2DTraining", "Activation", fmt.Sprintf("is %v; it has to be Identity", w.Activation)}
	}
	if w.Scale != nil {
		return nil, &ShapeError{"Conv2DTraining", "Scale", "has to be nil"}
	}
	if w.ChannelsLast {
		return nil, &ShapeError{"Conv2DTraining", "ChannelsLast", "has to be false"}
	}
	if w.Groups > 1 {
		return nil, &ShapeError{"Conv2DTraining", "Groups", fmt.Sprintf("is %d; it has to be 1, or 0, which is as good", w.Groups)}
	}
	layer, err := NewConv2D(w, opts...)
	if err != nil {
		return nil, err
	}
	l := &Conv2DTraining{layer: layer, back: make([]float32, len(layer.packed))}
	if layer.image != nil {
		l.plain = slices.Clone(w.W)
	}
	taps := w.Height * w.Width
	plain := padded(w.W, 1, w.Outputs, w.Inputs*taps, layer.k, layer.c*taps)
	must(conv2ddata.PackF(0, 0, layer.k, layer.c, 0, 0, 0, 0, w.Height, w.Width, 1, 1, 0, plain, l.back))
	return l, nil
}

// Forward is that of Conv2D.
func (l *Conv2DTraining) Forward(images, height, width int, x, y []float32) error {
	return l.layer.Forward(images, height, width, x, y)
}

// Backward computes gradients of the loss from dy, that by y, [images][Outputs][p][q], and the x of
// the forward pass: dx, that by x, [images][Inputs][height][width], if it is not nil, and those by the
// weights, which are overwritten.
func (l *Conv2DTraining) Backward(images, height, width int, x, dy, dx []float32, g Conv2DGradients) error {
	const in = "Conv2DTraining.Backward"
	if err := sized(in, size{"images", images, 0}, size{"height", height, 1}, size{"width", width, 1}); err != nil {
		return err
	}
	w := l.layer.w
	p, q := l.layer.Size(height, width)
	if p == 0 || q == 0 {
		return l.layer.tooSmall(in, height, width)
	}
	err := first(
		long(in, "x", x, images, w.Inputs, height, width), long(in, "dy", dy, images, w.Outputs, p, q),
		optional(in, "dx", dx, images, w.Inputs, height, width),
		optional(in, "gradients of W", g.W, w.Outputs, w.Inputs, w.Height, w.Width), optional(in, "gradients of B", g.B, w.Outputs),
	)
	if err != nil {
		return err
	}
	for _, out := range []struct {
		name string
		x    []float32
	}{{"dx", dx}, {"gradients of W", g.W}, {"gradients of B", g.B}} {
		if overlap(out.x, x) || overlap(out.x, dy) {
			return &ShapeError{in, out.name, "overlap x or dy"}
		}
	}
	k, c := l.layer.k, l.layer.c
	pixels, result := elements(images, c, height, width), elements(images, k, p, q)
	if pixels < 0 || result < 0 {
		return &ShapeError{in, "images", "are too many"}
	}
	call := func(run func(threads, N, K, C, H, W, P, Q, R, S, stride, dilation, pad int, a, b, out []float32) error, a, b, out []float32) {
		must(run(l.layer.threads, images, k, c, height, width, p, q, w.Height, w.Width, w.Stride, w.Dilation, w.Padding, a, b, out))
	}
	m := &l.kernel
	dY := m.slice(0, result)
	must(conv2d.PackY(l.layer.threads, images, k, 0, 0, 0, p, q, 0, 0, 1, 1, 0, 0, 0, 0, l.wide(dy, images, w.Outputs*p*q, k*p*q), dY))
	switch {
	case dx == nil:
	case l.dataByImage(images, height, width, p, q):
		dX := m.slice(1, len(dx))
		must(conv2ddata.Conv2dDataImage(l.layer.threads, images, w.Outputs, w.Inputs, height, width, p, q, w.Height, w.Width, w.Stride, w.Dilation, w.Padding, dy, l.plain, dX))
		must(conv2ddata.UnpackDXImage(l.layer.threads, images, 0, w.Inputs, height, width, 0, 0, 0, 0, 1, 1, 0, dX, dx))
	default:
		dX, plain := m.slice(1, pixels), m.slice(2, pixels)
		call(conv2ddata.Conv2dDataPacked, dY, l.back, dX)
		must(conv2ddata.UnpackDX(l.layer.threads, images, 0, c, height, width, 0, 0, 0, 0, 1, 1, 0, dX, plain))
		narrow(dx, plain, images, w.Inputs*height*width, c*height*width)
	}
	if g.W != nil {
		taps, inputs := w.Height*w.Width, c
		dF := m.slice(4, len(l.back))
		plain := m.slice(2, len(dF))
		if l.byImage(images, height, width, p, q) {
			inputs = w.Inputs
			dF, plain = dF[:k*inputs*taps], plain[:k*inputs*taps]
			must(conv2dweights.Conv2dWeightsImage(l.layer.threads, images, k, inputs, height, width, p, q, w.Height, w.Width, w.Stride, w.Dilation, w.Padding, x, dY, dF))
			must(conv2dweights.UnpackDFImage(l.layer.threads, 0, k, inputs, 0, 0, 0, 0, w.Height, w.Width, 1, 1, 0, dF, plain))
		} else {
			X := m.slice(1, pixels)
			must(conv2d.PackX(l.layer.threads, images, 0, c, height, width, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, l.wide(x, images, w.Inputs*height*width, c*height*width), X))
			call(conv2dweights.Conv2dWeightsPacked, X, dY, dF)
			must(conv2dweights.UnpackDF(l.layer.threads, 0, k, c, 0, 0, 0, 0, w.Height, w.Width, 1, 1, 0, dF, plain))
		}
		for o := range w.Outputs {
			copy(g.W[o*w.Inputs*taps:][:w.Inputs*taps], plain[o*inputs*taps:])
		}
	}
	if g.B != nil {
		clear(g.B)
		for i := range images * w.Outputs {
			for _, v := range dy[i*p*q:][:p*q] {
				g.B[i%w.Outputs] += v
			}
		}
	}
	return nil
}

// dataByImage tells whether the gradient by the image has assembly for arrays as they lie.
func (l *Conv2DTraining) dataByImage(images, height, width, p, q int) bool {
	w := l.layer.w
	return l.plain != nil && strings.Contains(conv2ddata.WhichConv2dDataImage(images, w.Outputs, w.Inputs, height, width, p, q, w.Height, w.Width, w.Stride, w.Dilation, w.Padding), inAssembly)
}

// byImage tells whether the gradient by the weights has assembly for images as they lie.
func (l *Conv2DTraining) byImage(images, height, width, p, q int) bool {
	w := l.layer.w
	return l.layer.image != nil && strings.Contains(conv2dweights.WhichConv2dWeightsImage(images, l.layer.k, w.Inputs, height, width, p, q, w.Height, w.Width, w.Stride, w.Dilation, w.Padding), inAssembly)
}

// wide is x with rows padded by zeros.
func (l *Conv2DTraining) wide(x []float32, rows, cols, to int) []float32 {
	if cols == to {
		return x
	}
	out := l.kernel.slice(3, rows*to)
	widen(out, x, rows, cols, to)
	return out
}

// String tells the kernels for an image whose output has 14 by 14 pixels.
func (l *Conv2DTraining) String() string {
	w := l.layer.w
	h, v := l.layer.side(w.Height), l.layer.side(w.Width)
	sizes := func(which func(N, K, C, H, W, P, Q, R, S, stride, dilation, pad int) string) string {
		return which(1, l.layer.k, l.layer.c, h, v, 14, 14, w.Height, w.Width, w.Stride, w.Dilation, w.Padding)
	}
	return l.layer.String() + "; backward " + sizes(conv2ddata.WhichConv2dDataPacked) + "; by weights " + sizes(conv2dweights.WhichConv2dWeightsPacked)
}
