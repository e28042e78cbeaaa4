package gonum

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/blas"
	reference "gonum.org/v1/gonum/blas/gonum"
	"gonum.org/v1/gonum/blas/testblas"
)

// rounded is Sgemm as a Dgemm: Gonum's tests are made of numbers that are exact in both.
type rounded struct{}

func (rounded) Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	c32 := narrow(c)
	BLAS{}.Sgemm(tA, tB, m, n, k, float32(alpha), narrow(a), lda, narrow(b), ldb, float32(beta), c32, ldc)
	for i, x := range c32 {
		c[i] = float64(x)
	}
}

func narrow(x []float64) []float32 {
	if x == nil {
		return nil
	}
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v)
	}
	return out
}

func TestGonumsOwn(t *testing.T) {
	t.Run("Dgemm", func(t *testing.T) { testblas.TestDgemm(t, BLAS{}) })
	t.Run("Sgemm", func(t *testing.T) { testblas.TestDgemm(t, rounded{}) })
}

// TestAgainstGonum multiplies matrices that lie in larger ones, all three in one array now
// and then, and wants what Gonum computes, and nothing written beside C.
func TestAgainstGonum(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	ops := []blas.Transpose{blas.NoTrans, blas.Trans, blas.ConjTrans}
	scalars := []float64{0, 1, -1, 0.5}
	products := 400
	if testing.Short() { // in the emulator
		products = 60
	}
	for range products {
		tA, tB := ops[rng.IntN(3)], ops[rng.IntN(3)]
		m, n, k := size(rng), size(rng), size(rng)
		alpha, beta := scalars[rng.IntN(4)], scalars[rng.IntN(4)]
		arena := make([]float64, 0, 200_000)
		inside := rng.IntN(4) == 0
		matrix := func(op blas.Transpose, rows, cols int) ([]float64, int) {
			if op != blas.NoTrans {
				rows, cols = cols, rows
			}
			ld := max(1, cols) + rng.IntN(3)*rng.IntN(20)
			used := max(0, (rows-1)*ld+cols)
			x := make([]float64, used)
			if inside {
				start := len(arena)
				arena = arena[:start+used]
				x = arena[start : start+used]
			}
			for i := range x {
				x[i] = float64(rng.IntN(9) - 4) // sums are exact in both precisions
			}
			return x, ld
		}
		a, lda := matrix(tA, m, k)
		b, ldb := matrix(tB, k, n)
		c, ldc := matrix(blas.NoTrans, m, n)
		want := append([]float64(nil), c...)
		have32 := narrow(c)
		name := fmt.Sprintf("%c%c m=%d n=%d k=%d lda=%d ldb=%d ldc=%d alpha=%g beta=%g", tA, tB, m, n, k, lda, ldb, ldc, alpha, beta)
		reference.Implementation{}.Dgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, want, ldc)
		BLAS{}.Dgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
		BLAS{}.Sgemm(tA, tB, m, n, k, float32(alpha), narrow(a), lda, narrow(b), ldb, float32(beta), have32, ldc)
		for i := range want {
			if c[i] != want[i] || float64(have32[i]) != want[i] {
				t.Fatalf("%s: cell %d is %g and %g, not %g", name, i, c[i], have32[i], want[i])
			}
		}
	}
}

func size(rng *rand.Rand) int {
	if rng.IntN(4) == 0 {
		return rng.IntN(160)
	}
	return rng.IntN(20)
}

// TestOverlap multiplies parts of one matrix, the result being a part between them.
func TestOverlap(t *testing.T) {
	const n, ld = 7, 24
	x := make([]float64, n*ld)
	for i := range x {
		x[i] = float64(i % 5)
	}
	y := append([]float64(nil), x...)
	for _, b := range []struct {
		x []float64
		f blas.Float64Level3
	}{{x, BLAS{}}, {y, reference.Implementation{}}} {
		b.f.Dgemm(blas.NoTrans, blas.NoTrans, n, n, n, -1, b.x, ld, b.x[16:], ld, 1, b.x[8:], ld)
	}
	for i := range x {
		if x[i] != y[i] {
			t.Fatalf("cell %d is %g, not %g", i, x[i], y[i])
		}
	}
}

// TestStridedBatched computes batches, one product after the other and at the same time, and wants
// what Gonum computes of each product, and nothing written between the matrices C.
func TestStridedBatched(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	ops := []blas.Transpose{blas.NoTrans, blas.Trans}
	scalars := []float64{0, 1, -1, 0.5}
	batches := 60
	if testing.Short() {
		batches = 10
	}
	for b := range batches {
		tA, tB, count := ops[rng.IntN(2)], ops[rng.IntN(2)], rng.IntN(6)
		m, n, k := size(rng), size(rng), size(rng)
		if b == 0 {
			m, n, k = 160, 150, 140 // each on all goroutines
		}
		alpha, beta := scalars[rng.IntN(4)], scalars[rng.IntN(4)]
		matrices := func(op blas.Transpose, rows, cols int, shared bool) ([]float64, int, int) {
			if op != blas.NoTrans {
				rows, cols = cols, rows
			}
			ld := max(1, cols) + rng.IntN(3)
			used := max(0, (rows-1)*ld+cols)
			stride := used + rng.IntN(9)
			if shared {
				stride = 0
			}
			x := make([]float64, max(0, count-1)*stride+used)
			for i := range x {
				x[i] = float64(rng.IntN(9) - 4)
			}
			return x, ld, stride
		}
		x, ldx, strideX := matrices(tA, m, k, rng.IntN(3) == 0)
		y, ldy, strideY := matrices(tB, k, n, rng.IntN(3) == 0)
		c, ldc, strideC := matrices(blas.NoTrans, m, n, false)
		want, have32 := append([]float64(nil), c...), narrow(c)
		for i := range count {
			reference.Implementation{}.Dgemm(tA, tB, m, n, k, alpha, x[i*strideX:], ldx, y[i*strideY:], ldy, beta, want[i*strideC:], ldc)
		}
		BLAS{}.DgemmStridedBatched(tA, tB, m, n, k, alpha, x, ldx, strideX, y, ldy, strideY, beta, c, ldc, strideC, count)
		BLAS{}.SgemmStridedBatched(tA, tB, m, n, k, float32(alpha), narrow(x), ldx, strideX, narrow(y), ldy, strideY, float32(beta), have32, ldc, strideC, count)
		for i := range want {
			if c[i] != want[i] || float64(have32[i]) != want[i] {
				t.Fatalf("%d products, %c%c m=%d n=%d k=%d: cell %d is %g and %g, not %g", count, tA, tB, m, n, k, i, c[i], have32[i], want[i])
			}
		}
	}
}

// TestStridedBatchedInPlace has each product read what the one before wrote.
func TestStridedBatchedInPlace(t *testing.T) {
	x := make([]float64, 5*16)
	for i := range x {
		x[i] = float64(i%7 - 3)
	}
	want := append([]float64(nil), x...)
	one := make([]float64, 16)
	for i := range 4 {
		one[5*i] = 2
	}
	for i := range 4 {
		reference.Implementation{}.Dgemm(blas.NoTrans, blas.NoTrans, 4, 4, 4, 1, want[16*i:], 4, one, 4, 0, want[16*(i+1):], 4)
	}
	BLAS{}.DgemmStridedBatched(blas.NoTrans, blas.NoTrans, 4, 4, 4, 1, x, 4, 16, one, 4, 0, 0, x[16:], 4, 16, 4)
	for i := range want {
		if x[i] != want[i] {
			t.Fatalf("cell %d is %g, not %g", i, x[i], want[i])
		}
	}
}

func TestStridedBatchedPanics(t *testing.T) {
	x := make([]float32, 12)
	for name, args := range map[string][5]int{ // n, strides, count
		"short":           {2, 4, 4, 4, 4},
		"negative stride": {2, -4, 4, 4, 3},
		"overlapping C":   {2, 0, 0, 3, 2},
		"negative count":  {2, 4, 4, 4, -1},
		"negative size":   {-1, 4, 4, 4, 3},
	} {
		c := make([]float32, 12)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			n := args[0]
			for i := range x {
				x[i] = 1
			}
			BLAS{}.SgemmStridedBatched(blas.NoTrans, blas.NoTrans, n, n, n, 1, x, 2, args[1], x, 2, args[2], 0, c, 2, args[3], args[4])
		}()
		for i := range c {
			if c[i] != 0 {
				t.Errorf("%s: cell %d was written", name, i)
			}
		}
	}
}

func TestPanicsAsGonumDoes(t *testing.T) {
	x := make([]float32, 4)
	for _, args := range [][6]int{{-1, 2, 2, 2, 2, 2}, {2, 2, 2, 1, 2, 2}, {3, 2, 2, 2, 2, 2}, {2, 2, 2, 2, 2, 1}, {2, 2, 3, 3, 2, 2}} {
		call := func(f blas.Float32Level3) (r any) {
			defer func() { r = recover() }()
			f.Sgemm(blas.NoTrans, blas.NoTrans, args[0], args[1], args[2], 1, x, args[3], x, args[4], 0, make([]float32, 4), args[5])
			return nil
		}
		if have, want := call(BLAS{}), call(reference.Implementation{}); want == nil || have != want {
			t.Errorf("%v: panics with %v, not %v", args, have, want)
		}
	}
}

func TestAllocations(t *testing.T) {
	const n = 96
	a, b, c := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
	if got := testing.AllocsPerRun(100, func() {
		BLAS{}.Sgemm(blas.Trans, blas.NoTrans, n, n, n, 1, a, n, b, n, 0, c, n)
	}); got > 2 { // a pool may be emptied
		t.Errorf("%g allocations a call", got)
	}
}
