// Package peak measures how many float32 operations a second one core can do
// at most: fused multiply-adds on registers, nothing else. It is the scale for
// the speed of kernels.
package peak

import (
	"fmt"
	"runtime"
	"time"
)

// A loop runs n iterations of flops operations each.
type loop struct {
	run   func(n int64)
	flops float64
}

// A Meter measures one instruction set, one sample at a time, so that samples
// can be interleaved with what is compared with them.
type Meter struct {
	loop loop
	n    int64
}

// New returns a meter for "avx512" or "avx2" whose samples take about the given
// time. It fails where the processor or the build lacks the instructions.
func New(isa string, sample time.Duration) (*Meter, error) {
	l, ok := loops()[isa]
	if !ok {
		return nil, fmt.Errorf("this processor or build has no %s multiply-add", isa)
	}
	m := &Meter{loop: l, n: 1000}
	for {
		start := time.Now()
		l.run(m.n)
		if t := time.Since(start); t > sample/8 {
			m.n = max(1, int64(float64(m.n)*float64(sample)/float64(t)))
			return m, nil
		}
		m.n *= 2
	}
}

// Sample measures once: operations a second, an FMA counting as two.
func (m *Meter) Sample() float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := time.Now()
	m.loop.run(m.n)
	return float64(m.n) * m.loop.flops / time.Since(start).Seconds()
}
