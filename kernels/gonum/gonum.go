// Package gonum is matrix multiplication for users of Gonum: its BLAS with the Gemm of
// package kernels/blas, which is proved equal to the naive loops down to its instructions.
//
//	blas32.Use(gonum.BLAS{})
//	blas64.Use(gonum.BLAS{})
package gonum

import (
	"sync"
	"unsafe"

	"gonum.org/v1/gonum/blas"
	reference "gonum.org/v1/gonum/blas/gonum"

	kernels "github.com/loopopt/loopopt/kernels/blas"
)

// BLAS is Gonum's implementation but for Sgemm and Dgemm. They multiply on as many
// goroutines as GOMAXPROCS, may be called at the same time, and panic where Gonum's do.
type BLAS struct{ reference.Implementation }

var (
	_ blas.Float32 = BLAS{}
	_ blas.Float64 = BLAS{}
)

// Sgemm computes C = alpha op(A) op(B) + beta C, with C of m by n, op(A) of m by k and op(B)
// of k by n numbers, all row-major, where op(X) is X or its transpose. With beta = 0, C is not
// read, and with alpha = 0 neither are A and B.
func (b BLAS) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, x []float32, ldx int, y []float32, ldy int, beta float32, c []float32, ldc int) {
	p := product[float32]{m, n, k, alpha, beta, view[float32]{x, ldx, tA}, view[float32]{y, ldy, tB}, c, ldc, 0}
	if !p.valid() {
		b.Implementation.Sgemm(tA, tB, m, n, k, alpha, x, ldx, y, ldy, beta, c, ldc) // which knows what to say
		return
	}
	p.run(single)
}

// Dgemm is Sgemm in double precision.
func (b BLAS) Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, x []float64, ldx int, y []float64, ldy int, beta float64, c []float64, ldc int) {
	p := product[float64]{m, n, k, alpha, beta, view[float64]{x, ldx, tA}, view[float64]{y, ldy, tB}, c, ldc, 0}
	if !p.valid() {
		b.Implementation.Dgemm(tA, tB, m, n, k, alpha, x, ldx, y, ldy, beta, c, ldc)
		return
	}
	p.run(double)
}

type float interface{ float32 | float64 }

// A precision is the kernels for numbers of one type, and memory for copies of operands.
type precision[T float] struct {
	gemm      func(threads, M, N, K, lda, ldb, ldc int, alpha, beta T, A, B, C []T) error
	transpose func(threads, M, N, lda, ldb int, A, B []T) error
	copies    sync.Pool // of *[]T
}

var (
	single = &precision[float32]{gemm: kernels.Sgemm, transpose: kernels.Stranspose}
	double = &precision[float64]{gemm: kernels.Dgemm, transpose: kernels.Dtranspose}
)

// A view is an operand as BLAS has it: the rows lie ld numbers apart, and the last one may
// end with its last number.
type view[T float] struct {
	data []T
	ld   int
	op   blas.Transpose
}

func (v view[T]) transposed() bool { return v.op != blas.NoTrans }

// holds tells whether an operand that is to have rows by cols numbers is one.
func (v view[T]) holds(rows, cols int) bool {
	switch v.op {
	case blas.NoTrans:
	case blas.Trans, blas.ConjTrans:
		rows, cols = cols, rows
	default:
		return false
	}
	return v.ld >= max(1, cols) && (rows == 0 || len(v.data) >= (rows-1)*v.ld+cols)
}

type product[T float] struct {
	m, n, k     int
	alpha, beta T
	a, b        view[T]
	c           []T
	ldc         int
	threads     int // 0: GOMAXPROCS
}

// valid tells whether there is a product to compute, and all arguments are legal.
func (p *product[T]) valid() bool {
	c := view[T]{p.c, p.ldc, blas.NoTrans}
	return p.m > 0 && p.n > 0 && p.k >= 0 && p.a.holds(p.m, p.k) && p.b.holds(p.k, p.n) && c.holds(p.m, p.n)
}

func (p *product[T]) run(with *precision[T]) {
	if p.alpha == 0 {
		p.k = 0
	}
	c, whole := rows(p.c, p.m, p.ldc)
	a, lda, copyA := with.operand(p.a, p.m, p.k, c, p.threads)
	defer with.free(copyA)
	b, ldb, copyB := with.operand(p.b, p.k, p.n, c, p.threads)
	defer with.free(copyB)
	if whole {
		with.multiply(p.threads, p.m, p.n, p.k, lda, ldb, p.ldc, p.alpha, p.beta, a, b, c)
		return
	}
	m := p.m - 1 // the last row is shorter than ldc
	with.multiply(p.threads, m, p.n, p.k, lda, ldb, p.ldc, p.alpha, p.beta, a, b, c)
	with.multiply(p.threads, 1, p.n, p.k, lda, ldb, p.n, p.alpha, p.beta, a[min(len(a), m*lda):], b, c[m*p.ldc:])
}

func (with *precision[T]) multiply(threads, m, n, k, lda, ldb, ldc int, alpha, beta T, a, b, c []T) {
	if err := with.gemm(threads, m, n, k, lda, ldb, ldc, alpha, beta, a, b, c); err != nil {
		panic(err) // of a size beyond what kernels take
	}
}

// rows is n rows of an array, each ld numbers long, and true; or else, where the array ends
// with the last number of the last row, all there is. What lies behind the last number of a
// row is neither read nor written.
func rows[T float](x []T, n, ld int) ([]T, bool) {
	if n*ld <= cap(x) {
		return x[:n*ld], true
	}
	return x, false
}

func (with *precision[T]) free(buf *[]T) {
	if buf != nil {
		with.copies.Put(buf)
	}
}

// operand is op(v), m by n numbers that a kernel may read while c is written, and its leading
// dimension: v's own memory, or else a copy in memory that is to be freed.
func (with *precision[T]) operand(v view[T], m, n int, c []T, threads int) (data []T, ld int, buf *[]T) {
	if m == 0 || n == 0 {
		return nil, n, nil
	}
	if !v.transposed() {
		if data, whole := rows(v.data, m, v.ld); whole && !overlap(data, c) {
			return data, v.ld, nil
		}
	}
	buf, _ = with.copies.Get().(*[]T)
	if buf == nil {
		buf = new([]T)
	}
	if cap(*buf) < m*n {
		*buf = make([]T, m*n)
	}
	data = (*buf)[:m*n]
	if !v.transposed() {
		for i := range m {
			copy(data[i*n:(i+1)*n], v.data[i*v.ld:])
		}
		return data, n, buf
	}
	from, whole := rows(v.data, n, v.ld)
	full := n
	if !whole {
		full--
		for i := range m {
			data[i*n+full] = from[full*v.ld+i]
		}
	}
	if err := with.transpose(threads, full, m, v.ld, n, from, data); err != nil {
		panic(err)
	}
	return data, n, buf
}

// overlap tells whether two arrays share memory, as the rows of matrices that are parts of a
// larger one do.
func overlap[T float](x, y []T) bool {
	if len(x) == 0 || len(y) == 0 {
		return false
	}
	at := func(x []T, i int) uintptr { return uintptr(unsafe.Pointer(&x[i])) }
	return at(x, 0) <= at(y, len(y)-1) && at(y, 0) <= at(x, len(x)-1)
}
