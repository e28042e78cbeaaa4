// Package resnet is ResNet-50 (He et al., Deep residual learning for image recognition, 2015) as
// torchvision has it, which strides in the 3x3 convolutions, for inference: 53 convolutions, each
// with its batch normalization, residual and ReLU in one pass over its output, two poolings, and
// a dense layer.
package resnet

import (
	"fmt"
	"math"
	"sync"

	"github.com/loopopt/loopopt/kernels/nn"
)

// Classes is how many scores there are for an image.
const Classes = 1000

// Weights gives the array of a name of torchvision's, such as layer1.0.conv1.weight, [outputs]
// [inputs][height][width], layer1.0.bn1.running_var, [outputs], or fc.weight, [Classes][2048];
// extents tell which are asked for. It is read before the next call.
type Weights func(name string, extents ...int) ([]float32, error)

// epsilon is what batch normalizations add to variances.
const epsilon = 1e-5

// stages are the groups of blocks: how many there are, the channels within, the stride of the first.
var stages = []struct{ blocks, channels, stride int }{{3, 64, 1}, {4, 128, 2}, {6, 256, 2}, {3, 512, 2}}

// Each block ends with so many times the channels that it has within.
const expansion = 4

// A block is three convolutions, and one of what they are added to unless that is the input.
type block struct{ narrow, filter, wide, across *nn.Conv2D }

// A Network is ResNet-50. Its methods may be called at the same time.
type Network struct {
	first  *nn.Conv2D
	blocks []block
	last   *nn.Dense
	opts   []nn.Option
	pool   sync.Pool // of *state
}

// A state is what one call works on.
type state struct {
	x, y, narrow, filter, across nn.Tensor
	mean                         []float32
}

// New packs weights.
func New(w Weights, opts ...nn.Option) (*Network, error) {
	n := &Network{opts: opts}
	var err error
	if n.first, err = n.convolution(w, "conv1", "bn1", 3, 64, 7, 2, nn.ReLU); err != nil {
		return nil, err
	}
	inputs := 64
	for s, st := range stages {
		for i := range st.blocks {
			stride := 1
			if i == 0 {
				stride = st.stride
			}
			b, err := n.block(w, fmt.Sprintf("layer%d.%d.", s+1, i), inputs, st.channels, stride, i == 0)
			if err != nil {
				return nil, err
			}
			n.blocks = append(n.blocks, b)
			inputs = expansion * st.channels
		}
	}
	W, err := w("fc.weight", Classes, inputs)
	if err != nil {
		return nil, fmt.Errorf("fc.weight: %w", err)
	}
	W = append([]float32(nil), W...)
	B, err := w("fc.bias", Classes)
	if err != nil {
		return nil, fmt.Errorf("fc.bias: %w", err)
	}
	n.last, err = nn.NewDense(nn.DenseWeights{Inputs: inputs, Outputs: Classes, W: W, B: B}, opts...)
	return n, err
}

func (n *Network) block(w Weights, name string, inputs, channels, stride int, across bool) (b block, err error) {
	if b.narrow, err = n.convolution(w, name+"conv1", name+"bn1", inputs, channels, 1, 1, nn.ReLU); err != nil {
		return b, err
	}
	if b.filter, err = n.convolution(w, name+"conv2", name+"bn2", channels, channels, 3, stride, nn.ReLU); err != nil {
		return b, err
	}
	if b.wide, err = n.convolution(w, name+"conv3", name+"bn3", channels, expansion*channels, 1, 1, nn.ReLU); err != nil || !across {
		return b, err
	}
	b.across, err = n.convolution(w, name+"downsample.0", name+"downsample.1", inputs, expansion*channels, 1, stride, nn.Identity)
	return b, err
}

// convolution is one with its batch normalization, as a scale and a shift of each output.
func (n *Network) convolution(w Weights, conv, norm string, inputs, outputs, filter, stride int, act nn.Activation) (*nn.Conv2D, error) {
	var arrays [5][]float32
	for i, name := range []string{conv + ".weight", norm + ".weight", norm + ".bias", norm + ".running_mean", norm + ".running_var"} {
		extents := []int{outputs}
		if i == 0 {
			extents = []int{outputs, inputs, filter, filter}
		}
		a, err := w(name, extents...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		size := 1
		for _, e := range extents {
			size *= e
		}
		if len(a) != size {
			return nil, fmt.Errorf("%s: %d elements instead of %v, %d", name, len(a), extents, size)
		}
		arrays[i] = append([]float32(nil), a...)
	}
	scale, shift, mean, variance := arrays[1], arrays[2], arrays[3], arrays[4]
	for k := range scale {
		s := float64(scale[k]) / math.Sqrt(float64(variance[k])+epsilon)
		scale[k], shift[k] = float32(s), float32(float64(shift[k])-s*float64(mean[k]))
	}
	return nn.NewConv2D(nn.Conv2DWeights{Inputs: inputs, Outputs: outputs, Height: filter, Width: filter, Stride: stride, Padding: filter / 2, W: arrays[0], Scale: scale, B: shift, Activation: act}, n.opts...)
}

// Forward computes scores, [images][Classes], of x, [images][3][height][width], normalized as the
// weights want it. Images of 224 by 224 have assembly for each layer.
func (n *Network) Forward(images, height, width int, x, scores []float32) error {
	s, _ := n.pool.Get().(*state)
	if s == nil {
		s = new(state)
	}
	defer n.pool.Put(s)
	if err := n.first.ApplyImages(images, height, width, x, &s.y); err != nil {
		return err
	}
	if err := nn.MaxPool(&s.y, 3, 2, 1, &s.x, n.opts...); err != nil {
		return err
	}
	for _, b := range n.blocks {
		if err := b.apply(s); err != nil {
			return err
		}
	}
	if size := images * s.x.Channels; cap(s.mean) < size {
		s.mean = make([]float32, size)
	}
	s.mean = s.mean[:images*s.x.Channels]
	if err := nn.MeanPool(&s.x, s.mean, n.opts...); err != nil {
		return err
	}
	return n.last.Forward(images, s.mean, scores)
}

// apply makes s.x the output of the block for it.
func (b block) apply(s *state) error {
	if err := b.narrow.Apply(&s.x, nil, &s.narrow); err != nil {
		return err
	}
	if err := b.filter.Apply(&s.narrow, nil, &s.filter); err != nil {
		return err
	}
	residual := &s.x
	if b.across != nil {
		residual = &s.across
		if err := b.across.Apply(&s.x, nil, residual); err != nil {
			return err
		}
	}
	if err := b.wide.Apply(&s.filter, residual, &s.y); err != nil {
		return err
	}
	s.x, s.y = s.y, s.x
	return nil
}
