//go:build onednn

package main

// #include "conv.h"
import "C"

import (
	"fmt"
	"math"
	"strings"

	"github.com/loopopt/loopopt/internal/peak"
	"github.com/loopopt/loopopt/kernels/nn"
	"github.com/loopopt/loopopt/kernels/nn/resnet"
)

// resnets times our ResNet-50, from plain images to scores, and in turns all of its convolutions in
// oneDNN, each with its bias, residual and ReLU as post-operations, on one thread: poolings, the dense
// layer and packing of theirs count nothing. What a convolution computes is compared by onednn conv.
func resnets(isa string, m *peak.Meter, library string) error {
	const side = 224
	random := randoms(7, 8)
	type convolution struct {
		l     layer
		after C.int
	}
	var convs []convolution
	H := map[string]int{}                                             // of the images that a stage takes
	weights := func(name string, extents ...int) ([]float32, error) { // numbers that neither grow nor vanish
		n := 1
		for _, e := range extents {
			n *= e
		}
		if strings.HasSuffix(name, "running_var") {
			out := make([]float32, n)
			for i := range out {
				out[i] = 1
			}
			return out, nil
		}
		if len(extents) == 4 {
			l, after := shapeOf(name, extents, H)
			convs = append(convs, convolution{l, after})
		}
		return random(n, float32(math.Sqrt(3*float64(extents[0])/float64(n)))), nil
	}
	net, err := resnet.New(weights, nn.Threads(1))
	if err != nil {
		return err
	}
	flops := 0.0
	for _, c := range convs {
		flops += c.l.flops(1)
	}
	for _, N := range []int{1, 4} {
		x, scores := random(N*3*side*side, 1), make([]float32, N*resnet.Classes)
		peers := make([]C.conv, len(convs))
		for i, c := range convs {
			at := func(n int) C.int64_t { return C.int64_t(n) }
			l := c.l
			if err := status(C.conv_new(&peers[i], C.dnnl_forward_inference, at(N), at(l.K), at(l.C), at(l.H), at(l.W), at(l.R), at(l.S), at(l.stride), at(l.pad), c.after)); err != nil {
				return err
			}
		}
		ours := func() error { return net.Forward(N, side, side, x, scores) }
		theirs := func() error {
			for i := range peers {
				if err := status(C.conv_run(&peers[i])); err != nil {
					return err
				}
			}
			return nil
		}
		t, top, err := turns(rounds, m, ours, theirs)
		for i := range peers {
			C.conv_free(&peers[i])
		}
		if err != nil {
			return err
		}
		for i, impl := range []string{isa, "onednn-" + isa} {
			speed := float64(N) * flops / t[i] / 1e9
			fmt.Printf("BenchmarkResNet50/size=N%d/impl=%s-1\t%d\t%.0f ns/op\t%.1f GFLOP/s\t%.1f peak-GFLOP/s\t%.1f %%peak\n", N, impl, rounds, t[i]*1e9, speed, top, 100*speed/top)
		}
		fmt.Printf("ratio resnet50/fwd/N%d onednn-%s-convolutions %.3f\n", N, library, t[1]/t[0])
	}
	return nil
}

// shapeOf is the convolution of a name of torchvision's, and what follows it; H keeps the sizes of images.
func shapeOf(name string, extents []int, H map[string]int) (layer, C.int) {
	l := layer{C: extents[1], K: extents[0], R: extents[2], S: extents[3], stride: 1, pad: extents[2] / 2}
	stage := strings.SplitN(name, ".", 2)[0]
	after := C.int(C.conv_bias | C.conv_relu)
	switch {
	case name == "conv1.weight":
		l.H, l.stride = 224, 2
		H["layer1"] = 56
	case strings.Contains(name, "conv1"):
		l.H = H[stage]
	case strings.Contains(name, "conv2"):
		l.H = H[stage]
		if strings.Contains(name, ".0.") && stage != "layer1" {
			l.stride = 2
			H[stage+" in"], H[stage] = l.H, l.H/2
		}
		H["layer"+string(stage[5]+1)] = H[stage]
	case strings.Contains(name, "conv3"):
		l.H = H[stage]
		after |= C.conv_sum
	default: // downsample
		l.H, after = H[stage], C.conv_bias
		if stage != "layer1" {
			l.H, l.stride = H[stage+" in"], 2
		}
	}
	l.W = l.H
	return l, after
}
