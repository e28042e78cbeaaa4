// Package golang emits scheduled kernels as Go: one struct per kernel that holds
// a call's arguments, a method run for the sequential part and one method for
// each parallel loop.
package golang

import (
	"maps"
	"slices"
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

func itoa(n int) string { return strconv.Itoa(n) }

// An array is an array parameter or local in scope.
type array struct {
	name  string
	typ   loopir.Type
	shape []loopir.Expr
	local bool
	fixed bool // a Go array, not a slice
}

// A RegionFunc may take over the statements of list from at on: it returns the
// Go statements that run them and how many they are, 0 for none.
type RegionFunc func(list []loopir.Stmt, at int, p Place) (code []jen.Code, n int)

// A Place is what a RegionFunc may use of the emission around it.
type Place interface {
	Index(e loopir.Expr) jen.Code // an int
	First(array string) jen.Code  // address of an array's first element, nil when it is empty
	Scalar(name string) jen.Code  // the value of a scalar parameter or local
}

// An emitter writes one kernel.
type emitter struct {
	k           *loopir.Kernel
	base        string // name of the argument struct
	arrays      map[string]*array
	locals      []*array
	facts       poly.Facts
	scopes      []poly.Facts
	iters       []string // in scope, outermost first; "" for an if
	used        map[string]bool
	temps       int
	hoisted     []jen.Code
	inParallel  bool
	anyParallel bool // the kernel has a parallel loop
	region      RegionFunc
	checked     bool            // sums and products set the variable over when they overflow
	tight       bool            // innermost loops run over parts of arrays
	rows        int             // parts and cells that got names
	made        map[string]bool // these names, which are Go's already
	before      [][]jen.Code    // of each of iters: what its body begins with
	outermost   int             // of iters, the first of this method
	methods     []jen.Code
	captured    map[string]string // fields beyond the parameters, and their types in Go
	scratches   []jen.Code
	nscratch    int
	errs        loopir.ErrorList
}

// Func emits kernel k, calls inlined and lets removed, as type base with its
// methods. A nil region emits all of it as Go.
func Func(k *loopir.Kernel, base string, facts poly.Facts, region RegionFunc) ([]jen.Code, error) {
	return emit(k, base, facts, region, false)
}

// Tight is Func for a form that is to run fast as Go: loops that are marked so are written out, and
// innermost loops run over parts of arrays, so that the compiler knows their indices to be inside.
func Tight(k *loopir.Kernel, base string, facts poly.Facts) ([]jen.Code, error) {
	k = k.Clone()
	k.Body = writtenOut(k.Body, facts)
	return emit(k, base, facts, nil, true)
}

func emit(k *loopir.Kernel, base string, facts poly.Facts, region RegionFunc, tight bool) ([]jen.Code, error) {
	e := &emitter{
		k: k, base: base, facts: facts, region: region, tight: tight,
		arrays: map[string]*array{}, used: map[string]bool{}, captured: map[string]string{}, made: map[string]bool{},
	}
	for _, p := range k.Params {
		if p.Kind == loopir.ArrayParam {
			e.arrays[p.Name] = &array{name: p.Name, typ: p.Type, shape: p.Shape}
		}
	}
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		l, ok := s.(*loopir.For)
		e.anyParallel = e.anyParallel || ok && l.Par == loopir.Parallel
		return true
	})
	main := e.method("run", nil, nil, e.body(k.Body))
	out := []jen.Code{e.argStruct(), main, e.dispatch()}
	out = append(out, e.methods...)
	return out, e.errs.Err()
}

func (e *emitter) fail(err *loopir.Error) { e.errs = append(e.errs, err) }

func (e *emitter) use(name string) { e.used[name] = true }

func (e *emitter) array(name string) *array {
	for _, l := range e.locals {
		if l.name == name {
			return l
		}
	}
	return e.arrays[name]
}

// nonNegative tells whether the facts prove x >= 0, so that Go's truncating
// division is the floor.
func (e *emitter) nonNegative(x loopir.Expr) bool {
	lo, _ := e.facts.Bounds(x)
	return lo != nil && lo.Sign() >= 0
}

func constant(facts poly.Facts, x loopir.Expr) (int64, bool) {
	if n, ok := poly.Simplify(x, facts).(*loopir.Int); ok && n.Value.IsInt64() {
		return n.Value.Int64(), true
	}
	return 0, false
}

// argStruct declares the struct of one call.
func (e *emitter) argStruct() jen.Code {
	var fields []jen.Code
	for _, p := range e.k.Params {
		fields = append(fields, jen.Id(goName(p.Name)).Add(jen.Id(ParamType(p))))
	}
	fields = append(fields, jen.Id("threads").Int())
	for _, n := range slices.Sorted(maps.Keys(e.captured)) {
		fields = append(fields, jen.Id(n).Id(e.captured[n]))
	}
	out := jen.Comment("A " + e.base + " is one call under way.").Line().
		Type().Id(e.base).Struct(fields...).Line()
	if e.nscratch > 0 {
		out.Line().Type().Id(e.base+"Scratch").Struct(e.scratches...).Line().
			Var().Id(e.base+"Scratches").Op("=").Qual("sync", "Pool").Values(jen.Dict{
			jen.Id("New"): jen.Func().Params().Any().Block(jen.Return(jen.New(jen.Id(e.base + "Scratch")))),
		}).Line()
	}
	return out
}

// method wraps a body in the prelude that loads the fields it uses.
func (e *emitter) method(name string, params []jen.Code, captures []capture, body []jen.Code) jen.Code {
	var all []jen.Code
	load := func(n, field string) {
		all = append(all, jen.Id(goName(n)).Op(":=").Id("c").Dot(field))
	}
	// Extents come after the sizes that they are made of.
	var dims []jen.Code
	for _, p := range e.k.Params {
		if p.Kind != loopir.ArrayParam {
			continue
		}
		for d, x := range p.Shape {
			if n := extentName(p.Name, d); e.used[" "+n] {
				dims = append(dims, jen.Id(n).Op(":=").Add(e.index(x).s))
			}
		}
	}
	for _, p := range e.k.Params {
		if e.used[p.Name] {
			load(p.Name, goName(p.Name))
		}
	}
	for _, x := range captures {
		load(x.name, x.field)
	}
	all = append(all, dims...)
	if e.used[scratchName] {
		all = append(all,
			jen.Id("w").Op(":=").Id(e.base+"Scratches").Dot("Get").Call().Assert(jen.Op("*").Id(e.base+"Scratch")))
		body = append(body, jen.Id(e.base+"Scratches").Dot("Put").Call(jen.Id("w")))
	}
	all = append(all, body...)
	return jen.Func().Params(jen.Id("c").Op("*").Id(e.base)).Id(name).Params(params...).Block(all...).Line()
}

const scratchName = " scratch" // no .loop name has a space

// scratch gives a growing buffer of the worker to local s.
func (e *emitter) scratch(s *loopir.Local) string {
	e.used[scratchName] = true
	name := "buf" + itoa(e.nscratch)
	e.nscratch++
	e.scratches = append(e.scratches, jen.Id(name).Index().Id(s.Type.Go()))
	return name
}

// dispatch is the method that parallelFor calls.
func (e *emitter) dispatch() jen.Code {
	var cases []jen.Code
	for i := range e.methods {
		cases = append(cases, jen.Case(jen.Lit(i)).Block(jen.Id("c").Dot("par"+itoa(i)).Call(jen.Id("lo"), jen.Id("hi"))))
	}
	body := []jen.Code{}
	if len(cases) > 0 {
		body = append(body, jen.Switch(jen.Id("which")).Block(cases...))
	}
	return jen.Func().Params(jen.Id("c").Op("*").Id(e.base)).Id("runRange").
		Params(jen.List(jen.Id("which"), jen.Id("lo"), jen.Id("hi")).Int()).Block(body...).Line()
}

// Index, First and Scalar make an emitter a Place.
func (e *emitter) Index(x loopir.Expr) jen.Code { return e.index(x).s }

func (e *emitter) First(array string) jen.Code {
	e.use(array)
	slice := jen.Id(goName(array))
	if a := e.array(array); a != nil && a.fixed {
		slice = slice.Index(jen.Op(":"))
	}
	return jen.Qual("unsafe", "SliceData").Call(slice)
}

func (e *emitter) Scalar(name string) jen.Code {
	e.use(name)
	return jen.Id(goName(name))
}

// Name is the Go identifier of a .loop name.
func Name(name string) string { return goName(name) }

// ParamType is the Go type of a parameter.
func ParamType(p *loopir.Param) string {
	if p.Kind == loopir.ArrayParam {
		return "[]" + p.Type.Go()
	}
	return p.Type.Go()
}

// Cond is the Go source of a condition over k's sizes. Where it multiplies
// sizes, overflow sets the variable over.
func Cond(k *loopir.Kernel, c loopir.Expr, facts poly.Facts) (string, error) {
	e := &emitter{k: k, facts: facts, used: map[string]bool{}, checked: multiplies(c)}
	s := e.cond(c).s.GoString()
	return s, e.errs.Err()
}

// Index is the Go source of an index expression over k's sizes. Where it
// multiplies sizes, overflow sets the variable over.
func Index(k *loopir.Kernel, x loopir.Expr, facts poly.Facts) (string, error) {
	e := &emitter{k: k, facts: facts, used: map[string]bool{}, checked: multiplies(x)}
	s := e.index(x).s.GoString()
	return s, e.errs.Err()
}

// multiplies tells whether x has a product of two sizes: all else that a .loop
// file can write of sizes up to 2^31 fits in an int.
func multiplies(x loopir.Expr) bool {
	found := false
	loopir.WalkExpr(x, func(e loopir.Expr) bool {
		b, ok := e.(*loopir.Binary)
		if ok && b.Op == loopir.Mul {
			_, constX := b.X.(*loopir.Int)
			_, constY := b.Y.(*loopir.Int)
			_, nested := b.Y.(*loopir.Binary)
			found = found || !constX && !constY || nested
		}
		if n, ok := e.(*loopir.Int); ok && n.Value.BitLen() > 24 {
			found = true
		}
		return !found
	})
	return found
}
