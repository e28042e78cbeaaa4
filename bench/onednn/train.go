//go:build onednn

package main

// #include "lstm.h"
import "C"

import (
	"fmt"
	"math"

	"github.com/loopopt/loopopt/internal/peak"
	"github.com/loopopt/loopopt/kernels/lstmtraining"
)

var trainingSizes = []lstmSize{{50, 168, 256}, {50, 168, 512}, {25, 168, 1024}, {50, 32, 256}}

// compareTraining times a forward and a backward pass with all gradients.
func (s lstmSize) compareTraining(isa string, m *peak.Meter, library string) (string, error) {
	T, N, K := s.steps, s.batch, s.units
	random := randoms(1, 2)
	scale := float32(1 / math.Sqrt(float64(K)))
	x, b, dy := random(T*N*K, 1), random(4*K, scale), random(T*N*K, 0.01)
	w, r := random(4*K*K, scale), random(4*K*K, scale)
	ours, err := newOurTraining(T, N, K, x, w, r, b, dy)
	if err != nil {
		return "", err
	}
	w, r = inputMajor(w, 4, K), inputMajor(r, 4, K)
	var theirs C.training
	first := func(x []float32) *C.float { return (*C.float)(&x[0]) }
	if status := C.training_new(&theirs, C.int64_t(T), C.int64_t(N), C.int64_t(K), first(x), first(w), first(r), first(b), first(dy)); status != 0 {
		return "", fmt.Errorf("status %d of oneDNN", status)
	}
	defer C.training_free(&theirs)
	peer := func() error {
		if status := C.training_run(&theirs); status != 0 {
			return fmt.Errorf("status %d of oneDNN", status)
		}
		return nil
	}
	if err := ours.run(); err != nil {
		return "", err
	}
	if err := peer(); err != nil {
		return "", err
	}
	dw, dr := make([]float32, len(w)), make([]float32, len(r))
	C.training_gradients(&theirs, first(dw), first(dr), C.int64_t(len(dw)))
	for _, p := range [][2][]float32{{dw, inputMajor(ours.dw, 4, K)}, {dr, inputMajor(ours.dr, 4, K)}} {
		if err := agree(p[0], p[1]); err != nil {
			return "", fmt.Errorf("gradients: %w", err)
		}
	}
	t, best, err := turns(rounds, m, ours.run, peer)
	if err != nil {
		return "", err
	}
	flops := 48 * float64(T) * float64(N) * float64(K) * float64(K)
	mine, other := flops/t[0]/1e9, flops/t[1]/1e9
	size := fmt.Sprintf("N%d/%d", N, K)
	fmt.Printf("BenchmarkLSTMTraining/size=%s/schedule=packed/impl=%s-1\t%d\t%.1f GFLOP/s\t%.1f peak-GFLOP/s\n", size, isa, rounds, mine, best)
	fmt.Printf("BenchmarkLSTMTraining/size=%s/schedule=%s/impl=onednn-%s-1\t%d\t%.1f GFLOP/s\t%.1f peak-GFLOP/s\n",
		size, C.GoString(theirs.name), isa, rounds, other, best)
	return fmt.Sprintf("ratio lstm/train/%s onednn-%s %.3f", size, library, mine/other), nil
}

// agree fails where results differ by more than a small part of the largest of them.
func agree(theirs, ours []float32) error {
	if len(ours) != len(theirs) {
		return fmt.Errorf("%d results, not %d", len(ours), len(theirs))
	}
	most, off := 0.0, 0.0
	for i, v := range theirs {
		most, off = max(most, math.Abs(float64(v))), max(off, math.Abs(float64(v-ours[i])))
	}
	if !(off <= 1e-4*most) {
		return fmt.Errorf("results differ by %g of %g", off, most)
	}
	return nil
}

type ourTraining struct {
	run    func() error
	dw, dr []float32
}

func newOurTraining(T, N, K int, x, w, r, b, dy []float32) (*ourTraining, error) {
	make := func(n int) []float32 { return make([]float32, n) }
	l := &ourTraining{dw: make(4 * K * K), dr: make(4 * K * K)}
	forW, forR, backW, backR := make(4*K*K), make(4*K*K), make(4*K*K), make(4*K*K)
	for _, err := range []error{
		lstmtraining.PackLstmTrainW(1, T, N, K, K, w, forW), lstmtraining.PackLstmTrainR(1, T, N, K, K, r, forR),
		lstmtraining.PackW(1, T, N, K, K, w, backW), lstmtraining.PackR(1, T, N, K, K, r, backR),
	} {
		if err != nil {
			return nil, err
		}
	}
	row := N * K
	H, S, dH, dS := make((T+1)*row), make((T+1)*row), make((T+1)*row), make((T+1)*row)
	G, D, dX, db := make(4*T*row), make(4*T*row), make(T*row), make(4*K)
	l.run = func() error {
		if err := lstmtraining.LstmTrainPacked(1, T, N, K, K, x, forW, forR, b, S, H, G); err != nil {
			return err
		}
		clear(dH[:row])
		copy(dH[row:], dy)
		clear(dS[T*row:])
		if err := lstmtraining.LstmBackwardPacked(1, T, N, K, K, backW, backR, G, S, dH, dS, D, dX); err != nil {
			return err
		}
		return lstmtraining.LstmWeights(1, T*N, K, K, x, H[:T*row], D, l.dw, l.dr, db)
	}
	return l, nil
}
