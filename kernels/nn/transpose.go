package nn

import (
	"fmt"

	"github.com/loopopt/loopopt/kernels/conv2d"
	"github.com/loopopt/loopopt/kernels/conv2ddata"
)

// ConvTranspose2DWeights are those of a transposed convolution, y = act(W'*x + B), where W'* is the
// gradient by the image of a convolution with W from Outputs to Inputs channels, as in PyTorch's
// ConvTranspose2d: each pixel of x adds a filter to y, Stride pixels from the next one's.
type ConvTranspose2DWeights struct {
	Inputs, Outputs int // channels
	Height, Width   int // of the filter
	Stride          int
	Padding         int       // rows and columns left out at each side of the result
	OutputPadding   int       // rows below and columns right of it that are computed beyond; less than Stride
	W               []float32 // [Inputs][Outputs][Height][Width]
	B               []float32 // [Outputs], or nil for zeros
	Activation      Activation
}

// A ConvTranspose2D is a transposed convolution layer.
type ConvTranspose2D struct {
	w       ConvTranspose2DWeights // without W
	k, c    int                    // inputs and outputs, padded
	packed  []float32
	threads int
	scratches
}

// NewConvTranspose2D packs weights, which may be changed afterwards. The activation is Identity or ReLU.
func NewConvTranspose2D(w ConvTranspose2DWeights, opts ...Option) (*ConvTranspose2D, error) {
	const in = "ConvTranspose2D"
	err := first(
		sized(in, size{"Inputs", w.Inputs, 1}, size{"Outputs", w.Outputs, 1}, size{"Height", w.Height, 1}, size{"Width", w.Width, 1}, size{"Stride", w.Stride, 1}, size{"Padding", w.Padding, 0}, size{"OutputPadding", w.OutputPadding, 0}),
		long(in, "W", w.W, w.Inputs, w.Outputs, w.Height, w.Width),
		optional(in, "B", w.B, w.Outputs),
	)
	if err != nil {
		return nil, err
	}
	if w.OutputPadding >= w.Stride {
		return nil, &ShapeError{in, "OutputPadding", fmt.Sprintf("is %d; it has to be less than the stride, %d", w.OutputPadding, w.Stride)}
	}
	if w.Activation != Identity && w.Activation != ReLU {
		return nil, &ShapeError{in, "Activation", fmt.Sprintf("is %v; it has to be Identity or ReLU", w.Activation)}
	}
	l := &ConvTranspose2D{w: w, k: roundUp(w.Inputs, convInputs), c: roundUp(w.Outputs, convOutputs), threads: optionsOf(opts).threads}
	n := elements(l.k, l.c, w.Height, w.Width)
	if n < 0 {
		return nil, &ShapeError{in, "Outputs", "are too many"}
	}
	l.packed = make([]float32, n)
	taps := w.Height * w.Width
	plain := padded(w.W, 1, w.Inputs, w.Outputs*taps, l.k, l.c*taps)
	must(conv2ddata.PackF(0, 0, l.k, l.c, 0, 0, 0, 0, w.Height, w.Width, 1, 1, 0, plain, l.packed))
	l.w.W, l.w.B = nil, append([]float32(nil), w.B...)
	return l, nil
}

// Size is the height and width of the output for images of a height and width: 0 where nothing
// is left of it.
func (l *ConvTranspose2D) Size(height, width int) (int, int) {
	size := func(n, filter int) int {
		return max(0, (n-1)*l.w.Stride-2*l.w.Padding+filter+l.w.OutputPadding)
	}
	return size(height, l.w.Height), size(width, l.w.Width)
}

// Forward computes y, [images][Outputs][p][q] with the p and q of Size, of x,
// [images][Inputs][height][width].
func (l *ConvTranspose2D) Forward(images, height, width int, x, y []float32) error {
	const in = "ConvTranspose2D.Forward"
	if err := sized(in, size{"images", images, 0}, size{"height", height, 1}, size{"width", width, 1}); err != nil {
		return err
	}
	w := l.w
	if elements(height, w.Stride) < 0 || elements(width, w.Stride) < 0 {
		return &ShapeError{in, "height, width", "are too large"}
	}
	p, q := l.Size(height, width)
	if p == 0 || q == 0 {
		return &ShapeError{in, "height, width", fmt.Sprintf("are %d, %d; with padding %d nothing is left of the result", height, width, w.Padding)}
	}
	pixels, result := elements(images, l.k, height, width), elements(images, l.c, p, q)
	if pixels < 0 || result < 0 {
		return &ShapeError{in, "images", "are too many"}
	}
	if err := first(long(in, "x", x, images, w.Inputs, height, width), long(in, "y", y, images, w.Outputs, p, q)); err != nil {
		return err
	}
	m := l.get()
	defer l.put(m)
	wide, I, O, plain := x, m.slice(0, pixels), m.slice(1, result), y
	if l.k != w.Inputs {
		wide = m.slice(2, pixels)
		widen(wide, x, images, w.Inputs*height*width, l.k*height*width)
	}
	must(conv2d.PackY(l.threads, images, l.k, 0, 0, 0, height, width, 0, 0, 1, 1, 0, 0, 0, 0, wide, I))
	must(conv2ddata.Conv2dDataPacked(l.threads, images, l.k, l.c, p, q, height, width, w.Height, w.Width, w.Stride, 1, w.Padding, I, l.packed, O))
	if l.c != w.Outputs {
		plain = m.slice(2, result)
	}
	must(conv2ddata.UnpackDX(l.threads, images, 0, l.c, p, q, 0, 0, 0, 0, 1, 1, 0, O, plain))
	if l.c != w.Outputs {
		narrow(y, plain, images, w.Outputs*p*q, l.c*p*q)
	}
	if len(w.B) == 0 && w.Activation == Identity {
		return nil
	}
	for i := range images * w.Outputs {
		var b float32
		if len(w.B) > 0 {
			b = w.B[i%w.Outputs]
		}
		row := y[i*p*q:][:p*q]
		for j, v := range row {
			if v += b; w.Activation == ReLU {
				v = max(v, 0)
			}
			row[j] = v
		}
	}
	return nil
}

// String tells the kernel for an image of 14 by 14 pixels.
func (l *ConvTranspose2D) String() string {
	return fmt.Sprintf("ConvTranspose2D of %d inputs and %d outputs, filter %d by %d, stride %d, padding %d; 14 by 14 pixels: %s",
		l.w.Inputs, l.w.Outputs, l.w.Height, l.w.Width, l.w.Stride, l.w.Padding, l.Which(1, 14, 14))
}

// Which tells the kernel for images of a size, "" if nothing is left of the result.
func (l *ConvTranspose2D) Which(images, height, width int) string {
	p, q := l.Size(height, width)
	if p == 0 || q == 0 {
		return ""
	}
	return conv2ddata.WhichConv2dDataPacked(images, l.k, l.c, p, q, height, width, l.w.Height, l.w.Width, l.w.Stride, 1, l.w.Padding)
}
