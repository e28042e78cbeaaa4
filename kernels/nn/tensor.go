package nn

import (
	"fmt"
	"slices"

	"github.com/loopopt/loopopt/kernels/conv2d"
	"github.com/loopopt/loopopt/kernels/pool"
)

// A Tensor holds images as the kernels of convolutions take and leave them, so that the layers of
// a network follow each other without packing: [Images][Channels/16][Height][Width][16].
type Tensor struct {
	Images, Channels, Height, Width int
	Data                            []float32
}

const channelBlock = 16

// NewTensor packs x, [images][channels][height][width]; channels are a multiple of 16.
func NewTensor(images, channels, height, width int, x []float32, opts ...Option) (*Tensor, error) {
	const in = "NewTensor"
	t := &Tensor{images, channels, height, width, nil}
	n := elements(images, channels, height, width)
	if n < 0 || channels%channelBlock != 0 {
		return nil, t.wrong(in, "x")
	}
	if err := long(in, "x", x, images, channels, height, width); err != nil {
		return nil, err
	}
	t.Data = make([]float32, n)
	must(conv2d.PackX(optionsOf(opts).threads, images, 0, channels, height, width, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, x, t.Data))
	return t, nil
}

// Plain writes t to y, [Images][Channels][Height][Width].
func (t *Tensor) Plain(y []float32, opts ...Option) error {
	const in = "Tensor.Plain"
	if err := t.whole(in, "t"); err != nil {
		return err
	}
	if err := long(in, "y", y, t.Images, t.Channels, t.Height, t.Width); err != nil {
		return err
	}
	if overlap(y, t.Data) {
		return &ShapeError{in, "y", "overlaps the tensor"}
	}
	must(conv2d.UnpackY(optionsOf(opts).threads, t.Images, t.Channels, 0, 0, 0, t.Height, t.Width, 0, 0, 1, 1, 0, 0, 0, 0, t.Data, y))
	return nil
}

func (t *Tensor) wrong(in, name string) error {
	return &ShapeError{in, name, fmt.Sprintf("is no tensor of %d images, %d channels, %d by %d pixels; channels have to be a multiple of %d, and elements at most %d",
		t.Images, t.Channels, t.Height, t.Width, channelBlock, maxElements)}
}

// whole checks that the tensor has as many elements as its extents say.
func (t *Tensor) whole(in, name string) error {
	if elements(t.Images, t.Channels, t.Height, t.Width) != len(t.Data) || t.Channels%channelBlock != 0 {
		return t.wrong(in, name)
	}
	return nil
}

// reshape gives t other extents, and memory if it has too little, unless that is an input's.
func (t *Tensor) reshape(in string, images, channels, height, width int, inputs ...[]float32) error {
	n := images * channels * height * width
	data := slices.Grow(t.Data[:0], n)[:n]
	for _, x := range inputs {
		if overlap(x, data) {
			return &ShapeError{in, "y", "overlaps an input"}
		}
	}
	t.Images, t.Channels, t.Height, t.Width, t.Data = images, channels, height, width, data
	return nil
}

// inBlocks tells whether each group has whole blocks of channels, and a kernel for these.
func (l *Conv2D) inBlocks(height, width, p, q int) bool {
	g := l.groups[0]
	return g.c == g.w.Inputs && g.k == g.w.Outputs && g.form(1, height, width, p, q).name == formPacked
}

// Apply is Forward of tensors, and ForwardAdd if residual is not nil. It gives y its extents, and
// memory if there is too little. Inputs have to be a multiple of 16 and Outputs of 32, or of 16 in groups.
func (l *Conv2D) Apply(x, residual, y *Tensor) error {
	const in = "Conv2D.Apply"
	if err := x.whole(in, "x"); err != nil {
		return err
	}
	if x.Channels != l.w.Inputs {
		return &ShapeError{in, "x", fmt.Sprintf("has %d channels instead of %d", x.Channels, l.w.Inputs)}
	}
	p, q, err := l.result(in, x.Images, x.Height, x.Width, x.Data, residual, y)
	if err != nil {
		return err
	}
	height, width := x.Height, x.Width
	form := l.form(x.Images, height, width, p, q).name
	var z []float32
	if residual != nil {
		z = residual.Data
	}
	switch {
	case form == formPacked:
		l.blocks(x.Images, height, width, p, q, x.Data, z, y.Data)
		return nil
	case form == formGroups && l.inBlocks(height, width, p, q):
		l.each(x.Images, x.Height*x.Width, p*q, x.Data, z, y.Data, func(g *Conv2D, x, residual, y []float32) {
			g.blocks(1, height, width, p, q, x, residual, y)
		})
		return nil
	}
	m := l.get()
	defer l.put(m)
	plain := m.slice(4, len(x.Data))
	if err := x.Plain(plain, Threads(l.threads)); err != nil {
		return err
	}
	if residual != nil {
		z = m.slice(5, len(residual.Data))
		if err := residual.Plain(z, Threads(l.threads)); err != nil {
			return err
		}
	}
	l.into(m, form, x.Height, x.Width, plain, z, y)
	return nil
}

// ApplyImages is Apply to plain images, of any number of channels, as Forward takes them.
func (l *Conv2D) ApplyImages(images, height, width int, x []float32, y *Tensor) error {
	const in = "Conv2D.ApplyImages"
	if _, _, err := l.extents(in, images, height, width, x); err != nil {
		return err
	}
	p, q, err := l.result(in, images, height, width, x, nil, y)
	if err != nil {
		return err
	}
	m := l.get()
	defer l.put(m)
	if l.w.ChannelsLast {
		plain := m.slice(4, len(x))
		transpose(x, images, height*width, l.w.Inputs, plain)
		x = plain
	}
	form := l.form(images, height, width, p, q).name
	if form == formImage {
		l.ofImage(images, height, width, p, q, x, nil, y.Data)
		return nil
	}
	l.into(m, form, height, width, x, nil, y)
	return nil
}

// into packs the result of plain images, channels first.
func (l *Conv2D) into(m *scratch, form string, height, width int, x, residual []float32, y *Tensor) {
	plain := m.slice(6, len(y.Data))
	l.planar(m, form, y.Images, height, width, x, residual, plain)
	must(conv2d.PackY(l.threads, y.Images, y.Channels, 0, 0, 0, y.Height, y.Width, 0, 0, 1, 1, 0, 0, 0, 0, plain, y.Data))
}

// result gives y its extents and tells its height and width.
func (l *Conv2D) result(in string, images, height, width int, x []float32, residual, y *Tensor) (int, int, error) {
	if l.k != l.w.Outputs {
		kind, multiple := "", convOutputs
		if l.w.Groups > 1 {
			kind, multiple = " in groups", channelBlock
		}
		return 0, 0, &ShapeError{in, "y", fmt.Sprintf("has %d channels; tensors of convolutions%s have a multiple of %d", l.w.Outputs, kind, multiple)}
	}
	p, q := l.Size(height, width)
	if p == 0 || q == 0 {
		return 0, 0, l.tooSmall(in, height, width)
	}
	if elements(images, l.k, p, q) < 0 {
		return 0, 0, &ShapeError{in, "images", "are too many"}
	}
	if residual == nil {
		return p, q, y.reshape(in, images, l.k, p, q, x)
	}
	if err := residual.whole(in, "residual"); err != nil {
		return 0, 0, err
	}
	if r := residual; r.Images != images || r.Channels != l.k || r.Height != p || r.Width != q {
		return 0, 0, &ShapeError{in, "residual", fmt.Sprintf("has extents %d, %d, %d, %d instead of %d, %d, %d, %d", r.Images, r.Channels, r.Height, r.Width, images, l.k, p, q)}
	}
	return p, q, y.reshape(in, images, l.k, p, q, x, residual.Data)
}

// MaxPool makes y of the largest cell of each window of filter by filter pixels, which are stride
// apart; padding rows and columns around the image count as no cells.
func MaxPool(x *Tensor, filter, stride, padding int, y *Tensor, opts ...Option) error {
	const in = "MaxPool"
	if err := first(x.whole(in, "x"), sized(in, size{"filter", filter, 1}, size{"stride", stride, 1}, size{"padding", padding, 0})); err != nil {
		return err
	}
	if 2*padding > filter || x.Height+2*padding < filter || x.Width+2*padding < filter {
		return &ShapeError{in, "filter", fmt.Sprintf("is %d; with padding %d it has to be from %d to what an image of %d by %d holds", filter, padding, 2*padding, x.Height, x.Width)}
	}
	p, q := (x.Height+2*padding-filter)/stride+1, (x.Width+2*padding-filter)/stride+1
	if elements(x.Images, x.Channels, p, q) < 0 {
		return &ShapeError{in, "padding", "is too large"}
	}
	if err := y.reshape(in, x.Images, x.Channels, p, q, x.Data); err != nil {
		return err
	}
	must(pool.MaxPoolPacked(optionsOf(opts).threads, x.Images, x.Channels, x.Height, x.Width, p, q, filter, filter, stride, padding, x.Data, y.Data))
	return nil
}

// MeanPool writes the mean of each channel to y, [Images][Channels].
func MeanPool(x *Tensor, y []float32, opts ...Option) error {
	const in = "MeanPool"
	if err := first(x.whole(in, "x"), long(in, "y", y, x.Images, x.Channels)); err != nil {
		return err
	}
	if overlap(x.Data, y) {
		return &ShapeError{in, "y", "overlaps x"}
	}
	must(pool.MeanPoolBlocked(optionsOf(opts).threads, x.Images, x.Channels, x.Height, x.Width, x.Data, y))
	return nil
}
