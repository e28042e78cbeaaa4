//go:build linux

// Command portable times convolutions in Go alone, as they run where there is no assembly: the kernels of
// kernels/conv2d beside the loops as one writes them down, and beside loops as a good Go programmer
// writes them. All are compared with the first, and take turns. What is told is the time of the processor
// that the process takes, the median of its rounds. It is built with -tags purego.
package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/klauspost/cpuid/v2"
	"golang.org/x/sys/unix"

	"github.com/loopopt/loopopt/kernels/conv2d"
)

// The naive loops, which take long, run in the first rounds only.
const rounds, naiveRounds = 7, 3

// A layer is a convolution of one image.
type layer struct {
	name                      string
	K, C, H, W, P, Q, R, S    int
	stride, pad               int
	image, filter, out, flops int
}

var layers = []layer{
	{name: "56x56x64/3x3", K: 64, C: 64, H: 56, W: 56, P: 56, Q: 56, R: 3, S: 3, stride: 1, pad: 1},
	{name: "28x28x128/3x3", K: 128, C: 128, H: 28, W: 28, P: 28, Q: 28, R: 3, S: 3, stride: 1, pad: 1},
	{name: "14x14x256/3x3", K: 256, C: 256, H: 14, W: 14, P: 14, Q: 14, R: 3, S: 3, stride: 1, pad: 1},
	{name: "7x7x512/3x3", K: 512, C: 512, H: 7, W: 7, P: 7, Q: 7, R: 3, S: 3, stride: 1, pad: 1},
	{name: "56x56x128/3x3,2", K: 128, C: 128, H: 56, W: 56, P: 28, Q: 28, R: 3, S: 3, stride: 2, pad: 1},
	{name: "56x56x64/1x1", K: 256, C: 64, H: 56, W: 56, P: 56, Q: 56, R: 1, S: 1, stride: 1},
	{name: "14x14x1024/1x1", K: 256, C: 1024, H: 14, W: 14, P: 14, Q: 14, R: 1, S: 1, stride: 1},
	{name: "56x56x256/1x1,2", K: 128, C: 256, H: 56, W: 56, P: 28, Q: 28, R: 1, S: 1, stride: 2},
}

// A form computes Y of X and F.
type form struct {
	name   string
	blocks bool // of 16 channels
	run    func(l layer, X, F, Y []float32) error
}

var forms = []form{
	{"plain/naive", false, naive},
	{"plain/hand", false, hand},
	{"plain/kernel", false, func(l layer, X, F, Y []float32) error {
		return conv2d.Conv2d(1, 1, l.K, l.C, l.H, l.W, l.P, l.Q, l.R, l.S, l.stride, 1, l.pad, 0, 0, 0, X, F, nil, nil, nil, Y)
	}},
	{"blocks/naive", true, naiveBlocks},
	{"blocks/hand", true, handBlocks},
	{"blocks/kernel", true, func(l layer, X, F, Y []float32) error {
		return conv2d.Conv2dPacked(1, 1, l.K, l.C, l.H, l.W, l.P, l.Q, l.R, l.S, l.stride, 1, l.pad, 0, 0, 0, X, F, nil, nil, nil, Y)
	}},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "portable:", err)
		os.Exit(1)
	}
}

func run() error {
	runtime.LockOSThread()
	fmt.Printf("goos: %s\ngoarch: %s\npkg: kernels/conv2d\ncpu: %s\n", runtime.GOOS, runtime.GOARCH, cpuid.CPU.BrandName)
	var ratios []string
	for _, l := range layers {
		told, err := l.measure()
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		ratios = append(ratios, told...)
	}
	for _, r := range ratios {
		fmt.Println(r)
	}
	return nil
}

// measure prints the speed of each form, and gives those of the kernels over the others'.
func (l layer) measure() ([]string, error) {
	l.image, l.filter, l.out = l.C*l.H*l.W, l.K*l.C*l.R*l.S, l.K*l.P*l.Q
	l.flops = 2 * l.out * l.C * l.R * l.S
	X, F := numbers(l.image), numbers(l.filter)
	packedX, packedF := make([]float32, l.image), make([]float32, l.filter)
	err := conv2d.PackX(1, 1, l.K, l.C, l.H, l.W, l.P, l.Q, l.R, l.S, l.stride, 1, l.pad, 0, 0, 0, X, packedX)
	if err == nil {
		err = conv2d.PackF(1, 1, l.K, l.C, l.H, l.W, l.P, l.Q, l.R, l.S, l.stride, 1, l.pad, 0, 0, 0, F, packedF)
	}
	if err != nil {
		return nil, err
	}
	seconds := make([][]float64, len(forms))
	want, got := make([]float32, l.out), make([]float32, l.out)
	for r := range rounds {
		for i, f := range forms {
			if r >= naiveRounds && strings.HasSuffix(f.name, "/naive") {
				continue
			}
			x, w := X, F
			if f.blocks {
				x, w = packedX, packedF
			}
			y := make([]float32, l.out)
			began := now()
			if err := f.run(l, x, w, y); err != nil {
				return nil, fmt.Errorf("%s: %w", f.name, err)
			}
			seconds[i] = append(seconds[i], now()-began)
			if r > 0 {
				continue
			}
			if f.blocks {
				if err := conv2d.UnpackY(1, 1, l.K, l.C, l.H, l.W, l.P, l.Q, l.R, l.S, l.stride, 1, l.pad, 0, 0, 0, y, got); err != nil {
					return nil, err
				}
				y = got
			}
			if i == 0 {
				copy(want, y)
			}
			if d := farthest(want, y); d > 1e-4 {
				return nil, fmt.Errorf("%s: a cell differs by %g from that of the loops as they are written", f.name, d)
			}
		}
	}
	speed := map[string]float64{}
	for i, f := range forms {
		slices.Sort(seconds[i])
		n := len(seconds[i])
		s := seconds[i][n/2]
		speed[f.name] = float64(l.flops) / s / 1e9
		fmt.Printf("BenchmarkPortable/layer=%s/%s-1\t%d\t%.0f ns/op\t%.2f GFLOP/s\n", l.name, f.name, n, s*1e9, speed[f.name])
	}
	var out []string
	for _, layout := range []string{"plain", "blocks"} {
		k := speed[layout+"/kernel"]
		for _, peer := range []string{"naive", "hand"} {
			out = append(out, fmt.Sprintf("ratio %s/%s %s %.3f", layout, l.name, peer, k/speed[layout+"/"+peer]))
		}
	}
	return out, nil
}

func numbers(n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(i*7%13-6) / 64
	}
	return out
}

// farthest is the largest difference, of numbers of more than 1 over their size.
func farthest(x, y []float32) float32 {
	var d float32
	for i, v := range x {
		d = max(d, max(v-y[i], y[i]-v)/max(1, v, -v))
	}
	return d
}

// now is the processor's time that the process has taken.
func now() float64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return float64(t.Nano()) / 1e9
}
