package simd

import (
	"fmt"
	"math"
	"sort"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// An argTable collects the arguments, each value once.
type argTable struct {
	args  []Arg
	byKey map[string]string
	names map[string]bool
}

func (t *argTable) add(key string, a Arg) string {
	if name, ok := t.byKey[key]; ok {
		return name
	}
	if t.byKey == nil {
		t.byKey, t.names = map[string]string{}, map[string]bool{}
	}
	base := fieldName(a.Name)
	a.Name = base
	for i := 1; t.names[a.Name]; i++ {
		a.Name = fmt.Sprintf("%s%d", base, i)
	}
	t.names[a.Name], t.byKey[key] = true, a.Name
	t.args = append(t.args, a)
	return a.Name
}

func fieldName(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 128 && (r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			return r
		}
		return '_'
	}, s)
}

func (t *argTable) pointer(a *array) string {
	return t.add("p "+a.name, Arg{Name: "p" + a.name, Kind: Pointer, Type: a.typ, Array: a.name, Doc: "first element of " + a.name})
}

func (t *argTable) scalar(name string, typ loopir.Type) string {
	return t.add("s "+name, Arg{Name: "s" + name, Kind: Scalar, Type: typ, Array: name, Doc: "scalar " + name})
}

// converted gives the argument that holds the index p as a number of type typ.
func (t *argTable) converted(p poly.Poly, typ loopir.Type) string {
	return t.add("v "+typ.String()+" "+p.Key(), Arg{Name: "v", Kind: Scalar, Type: typ, Value: p.Expr(), Doc: "index as a value"})
}

// number gives the amount p: an immediate, or an argument that the caller
// computes by e, or by p's own expression if e is nil.
func (t *argTable) number(name string, p poly.Poly, e loopir.Expr, doc string) (amount, error) {
	if v, ok := p.Const(); ok {
		if !v.IsInt64() || v.Int64() > math.MaxInt32 || v.Int64() < math.MinInt32 {
			return amount{}, unsupported(loopir.Span{}, "the constant %s is too large for an instruction", v)
		}
		return amount{imm: v.Int64()}, nil
	}
	if e == nil {
		e = p.Expr()
	}
	return amount{arg: t.add("n "+p.Key(), Arg{Name: name, Kind: Number, Type: loopir.Index, Value: e, Doc: doc})}, nil
}

// sorted gives the arguments in the order of the struct: no padding.
func (t *argTable) sorted() []Arg {
	rank := func(a Arg) int {
		switch {
		case a.Kind == Pointer:
			return 0
		case a.Kind == Number:
			return 1
		}
		return 10 - int(size(a.Type))
	}
	sort.SliceStable(t.args, func(i, j int) bool { return rank(t.args[i]) < rank(t.args[j]) })
	return t.args
}
