package nn

import (
	"fmt"

	"github.com/loopopt/loopopt/kernels/conv"
)

// Conv2DWeights are those of a convolution of images, y = act(W*x + B), where W*x is the
// cross-correlation, as in PyTorch's Conv2d.
type Conv2DWeights struct {
	Inputs, Outputs int // channels
	Height, Width   int // of the filter
	Stride          int
	Padding         int       // rows of zeros above and below the image, and columns beside it
	W               []float32 // [Outputs][Inputs][Height][Width]
	B               []float32 // [Outputs], or nil for zeros
	Activation      Activation
}

// Kernels of convolutions take input channels by 16 and output channels by 32.
const (
	convInputs  = 16
	convOutputs = 32
)

// A Conv2D is a convolution layer.
type Conv2D struct {
	w       Conv2DWeights // without the weights
	c, k    int           // channels, padded
	packed  []float32
	b       []float32
	threads int
	scratches
}

// NewConv2D packs weights, which may be changed afterwards. The activation is Identity or ReLU.
func NewConv2D(w Conv2DWeights, opts ...Option) (*Conv2D, error) {
	err := first(
		sized("Conv2D", size{"Inputs", w.Inputs, 1}, size{"Outputs", w.Outputs, 1}, size{"Height", w.Height, 1}, size{"Width", w.Width, 1}, size{"Stride", w.Stride, 1}, size{"Padding", w.Padding, 0}),
		long("Conv2D", "W", w.W, w.Outputs, w.Inputs, w.Height, w.Width),
		optional("Conv2D", "B", w.B, w.Outputs),
	)
	if err != nil {
		return nil, err
	}
	if w.Activation != Identity && w.Activation != ReLU {
		return nil, &ShapeError{"Conv2D", "Activation", fmt.Sprintf("is %v; it has to be Identity or ReLU", w.Activation)}
	}
	l := &Conv2D{w: w, c: roundUp(w.Inputs, convInputs), k: roundUp(w.Outputs, convOutputs), threads: optionsOf(opts).threads}
	taps := w.Height * w.Width
	n := elements(l.k, l.c, w.Height, w.Width)
	if n < 0 {
		return nil, &ShapeError{"Conv2D", "Outputs", "are too many"}
	}
	l.b = make([]float32, l.k)
	copy(l.b, w.B)
	l.packed = make([]float32, n)
	plain := padded(w.W, 1, w.Outputs, w.Inputs*taps, l.k, l.c*taps)
	must(conv.PackW(0, 0, l.k, l.c, 1, 1, w.Height, w.Width, 1, plain, l.packed))
	l.w.W, l.w.B = nil, nil
	return l, nil
}

// Size is the height and width of the output for images of a height and width: 0 where these
// are smaller than the filter.
func (l *Conv2D) Size(height, width int) (int, int) {
	size := func(n, filter int) int {
		if n += 2*l.w.Padding - filter; n < 0 {
			return 0
		}
		return n/l.w.Stride + 1
	}
	return size(height, l.w.Height), size(width, l.w.Width)
}

// Forward computes y, [images][Outputs][p][q] with the p and q of Size, of x,
// [images][Inputs][height][width].
func (l *Conv2D) Forward(images, height, width int, x, y []float32) error {
	const in = "Conv2D.Forward"
	if err := sized(in, size{"images", images, 0}, size{"height", height, 1}, size{"width", width, 1}); err != nil {
		return err
	}
	p, q := l.Size(height, width)
	if p == 0 || q == 0 {
		return &ShapeError{in, "height, width", fmt.Sprintf("are %d, %d; with padding %d a filter of %d, %d does not fit in", height, width, l.w.Padding, l.w.Height, l.w.Width)}
	}
	if err := first(long(in, "x", x, images, l.w.Inputs, height, width), long(in, "y", y, images, l.w.Outputs, p, q)); err != nil {
		return err
	}
	h, w := l.w.Stride*(p-1)+l.w.Height, l.w.Stride*(q-1)+l.w.Width // that are read
	pixels, result := elements(images, l.c, h, w), elements(images, l.k, p, q)
	if pixels < 0 || result < 0 {
		return &ShapeError{in, "images", "are too many"}
	}
	m := l.get()
	defer l.put(m)
	I, O, plain := m.slice(0, pixels), m.slice(1, result), m.slice(2, max(pixels, result))
	l.pad(images, height, width, h, w, x, plain)
	must(conv.PackI(l.threads, images, l.k, l.c, p, q, l.w.Height, l.w.Width, l.w.Stride, plain[:pixels], I))
	for i := 0; i < result; i += 16 { // 16 channels of a pixel
		block := i / (16 * p * q) % (l.k / 16)
		copy(O[i:], l.b[16*block:][:16])
	}
	must(conv.ConvAvx5121x1S1(l.threads, images, l.k, l.c, p, q, l.w.Height, l.w.Width, l.w.Stride, I, l.packed, O))
	must(conv.UnpackO(l.threads, images, l.k, l.c, p, q, l.w.Height, l.w.Width, l.w.Stride, O, plain[:result]))
	narrow(y, plain, images, l.w.Outputs*p*q, l.k*p*q)
	if l.w.Activation == ReLU {
		for i, v := range y {
			y[i] = max(v, 0)
		}
	}
	return nil
}

// pad puts images into such of h by w pixels and all channels, with zeros around.
func (l *Conv2D) pad(images, height, width, h, w int, x, out []float32) {
	clear(out[:images*l.c*h*w])
	for n := range images {
		for c := range l.w.Inputs {
			from, to := x[(n*l.w.Inputs+c)*height*width:], out[(n*l.c+c)*h*w:]
			for r := range min(height, h-l.w.Padding) {
				cols := min(width, w-l.w.Padding)
				if cols > 0 {
					copy(to[(r+l.w.Padding)*w+l.w.Padding:][:cols], from[r*width:])
				}
			}
		}
	}
}

// String tells the kernel for an image of 14 by 14 pixels of output.
func (l *Conv2D) String() string {
	return fmt.Sprintf("Conv2D of %d inputs and %d outputs, filter %d by %d, stride %d, padding %d; 14 by 14 pixels: %s",
		l.w.Inputs, l.w.Outputs, l.w.Height, l.w.Width, l.w.Stride, l.w.Padding,
		conv.WhichConvAvx5121x1S1(1, l.k, l.c, 14, 14, l.w.Height, l.w.Width, l.w.Stride))
}
