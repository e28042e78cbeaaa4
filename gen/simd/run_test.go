//go:build linux && (amd64 || arm64)

package simd_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/cpu"

	"github.com/loopopt/loopopt/gen/simd"
	"github.com/loopopt/loopopt/gen/simd/internal/cases"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

func available(isa simd.ISA) bool {
	switch {
	case isa.Arch() != runtime.GOARCH:
		return false
	case isa == simd.NEON:
		return cpu.ARM64.HasASIMD
	case isa == simd.AVX512:
		return cpu.X86.HasAVX512F
	}
	return cpu.X86.HasAVX2 && cpu.X86.HasFMA
}

// TestRun runs each case on random sizes, odd ones and zero among them, and
// compares every cell with the interpreter's, bit for bit. Arrays end at a
// page that must not be touched, or begin behind one.
func TestRun(t *testing.T) {
	for _, c := range allCases(t) {
		for _, isa := range isas {
			t.Run(c.name+"/"+isa.String(), func(t *testing.T) {
				if !available(isa) {
					t.Skipf("this processor has no %s", isa)
				}
				for i := range c.regions[isa] {
					if cases.Funcs[c.symbol(i, isa)] == nil {
						t.Skip("not emitted, see its .txt file")
					}
				}
				rng := rand.New(rand.NewPCG(1, 2))
				c.trial(t, isa, rng, c.smallest(), true)
				for i := range c.trials() {
					c.trial(t, isa, rng, c.sizes(t, rng, i%4 > 0), i%2 == 0)
				}
			})
		}
	}
}

// trial runs c once on random contents.
func (c *testCase) trial(t *testing.T, isa simd.ISA, rng *rand.Rand, sizes map[string]int64, atEnd bool) {
	t.Helper()
	in, err := interp.RandomInputs(c.kernel, sizes, func(p *loopir.Param, _ int) interp.Value {
		return anyValue(rng, p.Type)
	})
	if err != nil {
		t.Fatalf("%v: %v", sizes, err)
	}
	want, err := interp.Run(context.Background(), c.file, c.kernel, in, interp.Options{})
	if err != nil {
		t.Fatalf("%v: %v", sizes, err)
	}
	m := &machine{c: c, isa: isa, env: map[string]int64{}, scalars: in.Scalars, arrays: map[string]*guarded{}}
	for n, v := range sizes {
		m.env[n] = v
	}
	for _, p := range c.kernel.Params {
		if p.Kind == loopir.ArrayParam {
			a := in.Arrays[p.Name]
			if a == nil {
				a = interp.NewArray(p.Type, want.Arrays[p.Name].Shape...)
			}
			m.arrays[p.Name] = newGuarded(t, a, atEnd)
			defer m.arrays[p.Name].free()
		}
	}
	if err := m.list(&c.parts[isa].Body); err != nil {
		t.Fatalf("%v: %v", sizes, err)
	}
	for _, p := range c.kernel.Params {
		if p.Kind != loopir.ArrayParam {
			continue
		}
		expect := want.Arrays[p.Name]
		if p.Dir == loopir.In {
			expect = in.Arrays[p.Name]
		}
		m.arrays[p.Name].compare(t, fmt.Sprintf("%v %s", sizes, p.Name), expect)
	}
}

// sizes picks small sizes that the where clause admits, all positive if asked.
func (c *testCase) sizes(t *testing.T, rng *rand.Rand, positive bool) map[string]int64 {
	t.Helper()
	for range 10000 {
		sizes, volume := map[string]int64{}, int64(1)
		for _, p := range c.kernel.Params {
			if p.Kind == loopir.SizeParam {
				v := c.size(p.Name, rng, positive)
				sizes[p.Name] = v
				volume *= max(1, v)
			}
		}
		if volume <= 60000 && c.admits(sizes) {
			return sizes
		}
	}
	t.Fatalf("%s: no sizes found", c.name)
	return nil
}

// trials is how often c runs: more often when it has few sizes, which then take
// all values that matter together.
func (c *testCase) trials() int {
	n := 0
	for _, p := range c.kernel.Params {
		if p.Kind == loopir.SizeParam {
			n++
		}
	}
	if n <= 2 {
		return 80
	}
	return 16
}

// smallest has every size as small as it may be, mostly zero.
func (c *testCase) smallest() map[string]int64 {
	sizes := map[string]int64{}
	for _, p := range c.kernel.Params {
		if p.Kind != loopir.SizeParam {
			continue
		}
		sizes[p.Name] = 0
		for !c.admits(map[string]int64{p.Name: sizes[p.Name]}) {
			sizes[p.Name]++
		}
	}
	return sizes
}

// size picks one that the conjuncts about it alone admit, often a small one.
func (c *testCase) size(name string, rng *rand.Rand, positive bool) int64 {
	choices := []int64{0, 1, 2, 3, 4, 5, 6, 7, 12, 14, 16, 17, 24, 28, 31, 32, 33, 48, 64}
	var ok []int64
	for _, v := range choices {
		if (v > 0 || !positive) && c.admits(map[string]int64{name: v}) {
			ok = append(ok, v)
		}
	}
	if rng.IntN(2) == 0 {
		ok = ok[:(len(ok)+3)/4]
	}
	return ok[rng.IntN(len(ok))]
}

// admits tells whether the conjuncts hold that are about these sizes only.
func (c *testCase) admits(sizes map[string]int64) bool {
	for _, w := range c.kernel.Where {
		if ok, err := interp.EvalCond(w, sizes); err == nil && !ok {
			return false
		}
	}
	return true
}

// number is often special.
func number(rng *rand.Rand) float64 {
	special := []float64{0, math.Copysign(0, -1), 1, -1, 2, math.Inf(1), math.Inf(-1), math.NaN(), 1e-41, -1e-41, 3e38}
	if rng.IntN(40) == 0 {
		return special[rng.IntN(len(special))]
	}
	return rng.NormFloat64()
}

// anyValue is often special; integers are often at an end of their range.
func anyValue(rng *rand.Rand, t loopir.Type) interp.Value {
	if !t.IsInteger() {
		return interp.Float(t, number(rng))
	}
	if rng.IntN(4) == 0 {
		edge := int64(1)<<(t.Bits()-1) - 2 + rng.Int64N(4)
		return interp.Integer(t, []int64{edge, -edge, rng.Int64N(3) - 1}[rng.IntN(3)])
	}
	return interp.Integer(t, int64(rng.Uint64()))
}

// A machine runs the loops around the regions, and the regions by assembly.
type machine struct {
	c       *testCase
	isa     simd.ISA
	env     map[string]int64
	scalars map[string]interp.Value
	arrays  map[string]*guarded
	later   bool // keep the calls in todo instead of making them
	todo    []func()
}

func (m *machine) list(list *[]loopir.Stmt) error {
	for i := 0; i < len(*list); i++ {
		if n := m.region(list, i); n >= 0 {
			if err := m.call(n); err != nil {
				return err
			}
			i = m.c.regions[m.isa][n].Hi - 1
			continue
		}
		l, ok := (*list)[i].(*loopir.For)
		if !ok {
			return fmt.Errorf("%T outside a region", (*list)[i])
		}
		lo, err := interp.EvalIndex(l.Lo, m.env)
		if err != nil {
			return err
		}
		hi, err := interp.EvalIndex(l.Hi, m.env)
		if err != nil {
			return err
		}
		for v := lo; v < hi; v++ {
			m.env[l.Iter] = v
			if err := m.list(&l.Body); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *machine) region(list *[]loopir.Stmt, i int) int {
	for n, r := range m.c.regions[m.isa] {
		if r.List == list && r.Lo == i {
			return n
		}
	}
	return -1
}

// call fills the argument struct, whose fields follow each other.
func (m *machine) call(n int) error {
	args := m.c.progs[m.isa][n].Args
	frame := make([]uint64, len(args)+1)
	at := unsafe.Pointer(&frame[0])
	for _, a := range args {
		size := 8
		switch a.Kind {
		case simd.Pointer:
			*(*unsafe.Pointer)(at) = m.arrays[a.Array].first
		case simd.Number:
			v, err := interp.EvalIndex(a.Value, m.env)
			if err != nil {
				return err
			}
			*(*int64)(at) = v
		case simd.Scalar:
			v := m.scalars[a.Array]
			if a.Value != nil {
				i, err := interp.EvalIndex(a.Value, m.env)
				if err != nil {
					return err
				}
				v = interp.Integer(a.Type, i)
				if a.Type.IsFloat() {
					v = interp.Float(a.Type, float64(i))
				}
			}
			size = elemSize(a.Type)
			putBits(at, v.Bits, size)
		}
		at = unsafe.Add(at, size)
	}
	f := cases.Funcs[m.c.symbol(n, m.isa)]
	if m.later {
		m.todo = append(m.todo, func() { f(unsafe.Pointer(&frame[0])) })
		return nil
	}
	f(unsafe.Pointer(&frame[0]))
	return nil
}

// A guarded array lies between pages that can't be touched, against one of
// them; what is left of its own pages has a pattern that must stay.
type guarded struct {
	typ    loopir.Type
	pages  []byte
	inside []byte // pages without the two guards
	bytes  []byte
	first  unsafe.Pointer
}

const canary = 0xa5

func newGuarded(t testing.TB, a *interp.Array, atEnd bool) *guarded {
	t.Helper()
	page := syscall.Getpagesize()
	size := len(a.Bits) * elemSize(a.Type)
	length := (size+page-1)/page*page + 2*page
	pages, err := syscall.Mmap(-1, 0, length, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	g := &guarded{typ: a.Type, pages: pages, inside: pages[page : length-page]}
	for i := range g.inside {
		g.inside[i] = canary
	}
	g.first = unsafe.Pointer(&pages[page])
	g.bytes = g.inside[:size]
	if atEnd {
		g.first = unsafe.Add(unsafe.Pointer(&pages[page]), len(g.inside)-size)
		g.bytes = g.inside[len(g.inside)-size:]
	}
	for i, b := range a.Bits {
		g.set(i, b)
	}
	for _, p := range [][]byte{pages[:page], pages[length-page:]} {
		if err := syscall.Mprotect(p, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

func (g *guarded) free() { _ = syscall.Munmap(g.pages) }

func elemSize(t loopir.Type) int {
	return t.Bits() / 8
}

func putBits(at unsafe.Pointer, bits uint64, size int) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], bits)
	copy(unsafe.Slice((*byte)(at), size), b[:])
}

func (g *guarded) set(i int, bits uint64) {
	n := elemSize(g.typ)
	putBits(unsafe.Add(g.first, n*i), bits, n)
}

func (g *guarded) get(i int) uint64 {
	n := elemSize(g.typ)
	var b [8]byte
	copy(b[:], unsafe.Slice((*byte)(unsafe.Add(g.first, n*i)), n))
	v := binary.LittleEndian.Uint64(b[:])
	if g.typ.IsInteger() && g.typ != loopir.U8 { // as the interpreter holds it
		v = uint64(int64(v<<(64-8*n)) >> (64 - 8*n))
	}
	return v
}

func (g *guarded) compare(t *testing.T, what string, want *interp.Array) {
	t.Helper()
	for i, b := range want.Bits {
		got, expect := interp.Value{Type: g.typ, Bits: g.get(i)}, interp.Value{Type: g.typ, Bits: b}
		if !got.Same(expect) {
			t.Fatalf("%s%v is %s (%#x), want %s (%#x)", what, want.Index(i), got, got.Bits, expect, b)
		}
	}
	outside := len(g.inside) - len(g.bytes)
	for i := range outside {
		j := i
		if len(g.bytes) > 0 && &g.inside[0] == &g.bytes[0] {
			j = len(g.bytes) + i
		}
		if g.inside[j] != canary {
			t.Fatalf("%s: byte %d outside the array was written", what, j)
		}
	}
}
