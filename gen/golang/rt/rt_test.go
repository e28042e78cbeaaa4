package rt

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// exactFMA rounds x*y+z once, by exact arithmetic.
func exactFMA(x, y, z float32) float32 {
	exact := new(big.Float).SetPrec(2000)
	p := new(big.Float).SetPrec(2000).Mul(big.NewFloat(float64(x)), big.NewFloat(float64(y)))
	exact.Add(p, big.NewFloat(float64(z)))
	f, _ := exact.Float32()
	return f
}

func TestFMA32RoundsOnce(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func() float32 {
		for {
			f := math.Float32frombits(rng.Uint32())
			if rng.IntN(2) == 0 { // close exponents, so that roundings meet
				f = math.Float32frombits(rng.Uint32()&0x83ffffff | 0x3e000000)
			}
			if f == f && !math.IsInf(float64(f), 0) {
				return f
			}
		}
	}
	for range 200_000 {
		x, y, z := draw(), draw(), draw()
		got, want := fma32(x, y, z), exactFMA(x, y, z)
		if got != want && !(math.IsInf(float64(got), 0) && math.IsInf(float64(want), 0)) {
			t.Fatalf("fma32(%x, %x, %x) = %x, want %x", x, y, z, got, want)
		}
	}
	nan := float32(math.NaN())
	inf := float32(math.Inf(1))
	if got := fma32(inf, 0, 1); got == got {
		t.Errorf("inf*0+1 = %v", got)
	}
	if got := fma32(nan, 1, 1); got == got {
		t.Errorf("nan*1+1 = %v", got)
	}
	if got := fma32(inf, 1, -1); got != inf {
		t.Errorf("inf*1-1 = %v", got)
	}
}

func TestIntegerDivisionFloors(t *testing.T) {
	for x := -20; x <= 20; x++ {
		for d := 1; d <= 7; d++ {
			q, m := floorDiv(x, d), floorMod(x, d)
			if q*d+m != x || m < 0 || m >= d {
				t.Errorf("%d = %d*%d + %d", x, d, q, m)
			}
			if n := trip(x, x+d, 2); n != (d+1)/2 {
				t.Errorf("trip(%d, %d, 2) = %d", x, x+d, n)
			}
		}
	}
	if trip(3, 3, 1) != 0 || trip(4, 3, 1) != 0 {
		t.Error("an empty range has iterations")
	}
}

func TestChecks(t *testing.T) {
	if checkSize("k", "N", 0) != nil || checkSize("k", "N", maxSize) != nil {
		t.Error("good sizes are refused")
	}
	for _, err := range []error{
		checkSize("k", "N", -1), checkLen("k", "A", 5, 2, 3), checkLen("k", "A", 5, -1, 3),
		checkLen("k", "A", 5, maxSize, maxSize), checkLen("k", "A", 5, maxSize, maxSize, maxSize),
		checkRoom("k", "T", maxSize, -maxSize),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "k: ") {
			t.Errorf("want an error of k, have %v", err)
		}
	}
	if checkRoom("k", "T", -1, 1<<48) != nil || checkRoom("k", "T", 0, maxSize, maxSize) != nil || checkLen("k", "A", 6, 2, 3) != nil || checkLen("k", "A", 0, 0, maxSize, maxSize) != nil {
		t.Error("good lengths are refused")
	}
	a := make([]float32, 10)
	b := make([]float64, 3)
	if !overlap(a[:5], a[4:]) || overlap(a[:5], a[5:]) || overlap(a, b) || overlap(a[:0], a) {
		t.Error("overlap is wrong")
	}
}

func TestCheckedIntegersOverflow(t *testing.T) {
	big := func(x int) *big.Int { return big.NewInt(int64(x)) }
	values := []int{0, 1, -1, 2, -2, 3, 1 << 20, math.MaxInt, math.MinInt, math.MaxInt - 1, math.MinInt + 1, math.MaxInt / 2, math.MaxInt/2 + 1}
	for _, a := range values {
		for _, b := range values {
			for name, op := range map[string]struct {
				f    func(*bool, int, int) int
				want func(z *bigInt, x, y *bigInt) *bigInt
			}{
				"+": {addInt, (*bigInt).Add}, "-": {subInt, (*bigInt).Sub}, "*": {mulInt, (*bigInt).Mul},
			} {
				over := false
				got := op.f(&over, a, b)
				want := op.want(new(bigInt), big(a), big(b))
				if fits := want.IsInt64(); over == fits || fits && want.Int64() != int64(got) {
					t.Errorf("%d %s %d = %d, over %v; want %s", a, name, b, got, over, want)
				}
			}
		}
	}
}

type bigInt = big.Int

func TestScalars(t *testing.T) {
	if truncTo[int8](300) != 127 || truncTo[int8](-300) != -128 || truncTo[uint8](-1) != 0 || truncTo[uint8](300) != 255 ||
		truncTo[int32](math.NaN()) != 0 || truncTo[int64](1e30) != math.MaxInt64 || truncTo[int16](-2.9) != -2 {
		t.Error("truncTo is wrong")
	}
	if absInt[int8](-128) != -128 || absInt[int32](-5) != 5 || opaque(3) != 3 {
		t.Error("absInt or opaque is wrong")
	}
	if exp32(0) != 1 || log32(1) != 0 || tanh32(0) != 0 || sqrt32(4) != 2 || abs32(-3) != 3 || sigmoid32(0) != 0.5 ||
		math.Signbit(float64(abs32(float32(math.Copysign(0, -1))))) {
		t.Error("elementary functions are wrong")
	}
	if round32(2.5) != 2 || floor32(-0.5) != -1 || ceil32(0.5) != 1 || trunc32(-1.5) != -1 || bits32(-2) != -1<<30 ||
		float32of(bits32(0.1)) != 0.1 || float64of(bits64(-0.1)) != -0.1 || !math.Signbit(float64(round32(-0.5))) {
		t.Error("whole numbers or bits are wrong")
	}
	var buf []float32
	if s := scratch(&buf, 4); len(s) != 4 {
		t.Error("scratch is wrong")
	}
	s := scratch(&buf, 2)
	if len(s) != 2 || cap(buf) != 4 {
		t.Error("scratch shrinks its buffer")
	}
}

// A counter counts how often each iteration runs.
type counter struct{ hits []atomic.Int32 }

func (c *counter) runRange(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		c.hits[i].Add(1)
	}
}

func TestParallelForRunsEachIterationOnce(t *testing.T) {
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for round := range 200 {
				n := (round*7 + g) % 100
				c := &counter{make([]atomic.Int32, n)}
				parallelFor(c, 0, n, round%5)
				for i := range c.hits {
					if h := c.hits[i].Load(); h != 1 {
						t.Errorf("iteration %d of %d ran %d times", i, n, h)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestParallelForDoesNotAllocate(t *testing.T) {
	c := &counter{make([]atomic.Int32, 64)}
	parallelFor(c, 0, 64, 3) // starts the workers
	if n := testing.AllocsPerRun(100, func() { parallelFor(c, 0, 64, 3) }); n > 0.5 {
		t.Errorf("%v allocations a call", n)
	}
}

// A bad task meets an index that is none in one of its iterations.
type bad struct{ at int }

func (b bad) runRange(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		inRange(int32(i), b.at)
	}
}

// TestPanicReturns wants the panic of a worker on the goroutine that hired it, and the
// workers alive.
func TestPanicReturns(t *testing.T) {
	for _, threads := range []int{1, 4} {
		for at := range 40 {
			func() {
				defer func() {
					e, ok := recover().(*ShapeError)
					if want := fmt.Sprintf("an index in the data is %d, outside of 0..%d", at, at); threads == 1 && (!ok || e.Error() != want) || !ok {
						t.Errorf("%d threads: %v, want %s", threads, e, want)
					}
				}()
				parallelFor(bad{at}, 0, 40, threads)
			}()
		}
		parallelFor(bad{40}, 0, 40, threads)
	}
	if inRange(int64(3), 4) != 3 || inRange(uint8(200), 201) != 200 {
		t.Error("an index changes")
	}
}

// TestHalves compares the conversions of 16-bit numbers with the interpreter's: of all of
// them, and of numbers on, beside and half way between them.
func TestHalves(t *testing.T) {
	check := func(x float64) {
		if got, want := interp.Float(loopir.BF16, 0), interp.Float(loopir.BF16, x); !same(got, want, uint16(toBF16(x))) {
			t.Fatalf("toBF16(%g) is %#x, want %#x", x, toBF16(x), want.Bits)
		}
		if got, want := interp.Float(loopir.F16, 0), interp.Float(loopir.F16, x); !same(got, want, uint16(toF16(x))) {
			t.Fatalf("toF16(%g) is %#x, want %#x", x, toF16(x), want.Bits)
		}
	}
	for h := range 1 << 16 {
		for _, typ := range []loopir.Type{loopir.BF16, loopir.F16} {
			want := interp.Value{Type: typ, Bits: uint64(h)}.Float64()
			got := fromBF16[float64](BF16(h))
			narrower := float64(fromBF16[float32](BF16(h)))
			next := fromBF16[float64](BF16(h + 1))
			if typ == loopir.F16 {
				got, narrower, next = fromF16[float64](F16(h)), float64(fromF16[float32](F16(h))), fromF16[float64](F16(h+1))
			}
			if (got != want || narrower != want || math.Signbit(got) != math.Signbit(want)) && want == want {
				t.Fatalf("%v %#x is %g and %g, want %g", typ, h, got, narrower, want)
			}
			middle := (got + next) / 2
			for _, x := range []float64{got, middle, math.Nextafter(middle, got), math.Nextafter(middle, next)} {
				check(x)
			}
		}
	}
	for _, x := range []float64{math.SmallestNonzeroFloat64, math.MaxFloat64, 1e-300, 65520, math.Copysign(0, -1)} {
		check(x)
		check(-x)
	}
}

// same tells whether bits are those of want, all NaNs being the same.
func same(got, want interp.Value, bits uint16) bool {
	got.Bits = uint64(bits)
	return got.Same(want)
}
