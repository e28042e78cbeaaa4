package nn

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// convolved is a convolution in float64, of images whose channels come first.
func convolved(w Conv2DWeights, images, height, width, p, q int, x, residual []float32) []float64 {
	groups, dilation := max(w.Groups, 1), max(w.Dilation, 1)
	in, out := w.Inputs/groups, w.Outputs/groups
	want := make([]float64, images*w.Outputs*p*q)
	for at := range want {
		n, k, oj, oi := at/(w.Outputs*p*q), at/(p*q)%w.Outputs, at/q%p, at%q
		s := 0.0
		for c := range in {
			for r := range w.Height {
				for f := range w.Width {
					j, i := oj*w.Stride+r*dilation-w.Padding, oi*w.Stride+f*dilation-w.Padding
					if j >= 0 && j < height && i >= 0 && i < width {
						s += float64(x[((n*w.Inputs+k/out*in+c)*height+j)*width+i]) * float64(w.W[((k*in+c)*w.Height+r)*w.Width+f])
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
		if residual != nil {
			s += float64(residual[at])
		}
		if w.Activation == ReLU {
			s = max(s, 0)
		}
		want[at] = s
	}
	return want
}

var groupShapes = []struct {
	images, inputs, outputs, filter, stride, padding, dilation, groups, height, width int
}{
	{1, 16, 16, 3, 1, 1, 1, 16, 14, 14}, // depthwise
	{2, 32, 32, 3, 2, 1, 0, 32, 14, 28},
	{2, 5, 5, 3, 1, 1, 1, 5, 13, 17},
	{1, 20, 20, 3, 2, 1, 1, 20, 9, 13},
	{1, 40, 40, 5, 1, 2, 1, 40, 7, 14},
	{1, 40, 40, 5, 3, 2, 2, 40, 13, 17},
	{1, 48, 48, 2, 1, 0, 1, 48, 5, 6},
	{0, 20, 20, 3, 1, 1, 1, 20, 9, 13},
	{1, 20, 40, 3, 1, 1, 1, 20, 6, 7}, // depthwise with a multiplier
	{2, 8, 20, 3, 1, 1, 1, 2, 13, 17},
	{1, 32, 64, 3, 1, 1, 1, 2, 14, 14},
	{1, 64, 128, 1, 1, 0, 1, 4, 4, 28},
	{1, 20, 40, 3, 3, 1, 2, 4, 13, 17},
	{2, 5, 7, 3, 1, 2, 2, 1, 13, 17}, // dilated
	{1, 16, 32, 3, 2, 3, 3, 0, 9, 8},
	{1, 3, 40, 7, 2, 3, 2, 1, 12, 20},
}

// TestGroups compares dilated, grouped and depthwise convolutions with loops in float64: of plain
// images, of such whose channels come last, where the residual lies, and of tensors.
func TestGroups(t *testing.T) {
	for _, c := range groupShapes {
		for variant := range 3 {
			rng := rand.New(rand.NewPCG(1, uint64(variant)))
			w := Conv2DWeights{
				Inputs: c.inputs, Outputs: c.outputs, Height: c.filter, Width: c.filter, Stride: c.stride, Padding: c.padding, Dilation: c.dilation, Groups: c.groups,
				W: random(rng, c.outputs*c.inputs/max(c.groups, 1)*c.filter*c.filter, 0.3), B: random(rng, c.outputs, 1), Activation: ReLU,
			}
			switch variant {
			case 1:
				w.Scale, w.Activation = random(rng, c.outputs, 1), Identity
			case 2:
				w.B = nil
			}
			l, err := NewConv2D(w, Threads(2))
			if err != nil {
				t.Fatal(c, err)
			}
			p, q := l.Size(c.height, c.width)
			x, y := random(rng, c.images*c.inputs*c.height*c.width, 1), make([]float32, c.images*c.outputs*p*q)
			var residual []float32
			if variant == 0 {
				err = l.Forward(c.images, c.height, c.width, x, y)
			} else {
				residual = random(rng, len(y), 1)
				copy(y, residual)
				err = l.ForwardAdd(c.images, c.height, c.width, x, y, y)
			}
			if err != nil {
				t.Fatal(c, err)
			}
			name := fmt.Sprint(c, " ", variant)
			close32(t, name, y, convolved(w, c.images, c.height, c.width, p, q, x, residual), 1e-5)

			last := w
			last.ChannelsLast = true
			if l, err = NewConv2D(last); err != nil {
				t.Fatal(c, err)
			}
			X, Y, back := make([]float32, len(x)), make([]float32, len(y)), make([]float32, len(y))
			transpose(x, c.images, c.inputs, c.height*c.width, X)
			if residual == nil {
				err = l.Forward(c.images, c.height, c.width, X, Y)
			} else {
				transpose(residual, c.images, c.outputs, p*q, Y)
				err = l.ForwardAdd(c.images, c.height, c.width, X, Y, Y)
			}
			if err != nil {
				t.Fatal(c, err)
			}
			transpose(Y, c.images, p*q, c.outputs, back)
			same(t, name+" channels last", back, y)

			if c.inputs%channelBlock != 0 || l.k != c.outputs {
				continue
			}
			if l, err = NewConv2D(w); err != nil {
				t.Fatal(c, err)
			}
			tensor := func(channels, height, width int, x []float32) *Tensor {
				if x == nil {
					return nil
				}
				out, err := NewTensor(c.images, channels, height, width, x)
				if err != nil {
					t.Fatal(c, err)
				}
				return out
			}
			var out Tensor
			if err := first(l.Apply(tensor(c.inputs, c.height, c.width, x), tensor(c.outputs, p, q, residual), &out), out.Plain(back)); err != nil {
				t.Fatal(c, err)
			}
			same(t, name+" of tensors", back, y)
			if residual == nil {
				if err := first(l.ApplyImages(c.images, c.height, c.width, x, &out), out.Plain(back)); err != nil {
					t.Fatal(c, err)
				}
				same(t, name+" to a tensor", back, y)
			}
		}
	}
}

// A result may lie where the images do.
func TestGroupsInPlace(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	w := Conv2DWeights{Inputs: 4, Outputs: 4, Height: 3, Width: 3, Stride: 1, Padding: 1, Groups: 2, W: random(rng, 4*2*9, 1)}
	l, err := NewConv2D(w)
	if err != nil {
		t.Fatal(err)
	}
	both := random(rng, 5*30, 1)
	x, z, y := append([]float32(nil), both[:4*30]...), append([]float32(nil), both[30:]...), both[30:]
	if err := l.ForwardAdd(1, 5, 6, both[:4*30], y, y); err != nil {
		t.Fatal(err)
	}
	close32(t, "y", y, convolved(w, 1, 5, 6, 5, 6, x, z), 1e-5)
	copy(both, x)
	copy(both[30:], z)
	x, z = append([]float32(nil), x...), append([]float32(nil), both[:4*30]...)
	if err := l.ForwardAdd(1, 5, 6, x, both[:4*30], y); err != nil {
		t.Fatal(err)
	}
	close32(t, "y", y, convolved(w, 1, 5, 6, 5, 6, x, z), 1e-5)
}

func TestConv1D(t *testing.T) {
	for _, c := range []struct{ sequences, inputs, outputs, filter, stride, padding, dilation, groups, length int }{
		{2, 5, 7, 3, 1, 1, 1, 1, 17},
		{1, 16, 16, 5, 3, 2, 2, 16, 40},
		{3, 8, 12, 4, 2, 0, 0, 4, 13},
		{0, 8, 12, 4, 2, 3, 0, 0, 13},
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		w := Conv1DWeights{c.inputs, c.outputs, c.filter, c.stride, c.padding, c.dilation, c.groups, random(rng, c.outputs*c.inputs/max(c.groups, 1)*c.filter, 0.3), nil, random(rng, c.outputs, 1), ReLU}
		l, err := NewConv1D(w)
		if err != nil {
			t.Fatal(err)
		}
		q := l.Size(c.length)
		x, y := random(rng, c.sequences*c.inputs*c.length, 1), make([]float32, c.sequences*c.outputs*q)
		if err := l.Forward(c.sequences, c.length, x, y); err != nil {
			t.Fatal(err)
		}
		var want []float64
		groups := max(c.groups, 1)
		in, out := c.inputs/groups, c.outputs/groups
		for n := range c.sequences {
			for k := range c.outputs {
				for o := range q {
					s := float64(w.B[k])
					for ch := range in {
						for f := range c.filter {
							if i := o*c.stride + f*max(c.dilation, 1) - c.padding; i >= 0 && i < c.length {
								s += float64(x[(n*c.inputs+k/out*in+ch)*c.length+i]) * float64(w.W[(k*in+ch)*c.filter+f])
							}
						}
					}
					want = append(want, max(s, 0))
				}
			}
		}
		if len(want) != len(y) {
			t.Fatalf("%v: %d cells instead of %d", c, len(y), len(want))
		}
		close32(t, fmt.Sprint(c), y, want, 1e-5)
	}
}

func TestConvTranspose2D(t *testing.T) {
	for _, c := range []struct{ images, inputs, outputs, filter, stride, padding, more, height, width int }{
		{1, 1, 1, 1, 1, 0, 0, 1, 1},
		{2, 5, 20, 3, 1, 1, 0, 7, 9},
		{1, 40, 5, 4, 2, 1, 0, 5, 7},
		{1, 20, 40, 3, 2, 1, 1, 14, 14},
		{2, 32, 32, 3, 1, 1, 0, 14, 14},
		{1, 16, 33, 2, 3, 0, 2, 4, 5},
		{0, 5, 20, 3, 1, 1, 0, 7, 9},
	} {
		for variant := range 3 {
			rng := rand.New(rand.NewPCG(1, 2))
			w := ConvTranspose2DWeights{c.inputs, c.outputs, c.filter, c.filter, c.stride, c.padding, c.more, random(rng, c.inputs*c.outputs*c.filter*c.filter, 0.3), nil, Identity}
			if variant > 0 {
				w.B = random(rng, c.outputs, 1)
			}
			if variant > 1 {
				w.Activation = ReLU
			}
			l, err := NewConvTranspose2D(w)
			if err != nil {
				t.Fatal(err)
			}
			p, q := l.Size(c.height, c.width)
			x, y := random(rng, c.images*c.inputs*c.height*c.width, 1), make([]float32, c.images*c.outputs*p*q)
			if err := l.Forward(c.images, c.height, c.width, x, y); err != nil {
				t.Fatal(err)
			}
			want := make([]float64, len(y))
			for at, v := range x {
				n, k, h, i := at/(c.inputs*c.height*c.width), at/(c.height*c.width)%c.inputs, at/c.width%c.height, at%c.width
				for o := range c.outputs {
					for r := range c.filter {
						for s := range c.filter {
							j, e := h*c.stride+r-c.padding, i*c.stride+s-c.padding
							if j >= 0 && j < p && e >= 0 && e < q {
								want[((n*c.outputs+o)*p+j)*q+e] += float64(v) * float64(w.W[((k*c.outputs+o)*c.filter+r)*c.filter+s])
							}
						}
					}
				}
			}
			for at := range want {
				if w.B != nil {
					want[at] += float64(w.B[at/(p*q)%c.outputs])
				}
				if w.Activation == ReLU {
					want[at] = max(want[at], 0)
				}
			}
			close32(t, fmt.Sprint(c, " ", variant), y, want, 1e-5)
		}
	}
}

// TestConvolutionsAtTheSameTime has calls of one layer side by side, and none allocates.
func TestConvolutionsAtTheSameTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	depthwise, err1 := NewConv2D(Conv2DWeights{Inputs: 20, Outputs: 20, Height: 3, Width: 3, Stride: 1, Padding: 1, Groups: 20, W: random(rng, 20*9, 1)}, Threads(1))
	grouped, err2 := NewConv2D(Conv2DWeights{Inputs: 20, Outputs: 40, Height: 3, Width: 3, Stride: 1, Padding: 1, Groups: 4, W: random(rng, 40*5*9, 1), ChannelsLast: true}, Threads(1))
	transposed, err3 := NewConvTranspose2D(ConvTranspose2DWeights{Inputs: 20, Outputs: 5, Height: 2, Width: 2, Stride: 2, W: random(rng, 20*5*4, 1), B: random(rng, 5, 1)}, Threads(1))
	row, err4 := NewConv1D(Conv1DWeights{Inputs: 20, Outputs: 5, Width: 3, Stride: 1, Padding: 1, W: random(rng, 20*5*3, 1)}, Threads(1))
	if err := first(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	const h, w = 5, 6
	x := random(rng, 20*h*w, 1)
	run := func(out [4][]float32) error {
		return first(depthwise.Forward(1, h, w, x, out[0]), grouped.Forward(1, h, w, x, out[1]), transposed.Forward(1, h, w, x, out[2]), row.Forward(1, h*w, x, out[3]))
	}
	results := func() [4][]float32 {
		return [4][]float32{make([]float32, 20*h*w), make([]float32, 40*h*w), make([]float32, 5*4*h*w), make([]float32, 5*h*w)}
	}
	want := results()
	if err := run(want); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10 {
				got := results()
				if err := run(got); err != nil {
					t.Error(err)
				}
				for i := range got {
					for j := range got[i] {
						if got[i][j] != want[i][j] {
							t.Error("calls disturb each other")
							return
						}
					}
				}
			}
		})
	}
	wg.Wait()
	if n := testing.AllocsPerRun(20, func() {
		if run(want) != nil {
			t.Error("failed")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestConvolutionErrors(t *testing.T) {
	w := Conv2DWeights{Inputs: 4, Outputs: 6, Height: 1, Width: 1, Stride: 1, Groups: 3, W: make([]float32, 8)}
	_, err := NewConv2D(w)
	wantError(t, err, "nn: Conv2D: Groups is 3; it has to divide 4 inputs and 6 outputs")
	w.Groups = 2
	_, err = NewConv2D(w)
	wantError(t, err, "nn: Conv2D: W has 8 elements instead of [6 2 1 1], 12")
	w.W = make([]float32, 12)
	_, err = NewConv2DTraining(w)
	wantError(t, err, "nn: Conv2DTraining: Groups is 2; it has to be 1, or 0, which is as good")
	l, err := NewConv2D(w)
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, l.Forward(1, 1, 1, make([]float32, 4), make([]float32, 5)), "nn: Conv2D.Forward: y has 5 elements instead of [1 6 1 1], 6")
	wantError(t, l.ApplyImages(1, 1, 1, make([]float32, 4), &Tensor{}), "nn: Conv2D.ApplyImages: y has 6 channels; tensors of convolutions in groups have a multiple of 16")
	if s := l.String(); !strings.Contains(s, ", 2 groups; ") || !strings.HasSuffix(s, ", group by group") {
		t.Error(s)
	}
	w.Dilation = -1
	_, err = NewConv2D(w)
	wantError(t, err, "nn: Conv2D: Dilation is -1; it has to be from 0 to 2147483647")
	dilated, err := NewConv2D(Conv2DWeights{Inputs: 1, Outputs: 1, Height: 3, Width: 3, Stride: 1, Dilation: 2, W: make([]float32, 9)})
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, dilated.Forward(1, 4, 9, make([]float32, 36), nil), "nn: Conv2D.Forward: height, width are 4, 9; with padding 0 a filter of 5, 5 does not fit in")

	u := ConvTranspose2DWeights{Inputs: 1, Outputs: 1, Height: 1, Width: 1, Stride: 2, Padding: 1, OutputPadding: 2, W: make([]float32, 1)}
	_, err = NewConvTranspose2D(u)
	wantError(t, err, "nn: ConvTranspose2D: OutputPadding is 2; it has to be less than the stride, 2")
	u.OutputPadding, u.Activation = 0, Tanh
	_, err = NewConvTranspose2D(u)
	wantError(t, err, "nn: ConvTranspose2D: Activation is Tanh; it has to be Identity or ReLU")
	u.Activation = Identity
	up, err := NewConvTranspose2D(u)
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, up.Forward(1, 1, 1, make([]float32, 1), nil), "nn: ConvTranspose2D.Forward: height, width are 1, 1; with padding 1 nothing is left of the result")
	wantError(t, up.Forward(1, 2, 2, make([]float32, 3), nil), "nn: ConvTranspose2D.Forward: x has 3 elements instead of [1 1 2 2], 4")
	if s := up.String(); !strings.HasPrefix(s, "ConvTranspose2D of 1 inputs and 1 outputs, filter 1 by 1, stride 2, padding 1; 14 by 14 pixels: ") {
		t.Error(s)
	}
	wide := Conv2DWeights{Inputs: 1 << 14, Outputs: 1 << 14, Height: 3, Width: 3, Stride: 1, Groups: 1 << 14, W: make([]float32, 9<<14)}
	if _, err = NewConv2D(wide); err != nil { // as many weights as a dense one would be too many
		t.Error(err)
	}
	_, err = NewConv1D(Conv1DWeights{Padding: -1})
	wantError(t, err, "nn: Conv1D: Padding is -1; it has to be from 0 to 2147483647")
	_, err = NewConv1D(Conv1DWeights{Inputs: 2, Outputs: 3, Width: 3, Stride: 1, W: make([]float32, 17)})
	wantError(t, err, "nn: Conv1D: W has 17 elements instead of [3 2 1 3], 18")
}
