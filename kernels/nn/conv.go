package nn

import (
	"fmt"
	"strings"

	"github.com/loopopt/loopopt/kernels/conv"
	"github.com/loopopt/loopopt/kernels/conv2d"
	"github.com/loopopt/loopopt/kernels/depthwise"
)

// Conv2DWeights are those of a convolution of images, y = act(Scale*(W*x) + B), where W*x is the
// cross-correlation, as in PyTorch's Conv2d, and Scale and B are those of each output channel:
// a batch normalization with them follows without a pass of its own.
type Conv2DWeights struct {
	Inputs, Outputs int // channels
	Height, Width   int // of the filter
	Stride          int
	Padding         int       // rows of zeros above and below the image, and columns beside it
	W               []float32 // [Outputs][Inputs/Groups][Height][Width]
	Scale           []float32 // [Outputs], or nil for ones
	B               []float32 // [Outputs], or nil for zeros
	Activation      Activation
	ChannelsLast    bool // images are [images][height][width][channels]; the weights are as ever
	Dilation        int  // pixels from one tap of the filter to the next, 0 being 1
	Groups          int  // of channels that are convolved by themselves, 0 being 1; both Inputs and Outputs: depthwise
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
	image   []float32 // the weights for images of a few channels that lie as they are, or nil
	groups  []*Conv2D // that do the work, if there are several and the convolution is not depthwise
	scale   []float32 // of as many channels as b, or none if all are 1 and b is 0
	b       []float32
	threads int
	scratches
}

// NewConv2D packs weights, which may be changed afterwards. The activation is Identity or ReLU.
func NewConv2D(w Conv2DWeights, opts ...Option) (*Conv2D, error) {
	err := first(
		sized("Conv2D", size{"Inputs", w.Inputs, 1}, size{"Outputs", w.Outputs, 1}, size{"Height", w.Height, 1}, size{"Width", w.Width, 1}, size{"Stride", w.Stride, 1}, size{"Padding", w.Padding, 0}, size{"Dilation", w.Dilation, 0}, size{"Groups", w.Groups, 0}),
		w.divided(),
		long("Conv2D", "W", w.W, w.Outputs, w.Inputs/max(w.Groups, 1), w.Height, w.Width),
		optional("Conv2D", "Scale", w.Scale, w.Outputs),
		optional("Conv2D", "B", w.B, w.Outputs),
	)
	if err != nil {
		return nil, err
	}
	if w.Activation != Identity && w.Activation != ReLU {
		return nil, &ShapeError{"Conv2D", "Activation", fmt.Sprintf("is %v; it has to be Identity or ReLU", w.Activation)}
	}
	w.Dilation, w.Groups = max(w.Dilation, 1), max(w.Groups, 1)
	l := &Conv2D{w: w, c: roundUp(w.Inputs, convInputs), k: roundUp(w.Outputs, convOutputs), threads: optionsOf(opts).threads}
	if w.Groups > 1 {
		l.k = roundUp(w.Outputs, channelBlock)
	}
	taps := w.Height * w.Width
	if elements(w.Dilation, w.Height) < 0 || elements(w.Dilation, w.Width) < 0 {
		return nil, &ShapeError{"Conv2D", "Dilation", "is too large"}
	}
	inputs := l.c
	switch {
	case l.depthwise():
		inputs = 1
	case w.Groups > 1:
		return l.divide(w, opts)
	}
	n := elements(l.k, inputs, w.Height, w.Width)
	if n < 0 {
		return nil, &ShapeError{"Conv2D", "Outputs", "are too many"}
	}
	if w.Scale != nil || w.B != nil {
		l.scale, l.b = make([]float32, l.k), make([]float32, l.k)
		for i := range l.scale {
			l.scale[i] = 1
		}
		copy(l.scale, w.Scale)
		copy(l.b, w.B)
	}
	l.w.W, l.w.Scale, l.w.B = nil, nil, nil
	l.packed = make([]float32, n)
	if l.depthwise() {
		must(depthwise.PackF(0, 0, l.c, 0, 0, 0, 0, w.Height, w.Width, 1, 1, 0, 0, 0, 0, padded(w.W, 1, w.Outputs, taps, l.c, taps), l.packed))
		return l, nil
	}
	plain := padded(w.W, 1, w.Outputs, w.Inputs*taps, l.k, l.c*taps)
	must(conv2d.PackF(0, 0, l.k, l.c, 0, 0, 0, 0, w.Height, w.Width, 1, 1, 0, 0, 0, 0, plain, l.packed))
	if w.Inputs < convInputs {
		l.image = make([]float32, l.k*w.Inputs*taps)
		plain := padded(w.W, 1, w.Outputs, w.Inputs*taps, l.k, w.Inputs*taps)
		must(conv2d.PackFImage(0, 0, l.k, w.Inputs, 0, 0, 0, 0, w.Height, w.Width, 1, 1, 0, 0, 0, 0, plain, l.image))
	}
	return l, nil
}

// divided checks that each group has as many channels.
func (w Conv2DWeights) divided() error {
	if g := max(w.Groups, 1); w.Inputs%g != 0 || w.Outputs%g != 0 {
		return &ShapeError{"Conv2D", "Groups", fmt.Sprintf("is %d; it has to divide %d inputs and %d outputs", g, w.Inputs, w.Outputs)}
	}
	return nil
}

// depthwise tells whether each channel is convolved by itself.
func (l *Conv2D) depthwise() bool {
	return l.w.Groups > 1 && l.w.Groups == l.w.Inputs && l.w.Groups == l.w.Outputs
}

// divide makes a layer of each group.
func (l *Conv2D) divide(w Conv2DWeights, opts []Option) (*Conv2D, error) {
	n := w.Groups
	part := func(x []float32, g int) []float32 { return x[g*(len(x)/n):][:len(x)/n] }
	for g := range n {
		one := w
		one.Inputs, one.Outputs, one.Groups, one.ChannelsLast = w.Inputs/n, w.Outputs/n, 1, false
		one.W = part(w.W, g)
		if w.Scale != nil {
			one.Scale = part(w.Scale, g)
		}
		if w.B != nil {
			one.B = part(w.B, g)
		}
		group, err := NewConv2D(one, opts...)
		if err != nil {
			return nil, err
		}
		l.groups = append(l.groups, group)
	}
	l.w.W, l.w.Scale, l.w.B = nil, nil, nil
	return l, nil
}

// reach is how many pixels a side of the filter covers.
func (l *Conv2D) reach(filter int) int { return l.w.Dilation*(filter-1) + 1 }

// Size is the height and width of the output for images of a height and width: 0 where these
// are smaller than the filter.
func (l *Conv2D) Size(height, width int) (int, int) {
	size := func(n, filter int) int {
		if n += 2*l.w.Padding - l.reach(filter); n < 0 {
			return 0
		}
		return n/l.w.Stride + 1
	}
	return size(height, l.w.Height), size(width, l.w.Width)
}

// Forward computes y, [images][Outputs][p][q] with the p and q of Size, of x,
// [images][Inputs][height][width].
func (l *Conv2D) Forward(images, height, width int, x, y []float32) error {
	return l.forward("Conv2D.Forward", images, height, width, x, nil, y)
}

// ForwardAdd is Forward with a residual, of the size of y, that is added before the activation:
// y = act(Scale*(W*x) + B + residual). It may be y itself.
func (l *Conv2D) ForwardAdd(images, height, width int, x, residual, y []float32) error {
	const in = "Conv2D.ForwardAdd"
	if p, q := l.Size(max(height, 1), max(width, 1)); p > 0 && q > 0 {
		if err := l.long(in, "residual", residual, max(images, 0), l.w.Outputs, p, q); err != nil {
			return err
		}
	}
	return l.forward(in, images, height, width, x, residual, y)
}

func (l *Conv2D) forward(in string, images, height, width int, x, residual, y []float32) error {
	p, q, err := l.extents(in, images, height, width, x)
	if err == nil {
		err = l.long(in, "y", y, images, l.w.Outputs, p, q)
	}
	if err != nil {
		return err
	}
	m := l.get()
	defer l.put(m)
	w, form := l.w, l.form(images, height, width, p, q).name
	switch {
	case !w.ChannelsLast:
		l.planar(m, form, images, height, width, x, residual, y)
	case form == formPacked:
		I, O := m.slice(0, images*l.c*height*width), m.slice(1, images*l.k*p*q)
		toBlocks(x, images, height*width, w.Inputs, l.c, I)
		var Z []float32
		if residual != nil {
			Z = m.slice(3, len(O))
			toBlocks(residual, images, p*q, w.Outputs, l.k, Z)
		}
		l.blocks(images, height, width, p, q, I, Z, O)
		fromBlocks(O, images, p*q, w.Outputs, l.k, y)
	default:
		X, Y := m.slice(4, len(x)), m.slice(6, len(y))
		transpose(x, images, height*width, w.Inputs, X)
		var Z []float32
		if residual != nil {
			Z = m.slice(5, len(y))
			transpose(residual, images, p*q, w.Outputs, Z)
		}
		l.planar(m, form, images, height, width, X, Z, Y)
		transpose(Y, images, w.Outputs, p*q, y)
	}
	return nil
}

// long checks the length of images.
func (l *Conv2D) long(in, name string, x []float32, images, channels, height, width int) error {
	if l.w.ChannelsLast {
		return long(in, name, x, images, height, width, channels)
	}
	return long(in, name, x, images, channels, height, width)
}

// extents checks the arguments of a forward pass but for the result, and gives that its height and width.
func (l *Conv2D) extents(in string, images, height, width int, x []float32) (p, q int, err error) {
	if err := sized(in, size{"images", images, 0}, size{"height", height, 1}, size{"width", width, 1}); err != nil {
		return 0, 0, err
	}
	if p, q = l.Size(height, width); p == 0 || q == 0 {
		return 0, 0, l.tooSmall(in, height, width)
	}
	if !l.fits(images, height, width, p, q) || l.groups != nil && !l.groups[0].fits(1, height, width, p, q) {
		return 0, 0, &ShapeError{in, "images", "are too many"}
	}
	return p, q, l.long(in, "x", x, images, l.w.Inputs, height, width)
}

// fits tells whether arrays of padded channels are not too large.
func (l *Conv2D) fits(images, height, width, p, q int) bool {
	rows, cols := l.w.Stride*(p-1)+l.reach(l.w.Height), l.w.Stride*(q-1)+l.reach(l.w.Width) // that are read
	return elements(images, l.k, p, q) >= 0 && elements(images, l.c, rows, cols) >= 0 && elements(images, l.c, height, width) >= 0
}

// blocks runs the kernel for blocks of channels.
func (l *Conv2D) blocks(images, height, width, p, q int, x, residual, y []float32) {
	w := l.w
	if l.depthwise() {
		must(depthwise.DepthwisePacked(l.threads, images, l.c, height, width, p, q, w.Height, w.Width, w.Stride, w.Dilation, w.Padding, flag(l.b != nil), flag(residual != nil), flag(w.Activation == ReLU), x, l.packed, l.scale, l.b, residual, y))
		return
	}
	must(conv2d.Conv2dPacked(l.threads, images, l.k, l.c, height, width, p, q, w.Height, w.Width, w.Stride, w.Dilation, w.Padding, flag(l.b != nil), flag(residual != nil), flag(w.Activation == ReLU), x, l.packed, l.scale, l.b, residual, y))
}

// ofImage runs the kernel for images of a few channels as they lie.
func (l *Conv2D) ofImage(images, height, width, p, q int, x, residual, y []float32) {
	w := l.w
	must(conv2d.Conv2dImage(l.threads, images, l.k, w.Inputs, height, width, p, q, w.Height, w.Width, w.Stride, w.Dilation, w.Padding, flag(l.b != nil), flag(residual != nil), flag(w.Activation == ReLU), x, l.image, l.scale, l.b, residual, y))
}

// planar is Forward for images whose channels come first, whatever ChannelsLast says.
func (l *Conv2D) planar(m *scratch, form string, images, height, width int, x, residual, y []float32) {
	w := l.w
	p, q := l.Size(height, width)
	if form == formGroups {
		// A group may not write what another one reads.
		if overlap(x, y) {
			x = append(m.slice(0, len(x))[:0], x...)
		}
		if overlap(residual, y) && &residual[0] != &y[0] {
			residual = append(m.slice(3, len(residual))[:0], residual...)
		}
		l.each(images, height*width, p*q, x, residual, y, func(g *Conv2D, x, residual, y []float32) {
			must(g.forward("", 1, height, width, x, residual, y))
		})
		return
	}
	O := m.slice(1, images*l.k*p*q)
	var Z []float32
	if residual != nil && form != formPadded {
		Z = m.slice(3, len(O))
		must(conv2d.PackZ(l.threads, images, l.k, 0, 0, 0, p, q, 0, 0, 1, 1, 0, 0, 1, 0, l.wide(m, residual, images, w.Outputs*p*q, l.k*p*q), Z))
	}
	switch form {
	case formImage:
		l.ofImage(images, height, width, p, q, x, Z, O)
	case formPacked:
		I := m.slice(0, images*l.c*height*width)
		must(conv2d.PackX(l.threads, images, 0, l.c, height, width, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, l.wide(m, x, images, w.Inputs*height*width, l.c*height*width), I))
		l.blocks(images, height, width, p, q, I, Z, O)
	default:
		if overlap(residual, y) {
			Z = m.slice(3, len(residual))
			copy(Z, residual)
			residual = Z
		}
		rows, cols := w.Stride*(p-1)+w.Height, w.Stride*(q-1)+w.Width // that are read
		I, plain := m.slice(0, images*l.c*rows*cols), m.slice(2, images*l.c*rows*cols)
		l.pad(images, height, width, rows, cols, x, plain)
		must(conv.PackI(l.threads, images, l.k, l.c, p, q, w.Height, w.Width, w.Stride, plain, I))
		clear(O)
		must(conv.ConvAvx5121x1S1(l.threads, images, l.k, l.c, p, q, w.Height, w.Width, w.Stride, I, l.packed, O))
		l.unpack(m, images, p, q, O, y)
		l.finish(images, p*q, y, residual)
		return
	}
	l.unpack(m, images, p, q, O, y)
}

// each calls do for the channels of each group in each image.
func (l *Conv2D) each(images, in, out int, x, residual, y []float32, do func(g *Conv2D, x, residual, y []float32)) {
	n := len(l.groups)
	in, out = in*l.w.Inputs/n, out*l.w.Outputs/n
	for i := range images * n {
		var z []float32
		if residual != nil {
			z = residual[i*out:][:out]
		}
		do(l.groups[i%n], x[i*in:][:in], z, y[i*out:][:out])
	}
}

// transpose makes [images][cols][rows] of [images][rows][cols].
func transpose(x []float32, images, rows, cols int, out []float32) {
	for n := range images {
		from, to := x[n*rows*cols:][:rows*cols], out[n*rows*cols:][:rows*cols]
		for r := range rows {
			for c, v := range from[r*cols:][:cols] {
				to[c*rows+r] = v
			}
		}
	}
}

// toBlocks makes blocks of 16 channels, to in all, of images whose channels come last.
func toBlocks(x []float32, images, pixels, channels, to int, out []float32) {
	blocks := to / channelBlock
	for i := range images * pixels {
		row := x[i*channels:][:channels]
		for b := range blocks {
			cell := out[((i/pixels*blocks+b)*pixels+i%pixels)*channelBlock:][:channelBlock]
			n := copy(cell, row[min(b*channelBlock, channels):])
			clear(cell[n:])
		}
	}
}

// fromBlocks is toBlocks backward.
func fromBlocks(x []float32, images, pixels, channels, from int, out []float32) {
	blocks := from / channelBlock
	for i := range images * pixels {
		row := out[i*channels:][:channels]
		for b := range blocks {
			copy(row[min(b*channelBlock, channels):], x[((i/pixels*blocks+b)*pixels+i%pixels)*channelBlock:][:channelBlock])
		}
	}
}

// flag is what kernels call a choice.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (l *Conv2D) tooSmall(in string, height, width int) error {
	return &ShapeError{in, "height, width", fmt.Sprintf("are %d, %d; with padding %d a filter of %d, %d does not fit in", height, width, l.w.Padding, l.reach(l.w.Height), l.reach(l.w.Width))}
}

// wide is images of so many values with zeros up to another number of them.
func (l *Conv2D) wide(m *scratch, x []float32, images, from, to int) []float32 {
	if from == to {
		return x
	}
	plain := m.slice(2, images*to)
	widen(plain, x, images, from, to)
	return plain
}

// unpack makes row-major images of the blocks of 16 channels that kernels leave.
func (l *Conv2D) unpack(m *scratch, images, p, q int, O, y []float32) {
	plain := y
	if l.k != l.w.Outputs {
		plain = m.slice(2, len(O))
	}
	must(conv2d.UnpackY(l.threads, images, l.k, 0, 0, 0, p, q, 0, 0, 1, 1, 0, 0, 0, 0, O, plain))
	if l.k != l.w.Outputs {
		narrow(y, plain, images, l.w.Outputs*p*q, l.k*p*q)
	}
}

// finish does what follows the convolution itself to each of the pixels of y.
func (l *Conv2D) finish(images, pixels int, y, residual []float32) {
	for i := range images * l.w.Outputs {
		row := y[i*pixels:][:pixels]
		if l.b != nil {
			a, b := l.scale[i%l.w.Outputs], l.b[i%l.w.Outputs]
			for i, v := range row {
				row[i] = a*v + b
			}
		}
		if residual != nil {
			for j, v := range residual[i*pixels:][:pixels] {
				row[j] += v
			}
		}
		if l.w.Activation == ReLU {
			for i, v := range row {
				row[i] = max(v, 0)
			}
		}
	}
}

// A convForm is the way to a convolution, and the kernel's own word for it.
type convForm struct{ name, which string }

const (
	formImage  = "of the image as it is"
	formPacked = "of blocks of channels"
	formPadded = "of a padded image"
	formGroups = "group by group"
)

// inAssembly is in what a kernel's Which says where it has instructions for the sizes.
const inAssembly = "in assembly"

// form is the first that has assembly for the sizes: strides that no other has go by a padded copy of the
// image, which dilated filters can't. Where none has, the loops in Go that are fastest run.
func (l *Conv2D) form(images, height, width, p, q int) convForm {
	w := l.w
	if l.groups != nil {
		return convForm{formGroups, l.groups[0].form(1, height, width, p, q).which}
	}
	if l.depthwise() {
		return convForm{formPacked, depthwise.WhichDepthwisePacked(images, l.c, height, width, p, q, w.Height, w.Width, w.Stride, w.Dilation, w.Padding, 0, 0, 0)}
	}
	image := ""
	if l.image != nil {
		image = conv2d.WhichConv2dImage(images, l.k, w.Inputs, height, width, p, q, w.Height, w.Width, w.Stride, w.Dilation, w.Padding, 0, 0, 0)
		if strings.Contains(image, inAssembly) {
			return convForm{formImage, image}
		}
	}
	packed := conv2d.WhichConv2dPacked(images, l.k, l.c, height, width, p, q, w.Height, w.Width, w.Stride, w.Dilation, w.Padding, 0, 0, 0)
	if w.Dilation > 1 || strings.Contains(packed, inAssembly) {
		return convForm{formPacked, packed}
	}
	if which := conv.WhichConvAvx5121x1S1(images, l.k, l.c, p, q, w.Height, w.Width, w.Stride); strings.Contains(which, inAssembly) {
		return convForm{formPadded, which}
	}
	if image != "" {
		return convForm{formImage, image}
	}
	return convForm{formPacked, packed}
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

// String tells the kernel for an image whose output has 14 by 14 pixels.
func (l *Conv2D) String() string {
	more := ""
	if l.w.Dilation > 1 {
		more += fmt.Sprintf(", dilation %d", l.w.Dilation)
	}
	if l.w.Groups > 1 {
		more += fmt.Sprintf(", %d groups", l.w.Groups)
	}
	return fmt.Sprintf("Conv2D of %d inputs and %d outputs, filter %d by %d, stride %d, padding %d%s; 14 by 14 pixels: %s",
		l.w.Inputs, l.w.Outputs, l.w.Height, l.w.Width, l.w.Stride, l.w.Padding, more, l.Which(1, l.side(l.w.Height), l.side(l.w.Width)))
}

// side is the largest extent of an image whose output has 14 pixels there.
func (l *Conv2D) side(filter int) int { return max(1, 14*l.w.Stride-1+l.reach(filter)-2*l.w.Padding) }

// Which tells the kernel for images of a size, "" if the filter does not fit in.
func (l *Conv2D) Which(images, height, width int) string {
	p, q := l.Size(height, width)
	if p == 0 || q == 0 {
		return ""
	}
	f := l.form(images, height, width, p, q)
	return f.which + ", " + f.name
}
