//go:build onednn

package main

import (
	"errors"

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

var convKernels = map[string]convKernel{
	"fwd":       forward(conv2d.WhichConv2dPacked, conv2d.Conv2dPacked, conv2d.PackX, conv2d.PackF),
	"bwd":       {conv2ddata.WhichConv2dDataPacked, conv2ddata.Conv2dDataPacked, conv2ddata.PackDY, conv2ddata.PackF, conv2ddata.UnpackDX},
	"upd":       {conv2dweights.WhichConv2dWeightsPacked, conv2dweights.Conv2dWeightsPacked, conv2dweights.PackX, conv2dweights.PackDY, conv2dweights.UnpackDF},
	"fwd/image": forward(conv2d.WhichConv2dImage, conv2d.Conv2dImage, nil, conv2d.PackFImage),
}

// forward is a kernel of the forward pass without the layers that may follow in it.
func forward(
	which func(N, K, C, H, W, P, Q, R, S, stride, dilation, pad, affine, residual, relu int) string,
	run func(threads, N, K, C, H, W, P, Q, R, S, stride, dilation, pad, affine, residual, relu int, x, f, scale, shift, z, y []float32) error,
	packX, packF packing,
) convKernel {
	plain := func(f packing) func(threads, N, K, C, H, W, P, Q, R, S, stride, dilation, pad int, src, dst []float32) error {
		if f == nil {
			return nil
		}
		return func(threads, N, K, C, H, W, P, Q, R, S, stride, dilation, pad int, src, dst []float32) error {
			return f(threads, N, K, C, H, W, P, Q, R, S, stride, dilation, pad, 0, 0, 0, src, dst)
		}
	}
	return convKernel{
		func(N, K, C, H, W, P, Q, R, S, stride, dilation, pad int) string {
			return which(N, K, C, H, W, P, Q, R, S, stride, dilation, pad, 0, 0, 0)
		},
		func(threads, N, K, C, H, W, P, Q, R, S, stride, dilation, pad int, a, b, out []float32) error {
			return run(threads, N, K, C, H, W, P, Q, R, S, stride, dilation, pad, 0, 0, 0, a, b, nil, nil, nil, out)
		},
		plain(packX), plain(packF), plain(conv2d.UnpackY),
	}
}

type packing func(threads, N, K, C, H, W, P, Q, R, S, stride, dilation, pad, affine, residual, relu int, src, dst []float32) error

var errNone = errors.New("no kernel of ours for this pass")

// oursConv makes ours for a pass: fwd takes x [N][C][H][W] and w [K][C][R][S], bwd dy [N][K][P][Q]
// and w, and upd x and dy. Packing is not timed. Images of a few channels lie as they are.
func oursConv(pass string, l layer, N, threads int, x, w, dy []float32) (convSide, error) {
	P, Q := l.image()
	a, b, size := x, w, N*l.K*P*Q
	switch pass {
	case "bwd":
		a, b, size = dy, w, N*l.C*l.H*l.W
	case "upd":
		a, b, size = x, dy, l.K*l.C*l.R*l.S
	}
	if l.C%16 != 0 {
		pass += "/image"
	}
	p, ok := convKernels[pass]
	if !ok {
		return convSide{}, errNone
	}
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
