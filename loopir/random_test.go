package loopir

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A maker draws syntax trees that no text was read for: every operator under
// every other, literals with signs, names with dots.
type maker struct{ *rapid.T }

func (m maker) pick(n int) int { return rapid.IntRange(0, n-1).Draw(m.T, "pick") }

func (m maker) name() string {
	return []string{"i", "N", "A", "step", "prefetch", "brgemm.k", "f.g.x", "block", "L1", "parallel", "reduction", "as", "to", "packs", "size", "unroll"}[m.pick(16)]
}

func (m maker) exprs(n, depth int) []Expr {
	var out []Expr
	for range n {
		out = append(out, m.expr(depth))
	}
	return out
}

func (m maker) expr(depth int) Expr {
	kinds := 9
	if depth <= 0 {
		kinds = 3
	}
	switch m.pick(kinds) {
	case 0:
		v, _ := new(big.Int).SetString([]string{"0", "1", "-1", "16", "-99999999999999999999"}[m.pick(5)], 10)
		return &Int{Value: v}
	case 1:
		return &Read{Name: m.name()}
	case 2:
		return &Float{Text: []string{"1.5", "0.25e-3", "1e9", "inf", "nan"}[m.pick(5)]}
	case 3:
		return &Read{Name: m.name(), Index: m.exprs(1+m.pick(2), depth-1)}
	case 4:
		x := m.expr(depth - 1)
		return &Unary{Op: []Op{Not, Neg}[m.pick(2)], X: x}
	case 5:
		return &Intrinsic{Name: []string{"min", "select", "match"}[m.pick(3)], Args: m.exprs(2+m.pick(2), depth-1)}
	case 6:
		return &Cast{To: F64 + Type(m.pick(9)), X: m.expr(depth - 1)}
	}
	return &Binary{Op: Op(m.pick(int(Not))), X: m.expr(depth - 1), Y: m.expr(depth - 1)}
}

func (m maker) cell() *Read { return &Read{Name: m.name(), Index: m.exprs(m.pick(3), 1)} }

func (m maker) label() string { return []string{"", "", "S1"}[m.pick(3)] }

func (m maker) body(depth int) []Stmt {
	var out []Stmt
	for range m.pick(3) {
		out = append(out, m.stmt(depth))
	}
	return out
}

func (m maker) stmt(depth int) Stmt {
	kinds := 8
	if depth <= 0 {
		kinds = 5
	}
	switch m.pick(kinds) {
	case 0:
		return &Let{Name: m.name(), Value: m.expr(2)}
	case 1:
		if m.pick(2) == 0 {
			return &Local{Name: m.name(), Type: BF16, Shape: m.exprs(1+m.pick(2), 2), Mem: Mem(m.pick(4))}
		}
		return &Local{Name: m.name(), Type: I8, Init: m.expr(2), Mem: Mem(m.pick(4))}
	case 2:
		return &Assign{Label: m.label(), LHS: m.cell(), Op: AssignOp(m.pick(7)), RHS: m.expr(3)}
	case 3:
		w := &Window{Name: m.name(), Dims: []WindowDim{{Lo: m.expr(1)}, {Lo: m.expr(1), Hi: m.expr(1)}}}
		return &Call{Label: m.label(), Kernel: "brgemm", Args: append(m.exprs(m.pick(3), 1), w)}
	case 4:
		return &Prefetch{Cell: m.cell(), Level: 1 + m.pick(2)}
	case 5:
		s := &If{Cond: m.expr(2), Then: m.body(depth - 1)}
		if m.pick(2) == 0 {
			s.Else = append(m.body(depth-1), m.stmt(depth-1))
		}
		return s
	}
	s := &For{Label: m.label(), Iter: m.name(), Lo: m.expr(1), Hi: m.expr(2), Par: Par(m.pick(3)), Unroll: m.pick(2) == 0}
	if m.pick(2) == 0 {
		s.Step = m.expr(1)
	}
	for range m.pick(4) {
		s.Reduce = append(s.Reduce, Reduction{Op: []AssignOp{AddTo, MulTo, MinTo, MaxTo}[m.pick(4)], Name: m.name()})
	}
	s.Body = m.body(depth - 1)
	return s
}

func (m maker) kernel() *Kernel {
	k := &Kernel{Name: "k", Where: m.exprs(m.pick(4), 2), Body: m.body(3)}
	for i := range m.pick(8) {
		p := &Param{Name: fmt.Sprintf("p%d", i), Type: Index}
		switch m.pick(4) {
		case 0, 1:
		case 2:
			p.Kind, p.Type = ScalarParam, F64+Type(m.pick(3))
		case 3:
			p.Kind, p.Type, p.Dir = ArrayParam, F32, Dir(m.pick(3))
			p.Shape = m.exprs(1+m.pick(3), 2)
			if m.pick(2) == 0 {
				p.Layout = &Layout{Iters: []string{"n", "c"}, Shape: m.exprs(2, 1), Index: m.exprs(len(p.Shape), 1)}
			}
		}
		k.Params = append(k.Params, p)
	}
	return k
}

// parse(format(k)) = k for any tree, whether it makes sense or not.
func TestRoundTripRandom(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k := maker{rt}.kernel()
		text := FormatKernel(k)
		f, err := ParseSyntax("random", []byte(text))
		if err != nil {
			rt.Fatalf("%v\n%s", err, text)
		}
		if d := cmp.Diff(k, f.Kernels[0], equalSpans...); d != "" {
			rt.Fatalf("(-made +parsed) %s\n%s", d, text)
		}
		if again := string(Format(f)); again != string(Format(mustSyntax(rt, again))) {
			rt.Fatalf("not idempotent:\n%s", again)
		}
	})
}

func mustSyntax(rt *rapid.T, text string) *File {
	f, err := ParseSyntax("random", []byte(text))
	if err != nil {
		rt.Fatalf("%v\n%s", err, text)
	}
	return f
}
