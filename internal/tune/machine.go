package tune

import (
	"fmt"
	"math"
	"time"

	"github.com/klauspost/cpuid/v2"

	"github.com/loopopt/loopopt/internal/peak"
)

// A Machine is what the model has to know of one core.
type Machine struct {
	CPU       string
	ISA       string
	Bytes     int64   // of a vector register
	Registers int     // of vectors
	Hz        float64 // cycles a second

	// Each cycle:
	FMAs       float64 // multiply-adds of whole vectors
	Loads      float64 // loads of whole vectors
	Broadcasts float64 // loads of one element for all lanes, alone or as an operand
	Stores     float64 // stores of whole vectors
	Issue      float64 // instructions

	Latency float64 // cycles from one multiply-add to one that adds to its result
	Divide  float64 // multiply-adds in whose time one division is done
	Call    float64 // multiply-adds in whose time Go's package math computes an elementary function
	Entry   float64 // cycles from Go into assembly and back, arguments, pointers and masks made

	Caches []Level // the nearest one first; the last one is memory, of no size
}

// A Level is one level of the memory hierarchy.
type Level struct {
	Name  string
	Size  int64   // bytes; 0: no limit
	Speed float64 // bytes a second that one core reads from it
}

// An isa is what its definition says of an instruction set.
type isa struct {
	bytes     int64
	registers int
	embedded  bool // an operand may be one element for all lanes
}

// Arm Architecture Reference Manual, C1; Intel SDM volume 1, 14.5 and 15.2.
var isas = map[string]isa{
	"avx512": {64, 32, true},
	"avx2":   {32, 16, false},
	"neon":   {16, 32, true}, // FMLA takes an element of a vector
}

// typical is what a core does of which nothing could be measured. Clock, multiply-adds and speeds
// of the caches are those of one core of a Zen 4, as internal/peak measures them; issue, stores,
// latency and division are from A. Fog, Instruction tables, Zen 4; an elementary function is some
// 10 ns; entry is what fits the depthwise convolution of docs/tutorial.md, which does nearly
// nothing else.
var typical = Machine{
	Hz: 3.67e9, FMAs: 1, Loads: 1, Broadcasts: 2, Stores: 0.5, Issue: 6, Latency: 4, Divide: 8, Call: 40, Entry: 60,
	Caches: []Level{{"L1", 32 << 10, 219e9}, {"L2", 1 << 20, 114e9}, {"L3", 32 << 20, 98e9}, {"memory", 0, 28e9}},
}

// Typical is the machine of the table, for an instruction set.
func Typical(name string) (*Machine, error) {
	set, ok := isas[name]
	if !ok {
		return nil, fmt.Errorf("no instruction set %s: there are avx512, avx2 and neon", name)
	}
	m := typical
	m.Caches = append([]Level(nil), typical.Caches...)
	m.ISA, m.Bytes, m.Registers = name, set.bytes, set.registers
	if set.bytes < 64 { // 64 bytes take two turns there
		m.FMAs, m.Loads, m.Stores = 2, 2, 1
	}
	return &m, nil
}

// Measured is Typical with what this processor's caches are and what package peak finds: the
// best of some samples, since neighbours only ever take away.
func Measured(name string) (*Machine, error) {
	m, err := Typical(name)
	if err != nil {
		return nil, err
	}
	m.CPU = cpuid.CPU.BrandName
	for i, size := range []int{cpuid.CPU.Cache.L1D, cpuid.CPU.Cache.L2, cpuid.CPU.Cache.L3} {
		if size > 0 {
			m.Caches[i].Size = int64(size)
		}
	}
	flops := 0.0
	if meter, err := peak.New(name, sample); err == nil {
		flops = best(meter.Sample)
	}
	if _, err := peak.Clock(); err == nil {
		m.Hz = best(func() float64 {
			hz, _ := peak.Clock()
			return hz
		})
	}
	for i := range m.Caches {
		before := m.Caches[max(i-1, 0)].Size
		inside := 4 * before // more than the level before holds
		if size := m.Caches[i].Size; size > 0 {
			inside = min(size/2, max(size/4, 2*before)) // others may use it, too
		}
		if s, err := peak.NewStream(inside, sample); err == nil {
			m.Caches[i].Speed = best(s.Sample)
		}
	}
	if flops > 0 {
		m.FMAs = whole(flops / m.Hz / float64(2*m.Bytes/4))
		m.Hz = flops / m.FMAs / float64(2*m.Bytes/4)            // the better measurement of the two
		m.Broadcasts = max(1, whole(m.Caches[0].Speed/m.Hz/32)) // it is measured by loads of 32 bytes
		m.Loads = m.Broadcasts
		if m.Bytes > 32 && m.FMAs < 2 { // two turns for 64 bytes
			m.Loads = m.Broadcasts / 2
		}
		m.Stores = m.Loads / 2
	}
	return m, nil
}

// sample is how long a measurement takes, of which there are samples.
const (
	sample  = time.Millisecond
	samples = 9
)

func best(f func() float64) float64 {
	most := 0.0
	for range samples {
		most = max(most, f())
	}
	return most
}

// whole rounds: a core does one or two a cycle, or one in two.
func whole(x float64) float64 {
	if x < 0.75 {
		return 0.5
	}
	return math.Round(x)
}

// Peak is how many operations a second on elements of 4 bytes there are at most.
func (m *Machine) Peak() float64 { return m.FMAs * m.Hz * float64(2*m.Bytes/4) }
