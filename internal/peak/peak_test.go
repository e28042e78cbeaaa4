package peak

import (
	"testing"
	"time"
)

func TestPeaksArePlausible(t *testing.T) {
	for isa := range loops() {
		m, err := New(isa, time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if g := m.Sample() / 1e9; g < 1 || g > 1000 {
			t.Errorf("%s: %.1f GFLOP/s", isa, g)
		}
	}
	if _, err := New("none", time.Millisecond); err == nil {
		t.Error("New(none): no error")
	}
}

func TestStreamsArePlausible(t *testing.T) {
	for _, n := range []int64{0, 1000, 1 << 20} {
		s, err := NewStream(n, time.Millisecond)
		if err != nil {
			t.Skip("no loop that reads fast on this processor or in this build: ", err)
		}
		if g := s.Sample() / 1e9; g < 0.1 || g > 2000 {
			t.Errorf("%d bytes: %.1f GB/s", n, g)
		}
	}
}

func TestClockIsPlausible(t *testing.T) {
	hz, err := Clock()
	if err != nil {
		t.Skip("no loop of operations of one cycle for this processor: ", err)
	}
	if hz < 1e8 || hz > 1e10 {
		t.Errorf("%.2f GHz", hz/1e9)
	}
}
