//go:build onednn

package main

// #include "lstm.h"
import "C"

import (
	"fmt"
	"math"
	"slices"

	"github.com/loopopt/loopopt/internal/peak"
	"github.com/loopopt/loopopt/kernels/gru"
)

var gruSizes = []lstmSize{{50, 168, 256}, {50, 168, 512}, {25, 168, 1024}}

// compareGRU times a layer in one of the two conventions of what the reset gate scales.
func (s lstmSize) compareGRU(before bool, isa string, m *peak.Meter, library string) (string, error) {
	T, N, K := s.steps, s.batch, s.units
	random := randoms(3, 4)
	scale := float32(1 / math.Sqrt(float64(K)))
	x, b := random(T*N*K, 1), random(4*K, scale)
	w, r := random(3*K*K, scale), random(3*K*K, scale)
	ours, err := newGRU(before, T, N, K, x, w, r, b)
	if err != nil {
		return "", err
	}
	// Its update gate is first, and the bias of the state's product last.
	swap := func(of []float32) []float32 {
		n := len(of) / 3
		return slices.Concat(of[n:2*n], of[:n], of[2*n:])
	}
	kind, flag, bias := "GRU-after", C.int(0), slices.Concat(swap(b[:3*K]), b[3*K:])
	if before {
		kind, flag, bias = "GRU-before", C.int(1), swap(b[:3*K])
	}
	theirs := &peerLSTM{}
	at := func(n int) C.int64_t { return C.int64_t(n) }
	first := func(x []float32) *C.float { return (*C.float)(&x[0]) }
	pw, pr := inputMajor(swap(w), 3, K), inputMajor(swap(r), 3, K)
	if status := C.gru_new(&theirs.l, flag, at(T), at(N), at(K), at(K), first(x), first(pw), first(pr), first(bias)); status != 0 {
		return "", fmt.Errorf("status %d of oneDNN", status)
	}
	defer C.lstm_free(&theirs.l)
	flops := 12 * float64(T) * float64(N) * float64(K) * float64(K)
	return inTurns(kind, s, flops, ours, theirs, isa, m, library)
}

func newGRU(before bool, T, N, K int, x, w, r, b []float32) (side, error) {
	l := side{h: make([]float32, (T+1)*N*K)}
	pw, pr := make([]float32, len(w)), make([]float32, len(r))
	if before {
		l.which = gru.WhichGruBeforePacked(T, N, K, K)
		l.run = func() error { return gru.GruBeforePacked(1, T, N, K, K, x, pw, pr, b[:3*K], l.h) }
		if err := gru.PackGruBeforeW(1, T, N, K, K, w, pw); err != nil {
			return l, err
		}
		return l, gru.PackGruBeforeR(1, T, N, K, K, r, pr)
	}
	l.which = gru.WhichGruPacked(T, N, K, K)
	l.run = func() error { return gru.GruPacked(1, T, N, K, K, x, pw, pr, b[:3*K], b[3*K:], l.h) }
	if err := gru.PackW(1, T, N, K, K, w, pw); err != nil {
		return l, err
	}
	return l, gru.PackR(1, T, N, K, K, r, pr)
}
