//go:build onednn

package main

// #include "conv.h"
import "C"

import (
	"flag"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/loopopt/loopopt/internal/peak"
)

// convPasses has oneDNN's name of a pass, and which of x, w and y it computes.
var convPasses = map[string]struct {
	kind C.dnnl_prop_kind_t
	out  int
}{"fwd": {C.dnnl_forward_inference, 2}, "fused": {C.dnnl_forward_inference, 2}, "bwd": {C.dnnl_backward_data, 0}, "upd": {C.dnnl_backward_weights, 1}}

// A convBench times convolutions and keeps the ratios.
type convBench struct {
	isa, library    string
	m               *peak.Meter
	rounds, threads int
	ratios          []convRatio
}

// A convRatio is how much faster ours is than a peer; the group is a pass and a minibatch.
type convRatio struct {
	group, layer, peer string
	value              float64
}

// convs times our direct convolutions and oneDNN's in turns on one thread, checks that they
// agree, and prints both, then the ratios of medians. With more threads it also times
// ours on these against ours on one.
func convs(args []string, isa string, m *peak.Meter, library string) error {
	f := flag.NewFlagSet("onednn conv", flag.ExitOnError)
	passes := f.String("passes", "fwd,fused,bwd,upd", "forward, with bias, residual and ReLU, backward by data, update of weights")
	minibatches := f.String("n", "1,4,16", "minibatches")
	only := f.String("layers", "all", "numbers of layers, from 1")
	b := &convBench{isa: isa, library: library, m: m}
	f.IntVar(&b.rounds, "rounds", rounds, "rounds of which the median counts")
	f.IntVar(&b.threads, "threads", 1, "threads to time ours on, besides one")
	f.Parse(args)
	if f.NArg() > 0 || b.rounds < 1 || b.threads < 1 {
		return fmt.Errorf("conv takes flags only, and at least one round and thread")
	}
	ns, err := numbers(*minibatches, math.MaxInt32)
	if err != nil {
		return err
	}
	if *only == "all" {
		*only = "1"
		for i := 2; i <= len(layers); i++ {
			*only += fmt.Sprintf(",%d", i)
		}
	}
	which, err := numbers(*only, len(layers))
	if err != nil {
		return err
	}
	for _, pass := range strings.Split(*passes, ",") {
		if _, ok := convPasses[pass]; !ok {
			return fmt.Errorf("no pass %q", pass)
		}
		for _, N := range ns {
			for _, number := range which {
				if err := b.compare(pass, N, number); err != nil {
					return fmt.Errorf("%s/N%d/layer%02d: %w", pass, N, number, err)
				}
			}
		}
	}
	b.print()
	return nil
}

// numbers reads a list of numbers from 1 to most.
func numbers(list string, most int) ([]int, error) {
	var out []int
	for _, field := range strings.Split(list, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 || n > most {
			return nil, fmt.Errorf("%q is not a number from 1 to %d", field, most)
		}
		out = append(out, n)
	}
	return out, nil
}

// compare times a pass of a layer; where there is none of ours, only oneDNN's.
func (b *convBench) compare(pass string, N, number int) error {
	l := layers[number-1]
	P, Q := l.image()
	random := randoms(5, 6)
	x, w, dy, bias := random(N*l.C*l.H*l.W, 1), random(l.K*l.C*l.R*l.S, 1), random(N*l.K*P*Q, 1), random(l.K, 1)
	ours, err := oursConv(pass, l, N, 1, x, w, dy, bias)
	if err != nil {
		return err
	}
	want, err := b.againstPeer(pass, N, number, ours, [][]float32{x, w, dy, bias})
	if err != nil || ours.run == nil || b.threads == 1 {
		return err
	}
	more, err := oursConv(pass, l, N, b.threads, x, w, dy, bias)
	if err != nil {
		return err
	}
	if err := more.check(want); err != nil {
		return fmt.Errorf("%d threads: %w", b.threads, err)
	}
	t, top, err := unlockedTurns(b.rounds, b.m, ours.run, more.run)
	if err != nil {
		return err
	}
	b.line(pass, N, number, more.which, b.isa, b.threads, t[1], top)
	b.add(fmt.Sprintf("%s-%d-threads", pass, b.threads), N, number, "one-thread", t[0]/t[1])
	return nil
}

// againstPeer times ours, if there is one, and oneDNN's in turns. It gives oneDNN's result.
func (b *convBench) againstPeer(pass string, N, number int, ours convSide, arrays [][]float32) ([]float32, error) {
	peer, err := newPeerConv(pass, layers[number-1], N, arrays)
	if err != nil {
		return nil, err
	}
	defer C.conv_free(&peer.c)
	if err := peer.run(); err != nil {
		return nil, err
	}
	want := make([]float32, len(arrays[peer.out]))
	if err := status(C.conv_get(&peer.c, C.int(peer.out), (*C.float)(&want[0]))); err != nil {
		return nil, err
	}
	runs := []func() error{peer.run}
	if ours.run != nil {
		if err := ours.check(want); err != nil {
			return nil, err
		}
		runs = append(runs, ours.run)
	}
	t, top, err := turns(b.rounds, b.m, runs...)
	if err != nil {
		return nil, err
	}
	if ours.run != nil {
		b.line(pass, N, number, ours.which, b.isa, 1, t[1], top)
		ratio := t[0] / t[1]
		b.add(pass, N, number, "onednn-"+b.library, ratio)
		if pass != "fused" { // no figures of the newer one
			scaled := ratio / newer(pass, N, number)
			b.add(pass, N, number, "onednn-3.14-scaled", scaled)
			b.add(pass, N, number, "best", min(ratio, scaled))
		}
	}
	b.line(pass, N, number, strings.ReplaceAll(C.GoString(peer.c.name), ":", "_"), "onednn-"+b.isa, 1, t[0], top)
	return want, nil
}

// check runs a side once and compares its result.
func (s convSide) check(want []float32) error {
	if err := s.run(); err != nil {
		return err
	}
	y, err := s.result()
	if err != nil {
		return err
	}
	return agree(want, y)
}

// line prints a side's time and speed beside the peak of as many cores.
func (b *convBench) line(pass string, N, number int, which, impl string, threads int, t, top float64) {
	speed, top := layers[number-1].flops(N)/t/1e9, top*float64(threads)
	fmt.Printf("BenchmarkConv/pass=%s/size=N%d/layer%02d/schedule=%s/impl=%s-%d\t%d\t%.0f ns/op\t%.1f GFLOP/s\t%.1f peak-GFLOP/s\t%.1f %%peak\n",
		pass, N, number, which, impl, threads, b.rounds, t*1e9, speed, top, 100*speed/top)
}

func (b *convBench) add(pass string, N, number int, peer string, value float64) {
	b.ratios = append(b.ratios, convRatio{fmt.Sprintf("%s/N%d", pass, N), fmt.Sprintf("layer%02d", number), peer, value})
}

// print ends with the ratios and their geometric means over the layers.
func (b *convBench) print() {
	var names []string
	logs := map[string][]float64{}
	for _, r := range b.ratios {
		fmt.Printf("ratio %s/%s %s %.3f\n", r.group, r.layer, r.peer, r.value)
		name := r.group + " " + r.peer
		if logs[name] == nil {
			names = append(names, name)
		}
		logs[name] = append(logs[name], math.Log(r.value))
	}
	for _, name := range names {
		sum := 0.0
		for _, v := range logs[name] {
			sum += v
		}
		fmt.Printf("geomean %s %.3f\n", name, math.Exp(sum/float64(len(logs[name]))))
	}
}

// A peerConv is a pass of oneDNN's. It is made, run and freed on one thread.
type peerConv struct {
	c   C.conv
	out int // which of its memories is the result
}

// newPeerConv makes oneDNN's from x, w, y and a bias. One of the first three is only the place
// of the result, but for fused, where y is the residual, and each run adds to what the last one left.
func newPeerConv(pass string, l layer, N int, arrays [][]float32) (*peerConv, error) {
	p := &peerConv{out: convPasses[pass].out}
	after := C.int(0)
	if pass == "fused" {
		after = C.conv_bias | C.conv_sum | C.conv_relu
	}
	at := func(n int) C.int64_t { return C.int64_t(n) }
	if err := status(C.conv_new(&p.c, convPasses[pass].kind, at(N), at(l.K), at(l.C), at(l.H), at(l.W), at(l.R), at(l.S), at(l.stride), at(l.pad), after)); err != nil {
		return nil, err
	}
	for i, a := range arrays {
		if after == 0 && i >= p.out && (i == p.out || i == 3) {
			continue
		}
		if err := status(C.conv_set(&p.c, C.int(i), (*C.float)(&a[0]))); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *peerConv) run() error { return status(C.conv_run(&p.c)) }

// status is the error of what oneDNN returns, if it is one.
func status(s C.int) error {
	if s != 0 {
		return fmt.Errorf("status %d of oneDNN", s)
	}
	return nil
}
