//go:build onednn

package main

// #include "lstm.h"
import "C"

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/loopopt/loopopt/internal/peak"
	"github.com/loopopt/loopopt/kernels/lstm"
)

// An lstmSize is one layer: steps, minibatch, and units, which is also the width of the input.
type lstmSize struct{ steps, batch, units int }

var lstmSizes = []lstmSize{{50, 168, 256}, {50, 168, 512}, {25, 168, 1024}, {6, 168, 2048}, {50, 32, 256}, {50, 16, 512}, {50, 1, 1024}}

// lstms times our LSTM, forward and in training, and forward GRU and oneDNN's in turns, on one thread, checks that they agree,
// and prints both, the share of peak, and the ratio of medians.
func lstms(isa string, m *peak.Meter, library string) error {
	var ratios []string
	for _, s := range lstmSizes {
		line, err := s.compare(isa, m, library)
		if err != nil {
			return fmt.Errorf("%+v: %w", s, err)
		}
		ratios = append(ratios, line)
	}
	for _, s := range lstmSizes {
		if s.batch%6 == 0 {
			if err := s.timeBlocked(isa, m); err != nil {
				return err
			}
		}
	}
	for _, s := range trainingSizes {
		line, err := s.compareTraining(isa, m, library)
		if err != nil {
			return fmt.Errorf("training %+v: %w", s, err)
		}
		ratios = append(ratios, line)
	}
	for _, before := range []bool{false, true} {
		for _, s := range gruSizes {
			line, err := s.compareGRU(before, isa, m, library)
			if err != nil {
				return fmt.Errorf("GRU %+v: %w", s, err)
			}
			ratios = append(ratios, line)
		}
	}
	for _, r := range ratios {
		fmt.Println(r)
	}
	return nil
}

func (s lstmSize) compare(isa string, m *peak.Meter, library string) (string, error) {
	T, N, K := s.steps, s.batch, s.units
	random := randoms(1, 2)
	scale := float32(1 / math.Sqrt(float64(K)))
	x, b := random(T*N*K, 1), random(4*K, scale)
	w, r := random(4*K*K, scale), random(4*K*K, scale)
	ours, err := newLSTM(T, N, K, x, w, r, b, 1)
	if err != nil {
		return "", err
	}
	theirs, err := newPeer(T, N, K, x, inputMajor(w, 4, K), inputMajor(r, 4, K), b)
	if err != nil {
		return "", err
	}
	defer C.lstm_free(&theirs.l)
	flops := 16 * float64(T) * float64(N) * float64(K) * float64(K)
	line, err := inTurns("LSTM", s, flops, ours.side, theirs, isa, m, library)
	if err != nil {
		return "", err
	}
	two, err := newLSTM(T, N, K, x, w, r, b, 2)
	if err != nil {
		return "", err
	}
	more, err := s.twoThreads(ours, two, m)
	if err == nil && N == 1 {
		more += "\n" + s.readShare(ours)
	}
	return line + "\n" + more, err
}

// twoThreads times ours on one and on two threads in turns, and gives the ratio of medians.
func (s lstmSize) twoThreads(one, two *layerLSTM, m *peak.Meter) (string, error) {
	t, _, err := unlockedTurns(rounds, m, one.run, two.run)
	if err != nil {
		return "", err
	}
	if !slices.Equal(one.h, two.h) {
		return "", fmt.Errorf("two threads compute something else")
	}
	return fmt.Sprintf("ratio lstm/fwd-2-threads/N%d/%d one-thread %.3f", s.batch, s.units, t[0]/t[1]), nil
}

// readShare is how fast a step reads the recurrent weights, which is what takes the time at
// minibatch 1, over how fast bytes.IndexByte reads the same memory for a byte that it has not.
func (s lstmSize) readShare(l *layerLSTM) string {
	for i := range l.r { // no byte of these is 0xff
		l.r[i] = float32(1+i%63) / 64
	}
	weights := unsafe.Slice((*byte)(unsafe.Pointer(&l.r[0])), 4*len(l.r))
	var mine, top []float64
	for range rounds {
		t, _ := seconds(l.run) // it ran before
		u, _ := seconds(func() error {
			if i := bytes.IndexByte(weights, 0xff); i >= 0 {
				return fmt.Errorf("byte %d is 0xff", i)
			}
			return nil
		})
		mine, top = append(mine, float64(s.steps*len(weights))/t/1e9), append(top, float64(len(weights))/u/1e9)
	}
	fmt.Printf("BenchmarkLSTM/size=N%d/%d/reading weights\t%d\t%.1f GB/s\t%.1f GB/s by bytes.IndexByte\n", s.batch, s.units, rounds, median(mine), median(top))
	return fmt.Sprintf("ratio lstm/fwd-reads/N%d/%d read-bandwidth %.3f", s.batch, s.units, median(mine)/median(top))
}

// A side is a layer of ours: what runs it, where its output then is, and how.
type side struct {
	run   func() error
	h     []float32
	which string
}

// inTurns times two layers, checks that they agree, and prints both. It gives the line with
// the ratio.
func inTurns(kind string, s lstmSize, flops float64, ours side, theirs *peerLSTM, isa string, m *peak.Meter, library string) (string, error) {
	if err := ours.run(); err != nil {
		return "", err
	}
	if err := theirs.run(); err != nil {
		return "", err
	}
	if d := theirs.distance(ours.h[s.batch*s.units:]); d > 1e-4 {
		return "", fmt.Errorf("the results differ by %g", d)
	}
	t, best, err := turns(rounds, m, ours.run, theirs.run)
	if err != nil {
		return "", err
	}
	mine, peer := flops/t[0]/1e9, flops/t[1]/1e9
	size := fmt.Sprintf("N%d/%d", s.batch, s.units)
	fmt.Printf("Benchmark%s/size=%s/schedule=%s/impl=%s-1\t%d\t%.0f ns/op\t%.1f GFLOP/s\t%.1f peak-GFLOP/s\n",
		kind, size, ours.which, isa, rounds, flops/mine, mine, best)
	fmt.Printf("Benchmark%s/size=%s/schedule=%s/impl=onednn-%s-1\t%d\t%.0f ns/op\t%.1f GFLOP/s\t%.1f peak-GFLOP/s\n",
		kind, size, C.GoString(theirs.l.name), isa, rounds, flops/peer, peer, best)
	return fmt.Sprintf("ratio %s/fwd/%s onednn-%s %.3f", strings.ToLower(kind), size, library, mine/peer), nil
}

// turns times runs in turns, with a measurement of the peak in each round, and gives the medians
// of seconds and of GFLOP/s at the peak.
func turns(rounds int, m *peak.Meter, runs ...func() error) ([]float64, float64, error) {
	times, top := make([][]float64, len(runs)), make([]float64, rounds)
	for round := range rounds {
		for i, run := range runs {
			t, err := seconds(run)
			if err != nil {
				return nil, 0, err
			}
			times[i] = append(times[i], t)
		}
		top[round] = m.Sample() / 1e9
	}
	medians := make([]float64, len(runs))
	for i := range times {
		medians[i] = median(times[i])
	}
	return medians, median(top), nil
}

// unlockedTurns is turns for runs of ours that take several threads.
func unlockedTurns(rounds int, m *peak.Meter, runs ...func() error) ([]float64, float64, error) {
	runtime.UnlockOSThread() // or else waiting for the other thread takes the scheduler a switch of threads
	defer runtime.LockOSThread()
	return turns(rounds, m, runs...)
}

// seconds is the time of a call, the mean of as many as take a while.
func seconds(f func() error) (float64, error) {
	start, n := time.Now(), 0
	for ; n < 1 || time.Since(start) < long/2; n++ {
		if err := f(); err != nil {
			return 0, err
		}
	}
	return time.Since(start).Seconds() / float64(n), nil
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// randoms gives a function that makes arrays of numbers between -scale and scale.
func randoms(seed1, seed2 uint64) func(n int, scale float32) []float32 {
	rng := rand.New(rand.NewPCG(seed1, seed2))
	return func(n int, scale float32) []float32 {
		out := make([]float32, n)
		for i := range out {
			out[i] = (rng.Float32()*2 - 1) * scale
		}
		return out
	}
}

// inputMajor turns weights [gates][K][C] with C = K, as PyTorch has them, into [C][gates][K].
func inputMajor(w []float32, gates, K int) []float32 {
	out := make([]float32, len(w))
	for g := range gates {
		for k := range K {
			for c := range K {
				out[(c*gates+g)*K+k] = w[(g*K+k)*K+c]
			}
		}
	}
	return out
}

// Ours is a layer with packed weights.
type layerLSTM struct {
	side
	w, r, s []float32
}

func newLSTM(T, N, K int, x, w, r, b []float32, threads int) (*layerLSTM, error) {
	l := &layerLSTM{w: make([]float32, len(w)), r: make([]float32, len(r)), s: make([]float32, (T+1)*N*K)}
	l.h, l.which = make([]float32, (T+1)*N*K), lstm.WhichLstmPacked(T, N, K, K)
	l.run = func() error { return lstm.LstmPacked(threads, T, N, K, K, x, l.w, l.r, b, l.s, l.h) }
	if err := lstm.PackW(1, T, N, K, K, w, l.w); err != nil {
		return nil, err
	}
	return l, lstm.PackR(1, T, N, K, K, r, l.r)
}

// timeBlocked times the form of which inputs and states lie in blocks as well, and prints that.
func (s lstmSize) timeBlocked(isa string, m *peak.Meter) error {
	T, N, K := s.steps, s.batch, s.units
	x, w, r, b := make([]float32, T*N*K), make([]float32, 4*K*K), make([]float32, 4*K*K), make([]float32, 4*K)
	state, h := make([]float32, (T+1)*N*K), make([]float32, (T+1)*N*K)
	for i := range x { // results are those of the other forms, which are compared
		x[i] = float32(i%7) / 7
	}
	for i := range w {
		w[i], r[i] = float32(i%11-5)/float32(11*K), float32(i%13-6)/float32(13*K)
	}
	var speeds, top []float64
	for range rounds {
		t, err := seconds(func() error { return lstm.LstmBlocked(1, T, N, K, K, x, w, r, b, state, h) })
		if err != nil {
			return err
		}
		speeds, top = append(speeds, 16*float64(T)*float64(N)*float64(K)*float64(K)/t/1e9), append(top, m.Sample()/1e9)
	}
	fmt.Printf("BenchmarkLSTM/size=N%d/%d/schedule=%s/impl=%s-1\t%d\t%.1f GFLOP/s\t%.1f peak-GFLOP/s\n",
		N, K, lstm.WhichLstmBlocked(T, N, K, K), isa, rounds, median(speeds), median(top))
	return nil
}

type peerLSTM struct{ l C.lstm }

func newPeer(T, N, K int, x, w, r, b []float32) (*peerLSTM, error) {
	p := &peerLSTM{}
	at := func(n int) C.int64_t { return C.int64_t(n) }
	first := func(x []float32) *C.float { return (*C.float)(&x[0]) }
	if status := C.lstm_new(&p.l, at(T), at(N), at(K), at(K), first(x), first(w), first(r), first(b)); status != 0 {
		return nil, fmt.Errorf("status %d of oneDNN", status)
	}
	return p, nil
}

func (p *peerLSTM) run() error {
	if status := C.lstm_run(&p.l); status != 0 {
		return fmt.Errorf("status %d of oneDNN", status)
	}
	return nil
}

// distance is the largest difference between h of all steps and ours.
func (p *peerLSTM) distance(ours []float32) float64 {
	h := make([]float32, len(ours))
	C.lstm_output(&p.l, (*C.float)(&h[0]), C.int64_t(len(h)))
	most := 0.0
	for i := range h {
		d := math.Abs(float64(h[i] - ours[i]))
		if !(d <= most) { // NaN too
			most = d
		}
	}
	return most
}
