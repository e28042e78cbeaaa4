package nn

import "errors"

// Conv1DWeights are those of a convolution of sequences, y = act(Scale*(W*x) + B), as in PyTorch's
// Conv1d; for the rest see Conv2DWeights.
type Conv1DWeights struct {
	Inputs, Outputs int // channels
	Width           int // of the filter
	Stride          int
	Padding         int       // zeros before and after a sequence
	Dilation        int       // 0 is 1
	Groups          int       // 0 is 1
	W               []float32 // [Outputs][Inputs/Groups][Width]
	Scale           []float32 // [Outputs], or nil for ones
	B               []float32 // [Outputs], or nil for zeros
	Activation      Activation
}

// A Conv1D is a convolution of sequences: a Conv2D of images of one row.
type Conv1D struct {
	rows *Conv2D // which pads on all sides, so that a row is padded before
	pad  int
	scratches
}

// NewConv1D packs weights, which may be changed afterwards. The activation is Identity or ReLU.
func NewConv1D(w Conv1DWeights, opts ...Option) (*Conv1D, error) {
	if err := sized("Conv1D", size{"Padding", w.Padding, 0}); err != nil {
		return nil, err
	}
	rows, err := NewConv2D(Conv2DWeights{
		Inputs: w.Inputs, Outputs: w.Outputs, Height: 1, Width: w.Width, Stride: w.Stride, Dilation: w.Dilation, Groups: w.Groups,
		W: w.W, Scale: w.Scale, B: w.B, Activation: w.Activation,
	}, opts...)
	if e := (*ShapeError)(nil); errors.As(err, &e) {
		return nil, &ShapeError{"Conv1D", e.Argument, e.Problem}
	}
	if err != nil {
		return nil, err
	}
	return &Conv1D{rows: rows, pad: w.Padding}, nil
}

// Size is the length of the output for sequences of a length: 0 where these are shorter than
// the filter.
func (l *Conv1D) Size(length int) int {
	_, q := l.rows.Size(1, length+2*l.pad)
	return q
}

// Forward computes y, [sequences][Outputs][q] with the q of Size, of x, [sequences][Inputs][length].
func (l *Conv1D) Forward(sequences, length int, x, y []float32) error {
	const in = "Conv1D.Forward"
	c, wide := l.rows.w.Inputs, length+2*l.pad
	err := first(sized(in, size{"sequences", sequences, 0}, size{"length", length, 1}, size{"length", wide, 1}), long(in, "x", x, sequences, c, length))
	if err != nil {
		return err
	}
	if l.pad == 0 {
		return l.rows.forward(in, sequences, 1, length, x, nil, y)
	}
	if elements(sequences, c, wide) < 0 {
		return &ShapeError{in, "sequences", "are too many"}
	}
	m := l.get()
	defer l.put(m)
	X := m.slice(0, sequences*c*wide)
	clear(X)
	for i := range sequences * c {
		copy(X[i*wide+l.pad:][:length], x[i*length:])
	}
	return l.rows.forward(in, sequences, 1, wide, X, nil, y)
}

// String tells the kernel.
func (l *Conv1D) String() string { return "Conv1D by " + l.rows.String() }
