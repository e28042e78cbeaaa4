package simd

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// An ISA is an instruction set that the package can emit.
type ISA uint8

const (
	AVX2   ISA = iota // AVX2 and FMA: 16 registers of 32 bytes
	AVX512            // AVX-512F: 32 registers of 64 bytes, masks
	NEON              // Advanced SIMD of arm64: 32 registers of 16 bytes
)

// String gives the name that symbols and schedules use: "avx2", "avx512", "neon".
func (i ISA) String() string { return [...]string{"avx2", "avx512", "neon"}[i] }

// Arch is the GOARCH of the processors that have it.
func (i ISA) Arch() string {
	if i == NEON {
		return "arm64"
	}
	return "amd64"
}

// width is how many bytes a vector register has.
func (i ISA) width() int64 { return [...]int64{32, 64, 16}[i] }

// A Region is a run of statements of a scheduled kernel that is worth assembly:
// the caller emits one call for them instead of Go.
type Region struct {
	Kernel *loopir.Kernel // calls and lets inlined
	Funcs  []*loopir.Func // that it may call
	Path   []*loopir.For  // the loops around the region, outermost first
	List   *[]loopir.Stmt // a statement list of Kernel; the region is (*List)[Lo:Hi]
	Lo, Hi int

	cells map[string]loopir.Type // scalars around that are to be arrays of one cell, for a trial
	why   error                  // why it has no form though they were
}

// Stmts returns the region's statements, which belong to the kernel.
func (r *Region) Stmts() []loopir.Stmt { return (*r.List)[r.Lo:r.Hi] }

// Span is the source of the region.
func (r *Region) Span() loopir.Span { return r.span() }

// span is the source of the region's first statement that has one.
func (r *Region) span() loopir.Span {
	var at loopir.Span
	loopir.Walk(r.Stmts(), func(s loopir.Stmt) bool {
		if at == (loopir.Span{}) {
			at = s.Source()
		}
		return at == loopir.Span{}
	})
	return at
}

// An ArgKind says what an argument of the assembly function is.
type ArgKind uint8

const (
	Pointer ArgKind = iota // the first element of Array: *float32, *int8, ...
	Number                 // int64: the value of Value, an Index expression
	Scalar                 // float32, int8, ...: the scalar parameter or value local called Array, or the index Value converted
)

// An Arg is one field of the argument struct. The assembly function takes a
// pointer to a struct whose fields are the Args in their order:
//
//	//go:noescape
//	func conv0AVX512(a *conv0Args)
//
// Fields are ordered so that the struct has no padding between them: pointers,
// then int64, then scalars of 8, 4, 2 bytes and of one.
type Arg struct {
	Name  string      // the Go field, unique among the Args
	Kind  ArgKind     //
	Type  loopir.Type // element type of a Pointer, type of a Scalar, Index for a Number
	Array string      // Pointer: array parameter or local; Scalar: the scalar's name
	Value loopir.Expr // Number, and Scalar without Array: over sizes and the iterators of Path only
	Doc   string      // what it is, for a comment
}

// FindRegions returns the regions of k, whose calls and lets are inlined, for an ISA, in
// textual order; they do not overlap. A region is
//   - the body of the outermost loop that directly contains a local in
//     registers, or that loop as a whole if it has an assembly form and its iterations
//     follow each other: one call for a row of tiles, or
//   - where that has none, since some of it needs Go: the statements from such a
//     local to its last use, see split, or
//   - an outermost loop nest around a vectorized loop without such a local
//     that has an assembly form, or the vectorized loop;
//
// in all cases without a parallel loop inside. Not more than a row, since the
// goroutine can't be stopped inside. That a region is found does not promise
// that Lower or Emit takes it. Scalars that pass from a region to Go, or to its next run,
// become arrays of one cell: k changes.
func FindRegions(k *loopir.Kernel, funcs []*loopir.Func, isa ISA) []*Region {
	f := finder{kernel: k, funcs: funcs, isa: isa}
	f.list(&k.Body)
	return f.found
}

type finder struct {
	kernel *loopir.Kernel
	funcs  []*loopir.Func
	isa    ISA
	path   []*loopir.For
	found  []*Region
	runs   []run
}

func (f *finder) list(list *[]loopir.Stmt) {
	if hasRegisters(*list) && !has(*list, isParallel) {
		f.add(list, 0, len(*list))
		if f.lowers() || !f.split(list) {
			return
		}
		f.found = f.found[:len(f.found)-1]
	}
	for i := 0; i < len(*list); i++ {
		s := (*list)[i]
		if n := f.run(list, i); n > 0 {
			f.add(list, i, i+n)
			f.lowers()
			i = f.found[len(f.found)-1].Hi - 1
			continue
		}
		if l, ok := s.(*loopir.For); ok {
			one := []loopir.Stmt{l}
			nest := has(one, isVector) && !has(one, isRegisters)
			if (nest || hasRegisters(l.Body)) && !has(one, isParallel) {
				f.add(list, i, i+1)
				if f.lowers() || nest && isVector(l) {
					i = f.found[len(f.found)-1].Lo
					continue
				}
				f.found = f.found[:len(f.found)-1]
			}
			f.path = append(f.path, l)
			f.list(&l.Body)
			f.path = f.path[:len(f.path)-1]
		} else {
			for _, b := range loopir.Bodies(s) {
				f.list(b)
			}
		}
		i = slices.Index(*list, s) // a cell of a scalar before it may have moved it
	}
}

func (f *finder) add(list *[]loopir.Stmt, lo, hi int) {
	path := append([]*loopir.For(nil), f.path...)
	f.found = append(f.found, &Region{Kernel: f.kernel, Funcs: f.funcs, Path: path, List: list, Lo: lo, Hi: hi})
}

// hasRegisters tells whether list itself declares a local in registers.
func hasRegisters(list []loopir.Stmt) bool {
	for _, s := range list {
		if isRegisters(s) {
			return true
		}
	}
	return false
}

// has tells whether p holds for a statement of list or one inside it.
func has(list []loopir.Stmt, p func(loopir.Stmt) bool) bool {
	found := false
	loopir.Walk(list, func(s loopir.Stmt) bool {
		found = found || p(s)
		return !found
	})
	return found
}

func isParallel(s loopir.Stmt) bool {
	l, ok := s.(*loopir.For)
	return ok && l.Par == loopir.Parallel
}

func isVector(s loopir.Stmt) bool {
	l, ok := s.(*loopir.For)
	return ok && l.Par == loopir.Vectorize
}

func isRegisters(s loopir.Stmt) bool {
	l, ok := s.(*loopir.Local)
	return ok && l.Mem == loopir.Registers
}
