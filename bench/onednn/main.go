//go:build onednn

// Command onednn times the forward convolutions of a .sizes file in oneDNN (version 2, as
// Debian 12 has it), on one thread, and prints them as Go benchmarks do, so that they
// can be laid beside those of `loopopt bench`. The FMA peak is measured between the calls,
// as there. Inputs are padded beforehand and arrays lie as oneDNN wants them.
//
// onednn lstm times our forward LSTM and GRU and oneDNN's in turns, compares what they compute, and
// ends with the ratios of their speeds. onednn conv does so with direct convolutions, forward and
// backward, on the layers of ResNet-50; there padding is left to the kernels. onednn resnet lays the whole
// network beside oneDNN's convolutions.
package main

// #cgo LDFLAGS: -ldnnl
// #include "conv.h"
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"

	"github.com/loopopt/loopopt/gen"
	"github.com/loopopt/loopopt/internal/peak"
	"github.com/loopopt/loopopt/internal/pipeline"
)

const (
	rounds = 9
	long   = 200 * time.Millisecond // of calls in a round
)

func main() {
	if len(os.Args) < 2 || len(os.Args) > 2 && os.Args[1] != "conv" {
		fmt.Fprintln(os.Stderr, "usage: onednn lstm, onednn resnet, onednn conv [FLAGS], or onednn FILE.loop, where kernel conv has FILE.sizes beside it")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "onednn:", err)
		os.Exit(1)
	}
}

func run(path string, args []string) error {
	if os.Getenv("OMP_NUM_THREADS") != "1" { // its runtime has read it before main
		return fmt.Errorf("set OMP_NUM_THREADS=1: one thread is timed")
	}
	runtime.LockOSThread() // where it makes a primitive is where it keeps memory for it
	isa := "avx2"
	if cpuid.CPU.Has(cpuid.AVX512F) {
		isa = "avx512"
	}
	m, err := peak.New(isa, time.Millisecond)
	if err != nil {
		return err
	}
	v := C.dnnl_version()
	fmt.Printf("goos: %s\ngoarch: %s\npkg: oneDNN %d.%d.%d\ncpu: %s\n", runtime.GOOS, runtime.GOARCH, v.major, v.minor, v.patch, cpuid.CPU.BrandName)
	library := fmt.Sprintf("%d.%d.%d", v.major, v.minor, v.patch)
	switch path {
	case "lstm":
		return lstms(isa, m, library)
	case "resnet":
		return resnets(isa, m, library)
	case "conv":
		return convs(args, isa, m, library)
	}
	f, _, err := pipeline.Load(path)
	if err != nil {
		return err
	}
	sizes, err := pipeline.ReadSizes(f, path)
	if err != nil {
		return err
	}
	for range rounds {
		for _, s := range sizes["conv"] {
			if err := timeConv(s, isa, m); err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
		}
	}
	return nil
}

// timeConv times one convolution and prints its line.
func timeConv(s gen.Sizes, isa string, m *peak.Meter) error {
	var c C.conv
	at := func(name string) C.int64_t { return C.int64_t(s.Values[name]) }
	H, W := at("stride")*(at("P")-1)+at("R"), at("stride")*(at("Q")-1)+at("S")
	if status := C.conv_new(&c, C.dnnl_forward_inference, at("N"), at("K"), at("C"), H, W, at("R"), at("S"), at("stride"), 0, 0); status != 0 {
		return fmt.Errorf("status %d of oneDNN", status)
	}
	defer C.conv_free(&c)
	flops := 2.0
	for _, name := range []string{"N", "K", "C", "P", "Q", "R", "S"} {
		flops *= float64(s.Values[name])
	}
	var samples []float64
	var spent, sampled time.Duration
	n := 0
	for n = -2; n < 1 || spent < long; n++ { // two calls to warm up
		start := time.Now()
		if status := C.conv_run(&c); status != 0 {
			return fmt.Errorf("status %d of oneDNN", status)
		}
		if n < 0 {
			continue
		}
		if spent += time.Since(start); spent-sampled > 10*time.Millisecond {
			sampled = spent
			samples = append(samples, m.Sample())
		}
	}
	samples = append(samples, m.Sample())
	slices.Sort(samples)
	ns := float64(spent.Nanoseconds()) / float64(n)
	fmt.Printf("BenchmarkConv/size=%s/schedule=%s/impl=%s-1\t%d\t%.0f ns/op\t%.1f GFLOP/s\t%.1f peak-GFLOP/s\n",
		s.Name, strings.ReplaceAll(C.GoString(c.name), ":", "_"), "onednn-"+isa, n, ns, flops/ns, samples[len(samples)/2]/1e9)
	return nil
}
