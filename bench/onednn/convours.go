//go:build onednn

package main

import (
	"github.com/loopopt/loopopt/kernels/conv2d"
	"github.com/loopopt/loopopt/kernels/conv2ddata"
	"github.com/loopopt/loopopt/kernels/conv2dweights"
)

// A convSide is a pass of a convolution: how it is done, what does it, and what gives its result
// as a row-major array.
type convSide struct {
	which  string
	run    func() error
	result func() ([]float32, error)
}

// A convKernel has the same arguments as all functions of the package of a pass: sizes, then arrays.
type convKernel struct {
	which                func(N, K, C, H, W, P, Q, R, S, stride, dilation, pad int) string
	run                  func(threads, N, K, C, H, W, P, Q, R, S, stride, dilation, pad int, a, b, out []float32) error
	packA, packB, unpack func(threads, N, K, C, H, W, P, Q, R, S, stride, dilation, pad int, src, dst []float32) error
}

// convKernelOf is the kernel of a pass, with what is done to the result if that is fused.
func convKernelOf(pass string, image bool, after afterwards) convKernel {
	switch {
	case image && (pass == "fwd" || pass == "fused"):
		return forward(conv2d.WhichConv2dImage, conv2d.Conv2dImage, nil, conv2d.PackFImage, after)
	case image && pass == "upd":
		return convKernel{conv2dweights.WhichConv2dWeightsImage, conv2dweights.Conv2dWeightsImage, nil, conv2dweights.PackDY, conv2dweights.UnpackDFImage}
	case image:
		return convKernel{conv2ddata.WhichConv2dDataImage, conv2ddata.Conv2dDataImage, nil, nil, conv2ddata.UnpackDXImage}
	case pass == "bwd":
		return convKernel{conv2ddata.WhichConv2dDataPacked, conv2ddata.Conv2dDataPacked, conv2ddata.PackDY, conv2ddata.PackF, conv2ddata.UnpackDX}
	case pass == "upd":
		return convKernel{conv2dweights.WhichConv2dWeightsPacked, conv2dweights.Conv2dWeightsPacked, conv2dweights.PackX, conv2dweights.PackDY, conv2dweights.UnpackDF}
	}
	return forward(conv2d.WhichConv2dPacked, conv2d.Conv2dPacked, conv2d.PackX, conv2d.PackF, after)
}

// afterwards has the layers that follow in a kernel of the forward pass: z is packed.
type afterwards struct {
	on              int // 0 or 1
	scale, shift, z []float32
}

// forward is a kernel of the forward pass as one of the others.
func forward(
	which func(N, K, C, H, W, P, Q, R, S, stride, dilation, pad, affine, residual, relu int) string,
	run func(threads, N, K, C, H, W, P, Q, R, S, stride, dilation, pad, affine, residual, relu int, x, f, scale, shift, z, y []float32) error,
	packX, packF packing, after afterwards,
) convKernel {
	plain := func(f packing) func(threads, N, K, C, H, W, P, Q, R, S, stride, dilation, pad int, src, dst []float32) error {
		if f == nil {
			return nil
		}
		return func(threads, N, K, C, H, W, P, Q, R, S, stride, dilation, pad int, src, dst []float32) error {
			return f(threads, N, K, C, H, W, P, Q, R, S, stride, dilation, pad, 0, 0, 0, src, dst)
		}
	}
	on := after.on
	return convKernel{
		func(N, K, C, H, W, P, Q, R, S, stride, dilation, pad int) string {
			return which(N, K, C, H, W, P, Q, R, S, stride, dilation, pad, on, on, on)
		},
		func(threads, N, K, C, H, W, P, Q, R, S, stride, dilation, pad int, a, b, out []float32) error {
			return run(threads, N, K, C, H, W, P, Q, R, S, stride, dilation, pad, on, on, on, a, b, after.scale, after.shift, after.z, out)
		},
		plain(packX), plain(packF), plain(conv2d.UnpackY),
	}
}

type packing func(threads, N, K, C, H, W, P, Q, R, S, stride, dilation, pad, affine, residual, relu int, src, dst []float32) error

// oursConv makes ours for a pass: fwd takes x [N][C][H][W] and w [K][C][R][S], bwd dy [N][K][P][Q]
// and w, and upd x and dy; fused is fwd with a bias, dy as residual, and ReLU. Packing is not
// timed. Images of a few channels lie as they are.
func oursConv(pass string, l layer, N, threads int, x, w, dy, bias []float32) (convSide, error) {
	P, Q := l.image()
	var after afterwards
	if pass == "fused" {
		after = afterwards{1, make([]float32, l.K), bias, make([]float32, len(dy))}
		for i := range after.scale {
			after.scale[i] = 1
		}
		if err := conv2d.PackZ(1, N, l.K, 0, 0, 0, P, Q, 0, 0, 1, 1, 0, 0, 1, 0, dy, after.z); err != nil {
			return convSide{}, err
		}
	}
	a, b, size := x, w, N*l.K*P*Q
	switch pass {
	case "bwd":
		a, b, size = dy, w, N*l.C*l.H*l.W
	case "upd":
		a, b, size = x, dy, l.K*l.C*l.R*l.S
	}
	p := convKernelOf(pass, l.C%16 != 0, after)
	move := func(f func(threads, N, K, C, H, W, P, Q, R, S, stride, dilation, pad int, src, dst []float32) error, src []float32) ([]float32, error) {
		if f == nil {
			return src, nil
		}
		dst := make([]float32, len(src))
		return dst, f(1, N, l.K, l.C, l.H, l.W, P, Q, l.R, l.S, l.stride, 1, l.pad, src, dst)
	}
	s := convSide{which: p.which(N, l.K, l.C, l.H, l.W, P, Q, l.R, l.S, l.stride, 1, l.pad)}
	pa, err := move(p.packA, a)
	if err != nil {
		return s, err
	}
	pb, err := move(p.packB, b)
	if err != nil {
		return s, err
	}
	out := make([]float32, size)
	s.run = func() error {
		return p.run(threads, N, l.K, l.C, l.H, l.W, P, Q, l.R, l.S, l.stride, 1, l.pad, pa, pb, out)
	}
	s.result = func() ([]float32, error) { return move(p.unpack, out) }
	return s, nil
}
