package looprand

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// Rich makes a file with one kernel of the given name that has what code generators find
// hard: arrays of several types with conversions between them, conditions on data,
// divisions of integers, operations on bits, square roots and, now and then, a call with windows
// and one of a function.
func Rich(seed uint64, name string) *loopir.File {
	g := &gen{r: rand.New(rand.NewPCG(seed, 5)), arrays: map[string][]loopir.Expr{}, types: map[string]loopir.Type{}}
	k := g.kernel()
	k.Name = name
	text := loopir.FormatKernel(k)
	if g.r.IntN(4) == 0 {
		text = g.withCall(k)
	}
	f, err := loopir.Parse(name+".loop", []byte(text))
	if err != nil {
		panic(fmt.Sprintf("looprand: seed %d: %v\n%s", seed, err, text))
	}
	return f
}

// Types that generated code has.
var richTypes = []loopir.Type{
	loopir.F32, loopir.F32, loopir.F32, loopir.F64, loopir.F64, loopir.I32, loopir.I32, loopir.I64, loopir.I16, loopir.I8, loopir.U8,
}

// first picks the type of most of what a kernel computes.
func (g *gen) first() loopir.Type {
	if g.types != nil {
		return richTypes[g.r.IntN(len(richTypes))]
	}
	return []loopir.Type{loopir.F32, loopir.F32, loopir.F32, loopir.I32, loopir.F64}[g.r.IntN(5)]
}

// another gives an array its type: at times not the usual one.
func (g *gen) another(array string) loopir.Type {
	if g.types == nil || g.r.IntN(4) > 0 {
		return g.typ
	}
	t := richTypes[g.r.IntN(len(richTypes))]
	g.types[array] = t
	return t
}

func (g *gen) typeOf(name string) loopir.Type {
	if t, ok := g.types[name]; ok {
		return t
	}
	return g.typ
}

// as computes in type t until what it returns is called. What has the usual type is of
// another one then, and said to be.
func (g *gen) as(t loopir.Type) func() {
	was := g.typ
	if t == was {
		return func() {}
	}
	var usual []string
	for _, n := range g.names {
		if _, ok := g.types[n]; !ok {
			usual = append(usual, n)
			g.types[n] = was
		}
	}
	g.typ = t
	return func() {
		g.typ = was
		for _, n := range usual {
			delete(g.types, n)
		}
	}
}

// test is a condition, in rich kernels also on data.
func (g *gen) test(facts poly.Facts) loopir.Expr {
	if g.types == nil || g.r.IntN(3) > 0 {
		return g.cond()
	}
	ops := []loopir.Op{loopir.Eq, loopir.Ne, loopir.Lt, loopir.Le, loopir.Gt, loopir.Ge}
	x := g.cell(g.names, facts)
	if x == nil {
		return g.cond()
	}
	defer g.as(x.Type)()
	return loopir.Bin(ops[g.r.IntN(len(ops))], x, g.leaf(facts))
}

// special is a value of the kinds that only rich kernels have.
func (g *gen) special(facts poly.Facts, depth int) loopir.Expr {
	x := g.value(facts, depth-1)
	call := func(name string, args ...loopir.Expr) loopir.Expr {
		return &loopir.Intrinsic{Name: name, Args: args, Type: g.typ}
	}
	if g.typ.IsInteger() {
		if g.r.IntN(2) == 0 {
			return g.bits(x, facts)
		}
		if q := g.quotient(x, facts); q != nil && g.r.IntN(3) == 0 {
			return q
		}
		n := loopir.NewInt(int64(2 + g.r.IntN(6)))
		n.Type = g.typ
		return &loopir.Binary{Op: []loopir.Op{loopir.Div, loopir.Mod}[g.r.IntN(2)], X: x, Y: n, Type: g.typ}
	}
	switch g.r.IntN(8) {
	case 6:
		return call([]string{"round", "floor", "ceil", "trunc"}[g.r.IntN(4)], x)
	case 7:
		if t := g.typ.Twin(); t != loopir.Invalid { // of small numbers, changed in their low bits
			three := &loopir.Int{Value: big.NewInt(3), Type: t}
			bits := &loopir.Intrinsic{Name: "bitcast", Args: []loopir.Expr{&loopir.Cast{To: g.typ, X: x}}, Type: t}
			return call("bitcast", &loopir.Intrinsic{Name: "xor", Args: []loopir.Expr{bits, three}, Type: t})
		}
	case 0:
		return call("sqrt", call("abs", x))
	case 1:
		return call("fma", x, g.leaf(facts), g.leaf(facts))
	case 2:
		return call([]string{"exp", "tanh", "sigmoid"}[g.r.IntN(3)], x)
	}
	y := g.leaf(facts)
	if _, whole := y.(*loopir.Int); whole {
		return x // of two whole numbers the quotient is not clear
	}
	return &loopir.Binary{Op: loopir.Div, X: x, Y: y, Type: g.typ}
}

// bits combines x with another value bit by bit, or shifts it.
func (g *gen) bits(x loopir.Expr, facts poly.Facts) loopir.Expr {
	name := []string{"and", "or", "xor", "not", "shl", "shr"}[g.r.IntN(6)]
	args := []loopir.Expr{x}
	if f := loopir.Builtin(name); f.Constant {
		args = append(args, &loopir.Int{Value: big.NewInt(int64(g.r.IntN(g.typ.Bits()))), Type: g.typ})
	} else if f.Args == 2 {
		args = append(args, g.leaf(facts))
	}
	return &loopir.Intrinsic{Name: name, Args: args, Type: g.typ}
}

// withCall gives the text of k and of a kernel that updates a row, which k calls at its
// end for each row of C.
func (g *gen) withCall(k *loopir.Kernel) string {
	shape := g.arrays["C"]
	call := fmt.Sprintf("  %s_row(%s, C)\n", k.Name, loopir.FormatExpr(shape[0]))
	if len(shape) > 1 {
		call = fmt.Sprintf("  for z in 0..%s { %s_row(%s, C[z]) }\n", loopir.FormatExpr(shape[0]), k.Name, loopir.FormatExpr(shape[1]))
	}
	body, _ := strings.CutSuffix(loopir.FormatKernel(k), "}\n")
	typ := k.Param("C").Type
	fn := fmt.Sprintf("func %s_f(x: %v): %v {\n  let s = x * x\n  return select(x < s, s - x, x * 3)\n}\n\n", k.Name, typ, typ)
	row := fmt.Sprintf("kernel %s_row(L: size, inout y: %v[L]) {\n  for q in 0..L { R: y[q] += %s_f(y[q]) }\n}\n\n", k.Name, typ, k.Name)
	return fn + row + body + call + "}\n"
}
