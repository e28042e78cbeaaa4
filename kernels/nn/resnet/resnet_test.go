package resnet

import (
	"errors"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// random gives each name numbers of its own, such that layers keep the size of what they take.
func random(name string, extents ...int) ([]float32, error) {
	h := fnv.New64()
	h.Write([]byte(name)) //nolint:errcheck // it never fails
	rng := rand.New(rand.NewPCG(h.Sum64(), 1))
	n, inputs := 1, 1
	for i, e := range extents {
		n *= e
		if i > 0 {
			inputs *= e
		}
	}
	out := make([]float32, n)
	for i := range out {
		v := rng.Float64()*2 - 1
		switch {
		case strings.HasSuffix(name, "running_var"):
			v = 0.5 + math.Abs(v)
		case len(extents) > 1:
			v *= math.Sqrt(3 / float64(inputs))
		case strings.HasSuffix(name, "weight"):
			v = 0.7 + 0.3*v
		default:
			v *= 0.1
		}
		out[i] = float32(v)
	}
	return out, nil
}

// images is [channels][height][width] in float64.
type images struct {
	channels, height, width int
	x                       []float64
}

// conv is a convolution and its batch normalization.
func (in images) conv(conv, norm string, outputs, filter, stride int) images {
	get := func(name string, extents ...int) []float32 { a, _ := random(name, extents...); return a }
	w := get(conv+".weight", outputs, in.channels, filter, filter)
	scale, shift, mean, variance := get(norm+".weight", outputs), get(norm+".bias", outputs), get(norm+".running_mean", outputs), get(norm+".running_var", outputs)
	pad := filter / 2
	out := images{channels: outputs, height: (in.height+2*pad-filter)/stride + 1, width: (in.width+2*pad-filter)/stride + 1}
	for k := range outputs {
		for p := range out.height {
			for q := range out.width {
				sum := 0.0
				for c := range in.channels {
					for r := range filter {
						j := p*stride + r - pad
						if j < 0 || j >= in.height {
							continue
						}
						for s := range filter {
							if i := q*stride + s - pad; i >= 0 && i < in.width {
								sum += in.x[(c*in.height+j)*in.width+i] * float64(w[((k*in.channels+c)*filter+r)*filter+s])
							}
						}
					}
				}
				out.x = append(out.x, (sum-float64(mean[k]))/math.Sqrt(float64(variance[k])+1e-5)*float64(scale[k])+float64(shift[k]))
			}
		}
	}
	return out
}

func (in images) relu() images {
	for i, v := range in.x {
		in.x[i] = max(v, 0)
	}
	return in
}

// The network against the same in float64, written out, on an image small enough for that; its
// layers take each of the ways to a convolution.
func TestForward(t *testing.T) {
	n, err := New(random)
	if err != nil {
		t.Fatal(err)
	}
	const side = 56
	x, _ := random("image", 3*side*side)
	got := make([]float32, Classes)
	for range 2 { // memory of the first call is used again
		if err := n.Forward(1, side, side, x, got); err != nil {
			t.Fatal(err)
		}
	}
	now := images{3, side, side, nil}
	for _, v := range x {
		now.x = append(now.x, float64(v))
	}
	now = now.conv("conv1", "bn1", 64, 7, 2).relu()
	small := images{now.channels, now.height / 2, now.width / 2, nil}
	for c := range now.channels {
		for p := range small.height {
			for q := range small.width {
				best := math.Inf(-1)
				for j := max(2*p-1, 0); j <= min(2*p+1, now.height-1); j++ {
					for i := max(2*q-1, 0); i <= min(2*q+1, now.width-1); i++ {
						best = max(best, now.x[(c*now.height+j)*now.width+i])
					}
				}
				small.x = append(small.x, best)
			}
		}
	}
	now = small
	for s, blocks := range []int{3, 4, 6, 3} {
		channels := 64 << s
		for b := range blocks {
			name := "layer" + string(rune('1'+s)) + "." + string(rune('0'+b)) + "."
			stride, across := 1, now
			if b == 0 {
				if s > 0 {
					stride = 2
				}
				across = now.conv(name+"downsample.0", name+"downsample.1", 4*channels, 1, stride)
			}
			now = now.conv(name+"conv1", name+"bn1", channels, 1, 1).relu()
			now = now.conv(name+"conv2", name+"bn2", channels, 3, stride).relu()
			now = now.conv(name+"conv3", name+"bn3", 4*channels, 1, 1)
			for i, v := range across.x {
				now.x[i] += v
			}
			now = now.relu()
		}
	}
	W, _ := random("fc.weight", Classes, now.channels)
	B, _ := random("fc.bias", Classes)
	pixels, worst, largest := now.height*now.width, 0.0, 0.0
	for k, b := range B {
		want := float64(b)
		for c := range now.channels {
			mean := 0.0
			for _, v := range now.x[c*pixels:][:pixels] {
				mean += v / float64(pixels)
			}
			want += mean * float64(W[k*now.channels+c])
		}
		worst, largest = max(worst, math.Abs(want-float64(got[k]))), max(largest, math.Abs(want))
	}
	if worst > 1e-4*largest {
		t.Errorf("scores differ by up to %g of %g", worst, largest)
	}
}

func TestErrors(t *testing.T) {
	none := errors.New("not there")
	_, err := New(func(name string, extents ...int) ([]float32, error) {
		if name == "layer2.0.downsample.1.bias" {
			return nil, none
		}
		return random(name, extents...)
	})
	if !errors.Is(err, none) || err.Error() != "layer2.0.downsample.1.bias: not there" {
		t.Error(err)
	}
	_, err = New(func(name string, extents ...int) ([]float32, error) { return make([]float32, 7), nil })
	if err == nil || err.Error() != "conv1.weight: 7 elements instead of [64 3 7 7], 9408" {
		t.Error(err)
	}
}
