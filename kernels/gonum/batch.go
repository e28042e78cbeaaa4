package gonum

import (
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/blas"
)

// SgemmStridedBatched computes count products as Sgemm does: of the matrices that start at
// i*strideA in a, i*strideB in b and i*strideC in c, for i from 0 to count-1. A stride of 0 for a
// or b has all products read the same matrix; those of c must not overlap. It panics where
// Sgemm does for one of the products, on a negative count, and on strides that are negative or
// have matrices C overlap, before anything is written.
func (b BLAS) SgemmStridedBatched(tA, tB blas.Transpose, m, n, k int, alpha float32, x []float32, ldx, strideX int, y []float32, ldy, strideY int, beta float32, c []float32, ldc, strideC, count int) {
	s := strided[float32]{product[float32]{m, n, k, alpha, beta, view[float32]{x, ldx, tA}, view[float32]{y, ldy, tB}, c, ldc, 0}, strideX, strideY, strideC, count}
	s.run(single, b.Sgemm)
}

// DgemmStridedBatched is SgemmStridedBatched in double precision.
func (b BLAS) DgemmStridedBatched(tA, tB blas.Transpose, m, n, k int, alpha float64, x []float64, ldx, strideX int, y []float64, ldy, strideY int, beta float64, c []float64, ldc, strideC, count int) {
	s := strided[float64]{product[float64]{m, n, k, alpha, beta, view[float64]{x, ldx, tA}, view[float64]{y, ldy, tB}, c, ldc, 0}, strideX, strideY, strideC, count}
	s.run(double, b.Dgemm)
}

// strided are count products, the operands of each so many numbers behind those of the one before.
type strided[T float] struct {
	product[T]
	strideA, strideB, strideC int
	count                     int
}

// at is product i, its operands cut off where those of the last one would end with the arrays.
func (s *strided[T]) at(i int) *product[T] {
	p := s.product
	from := func(x []T, stride int) []T { return x[min(len(x), i*stride):] }
	p.a.data, p.b.data, p.c = from(p.a.data, s.strideA), from(p.b.data, s.strideB), from(p.c, s.strideC)
	return &p
}

// run multiplies. one is what multiplies a single pair, and knows what to say of wrong arguments.
func (s *strided[T]) run(with *precision[T], one func(tA, tB blas.Transpose, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int)) {
	switch {
	case s.count < 0:
		panic("blas: negative count of products")
	case s.strideA < 0 || s.strideB < 0 || s.strideC < 0:
		panic("blas: negative stride of a batch")
	case s.count == 0:
		return
	}
	if !s.at(s.count - 1).valid() { // or else all are
		for i := s.count - 1; i >= 0; i-- {
			p := s.at(i)
			one(p.a.op, p.b.op, p.m, p.n, p.k, p.alpha, p.a.data, p.a.ld, p.b.data, p.b.ld, p.beta, p.c, p.ldc)
		}
		return
	}
	if s.count > 1 && s.strideC < (s.m-1)*s.ldc+s.n {
		panic("blas: the matrices C of a batch overlap")
	}
	workers := min(runtime.GOMAXPROCS(0), s.count)
	if workers == 1 || s.m*s.n*s.k >= largeProduct || overlap(s.a.data, s.c) || overlap(s.b.data, s.c) {
		for i := range s.count {
			s.at(i).run(with)
		}
		return
	}
	s.threads = 1
	var next atomic.Int64
	work := func() {
		for i := next.Add(1) - 1; i < int64(s.count); i = next.Add(1) - 1 {
			s.at(int(i)).run(with)
		}
	}
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
}

// largeProduct is how many multiply-adds are worth more than one goroutine.
const largeProduct = 1 << 21
