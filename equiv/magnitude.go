package equiv

import (
	"math/big"

	"github.com/loopopt/loopopt/loopir"
)

// A magnifier writes the kernel that computes magnitudes: the same loops on
// absolute values, differences made sums, all floating-point types f64 (it is
// meant to be read over the reals). Only in parameters keep their values.
type magnifier struct {
	d     *depths
	stmts []*Stmt // those of d's program that stand in the text, in its order
	// keptApart names the arrays whose values are not in the array itself.
	keptApart map[string]bool
	values    bool // some magnitudes depend on values, which are kept in arrays of their own
}

// magnitudeKernel writes the kernel of magnitudes for k, of which d has counted
// the roundings. What has no bound is left out.
func magnitudeKernel(f *loopir.File, k *loopir.Kernel, d *depths) (*loopir.Kernel, error) {
	k = k.Clone()
	k.InlineLets()
	k, err := f.InlineAll(k)
	if err != nil {
		return nil, err
	}
	m := &magnifier{d: d, values: len(d.needs) > 0}
	for _, s := range d.p.Stmts {
		if s.ID >= 0 || s.LHS.Type.IsFloat() { // and initialized locals
			m.stmts = append(m.stmts, s)
		}
	}
	m.keptApart = map[string]bool{}
	for _, p := range k.Params {
		m.keptApart[p.Name] = p.Kind == loopir.ArrayParam && p.Dir != loopir.In
	}
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		if l, ok := s.(*loopir.Local); ok {
			m.keptApart[l.Name] = true
		}
		return true
	})
	body := m.body(k.Body)
	k.Name += "_magnitude"
	k.Params, body = m.params(k.Params, body)
	k.Body = body
	return k, nil
}

// params drops outputs of which nothing is bounded, and makes the initial
// content of inout arrays magnitudes.
func (m *magnifier) params(params []*loopir.Param, body []loopir.Stmt) (kept []*loopir.Param, _ []loopir.Stmt) {
	var first []loopir.Stmt
	for _, p := range params {
		written, bad := 0, 0
		for _, s := range m.d.p.Stmts {
			if s.LHS.Name == p.Name {
				written++
				if m.d.bad[s] != nil {
					bad++
				}
			}
		}
		if written > 0 && bad == written {
			continue
		}
		if p.Type.IsFloat() {
			p.Type = loopir.F64
		}
		if p.Kind == loopir.ArrayParam && p.Dir != loopir.In && p.Type.IsFloat() {
			if m.values {
				shape := make([]loopir.Expr, len(p.Shape))
				for i, e := range p.Shape {
					shape[i] = loopir.CloneExpr(e)
				}
				first = append(first, &loopir.Local{Name: valueName(p.Name), Type: loopir.F64, Shape: shape})
			}
			if p.Dir == loopir.InOut {
				first = append(first, m.absolute(p))
			}
		}
		if bad > 0 {
			p.Dir = loopir.InOut
		}
		kept = append(kept, p)
	}
	return kept, append(first, body...)
}

// valueName is the array that keeps the values of an array of magnitudes.
func valueName(array string) string { return array + ".v" }

// absolute replaces each cell of p by its absolute value.
func (m *magnifier) absolute(p *loopir.Param) loopir.Stmt {
	cell := &loopir.Read{Name: p.Name, Type: loopir.F64}
	for i := range p.Shape {
		cell.Index = append(cell.Index, loopir.NewVar(p.Name+"."+string(rune('a'+i%26))))
	}
	body := []loopir.Stmt{&loopir.Assign{LHS: cell, RHS: absOf(loopir.CloneExpr(cell))}}
	if m.values {
		v := loopir.CloneExpr(cell).(*loopir.Read)
		v.Name = valueName(p.Name)
		body = append([]loopir.Stmt{&loopir.Assign{LHS: v, RHS: loopir.CloneExpr(cell)}}, body...)
	}
	for i := len(p.Shape) - 1; i >= 0; i-- {
		it := cell.Index[i].(*loopir.Var).Name
		body = []loopir.Stmt{&loopir.For{Iter: it, Lo: loopir.NewInt(0), Hi: loopir.CloneExpr(p.Shape[i]), Body: body}}
	}
	return body[0]
}

func (m *magnifier) body(body []loopir.Stmt) []loopir.Stmt {
	var out []loopir.Stmt
	for _, s := range body {
		switch s := s.(type) {
		case *loopir.For:
			s.Par, s.Reduce, s.Unroll = loopir.Sequential, nil, false
			if s.Body = m.body(s.Body); len(s.Body) > 0 {
				out = append(out, s)
			}
		case *loopir.If:
			s.Cond = double(s.Cond)
			if s.Then, s.Else = m.body(s.Then), m.body(s.Else); len(s.Then)+len(s.Else) > 0 {
				out = append(out, s)
			}
		case *loopir.Local:
			out = append(out, m.local(s)...)
		case *loopir.Assign:
			v := m.valueOf(s)
			if m.assign(s) {
				out = append(append(out, s), v...)
			}
		}
	}
	return out
}

func (m *magnifier) next() *Stmt {
	s := m.stmts[0]
	m.stmts = m.stmts[1:]
	return s
}

// valueOf lists the assignment that keeps the value whose magnitude s will hold.
func (m *magnifier) valueOf(s *loopir.Assign) []loopir.Stmt {
	if !m.values || !s.LHS.Type.IsFloat() {
		return nil
	}
	v := loopir.CloneStmt(s).(*loopir.Assign)
	v.Label, v.From, v.ID = "", nil, 0
	v.LHS, v.RHS = m.value(v.LHS).(*loopir.Read), m.value(v.RHS)
	return []loopir.Stmt{v}
}

// value is e on values rather than magnitudes.
func (m *magnifier) value(e loopir.Expr) loopir.Expr {
	return loopir.MapExpr(double(e), func(e loopir.Expr) loopir.Expr {
		if r, ok := e.(*loopir.Read); ok && r.Type.IsFloat() && m.keptApart[r.Name] {
			r.Name = valueName(r.Name)
		}
		return e
	})
}

func (m *magnifier) local(s *loopir.Local) []loopir.Stmt {
	s.Mem = loopir.Auto
	if !s.Type.IsFloat() {
		return []loopir.Stmt{s}
	}
	s.Type = loopir.F64
	v := loopir.CloneStmt(s).(*loopir.Local)
	v.Name = valueName(v.Name)
	if s.Init != nil {
		if t := m.next(); m.d.bad[t] == nil {
			v.Init = m.value(v.Init)
			s.Init = m.mag(s.Init, t.RHS)
		} else {
			s.Init, v.Init = nil, nil
		}
	}
	if m.values {
		return []loopir.Stmt{s, v}
	}
	return []loopir.Stmt{s}
}

// assign rewrites s, or reports false when it has no bound.
func (m *magnifier) assign(s *loopir.Assign) bool {
	t := m.next()
	s.From, s.ID = nil, 0
	if m.d.bad[t] != nil {
		return false
	}
	if !s.LHS.Type.IsFloat() {
		s.RHS = double(s.RHS)
		return true
	}
	s.LHS.Type = loopir.F64
	value := plainValue(m.d.effects[t], t)
	if s.Op == loopir.DivTo {
		q := value.(*loopir.Binary)
		s.Op, s.RHS = loopir.Set, m.binary(&loopir.Binary{Op: loopir.Div, X: loopir.CloneExpr(s.LHS), Y: s.RHS, Type: q.Type}, q)
		return true
	}
	s.RHS = m.mag(s.RHS, t.RHS)
	switch s.Op {
	case loopir.SubTo:
		s.Op = loopir.AddTo
	case loopir.MinTo:
		s.Op = loopir.MaxTo
	case loopir.MulTo:
		if m.d.tripled[value] {
			s.RHS = loopir.Bin(loopir.Mul, three(), s.RHS)
		}
	}
	return true
}

// plainValue is what s writes, conditions of all of it aside.
func plainValue(e *effect, s *Stmt) loopir.Expr {
	v := e.value
	if e.skips {
		return v
	}
	for i := len(s.Conds) - 1; i >= 0; i-- {
		arm := 1
		if s.Conds[i].Negate {
			arm = 2
		}
		v = v.(*loopir.Intrinsic).Args[arm]
	}
	return v
}

// mag is the magnitude of e, a copy of twin, which is an expression of d's
// program.
func (m *magnifier) mag(e, twin loopir.Expr) loopir.Expr {
	switch e := e.(type) {
	case *loopir.Int:
		return &loopir.Int{Value: new(big.Int).Abs(e.Value), Type: loopir.F64}
	case *loopir.Float:
		if _, ok := rational(e); !ok { // inf, from which a minimum starts
			return &loopir.Int{Value: new(big.Int), Type: loopir.F64}
		}
		e.Type = loopir.F64
		return e
	case *loopir.Read:
		if m.d.settled(twin) == nil {
			return absOf(double(e))
		}
		return double(e)
	case *loopir.Unary:
		return m.mag(e.X, twin.(*loopir.Unary).X)
	case *loopir.Cast:
		if e.X.TypeOf().IsFloat() {
			return m.mag(e.X, twin.(*loopir.Cast).X)
		}
		return absOf(double(e))
	case *loopir.Binary:
		return m.binary(e, twin.(*loopir.Binary))
	case *loopir.Intrinsic:
		return m.intrinsic(e, twin.(*loopir.Intrinsic))
	}
	return e
}

func (m *magnifier) binary(e, twin *loopir.Binary) loopir.Expr {
	if e.Op == loopir.Div && !isLiteral(e.Y) && m.d.settled(twin.Y) != nil {
		// 2*M(x)/|y| + 2*|x|*M(y)/y^2
		x, y := m.value(e.X), m.value(e.Y)
		own := real(loopir.Div, m.mag(e.X, twin.X), absOf(y))
		of := real(loopir.Div, real(loopir.Mul, absOf(x), m.mag(e.Y, twin.Y)), real(loopir.Mul, loopir.CloneExpr(y), loopir.CloneExpr(y)))
		return real(loopir.Mul, two(), real(loopir.Add, own, of))
	}
	if e.Op == loopir.Div && !isLiteral(e.Y) && !negated(e.Y) {
		return &loopir.Binary{Op: loopir.Div, X: m.mag(e.X, twin.X), Y: absOf(double(e.Y)), Type: loopir.F64}
	}
	out := &loopir.Binary{Op: e.Op, X: m.mag(e.X, twin.X), Y: m.mag(e.Y, twin.Y), Type: loopir.F64}
	if out.Op == loopir.Sub {
		out.Op = loopir.Add
	}
	if m.d.tripled[twin] {
		return loopir.Bin(loopir.Mul, three(), out)
	}
	return out
}

func negated(e loopir.Expr) bool {
	u, ok := e.(*loopir.Unary)
	return ok && isLiteral(u.X)
}

func (m *magnifier) intrinsic(e, twin *loopir.Intrinsic) loopir.Expr {
	arg := func(i int) loopir.Expr { return m.mag(e.Args[i], twin.Args[i]) }
	call := func(name string, from int) loopir.Expr {
		out := &loopir.Intrinsic{Name: name, Type: loopir.F64, Args: append([]loopir.Expr(nil), e.Args[:from]...)}
		for i := from; i < len(e.Args); i++ {
			out.Args = append(out.Args, arg(i))
		}
		return out
	}
	if f := e.Name; (f == "exp" || f == "log" || f == "sqrt") && m.d.settled(twin.Args[0]) != nil {
		return m.valued(e, twin)
	}
	switch e.Name {
	case "abs", "tanh":
		return arg(0)
	case "sigmoid": // |f(x) - f(y)| <= |x - y|/4, and 0 <= f(x) <= 1
		return loopir.Bin(loopir.Add, loopir.Bin(loopir.Mul, quarter(), arg(0)), one())
	case "min", "max":
		return call("max", 0)
	case "fma":
		p := loopir.Bin(loopir.Mul, arg(0), arg(1))
		if m.d.tripled[twin] {
			p = loopir.Bin(loopir.Mul, three(), p)
		}
		return loopir.Bin(loopir.Add, p, arg(2))
	case "select":
		e.Args[0] = double(e.Args[0])
		return call("select", 1)
	}
	return absOf(double(e))
}

// valued is the magnitude of a function of a rounded value x: exp(x)*max(1,
// 2*M(x)), max(|log(x)|, 2*M(x)/x), M(x)/sqrt(x).
func (m *magnifier) valued(e, twin *loopir.Intrinsic) loopir.Expr {
	f := m.value(e).(*loopir.Intrinsic)
	x := loopir.CloneExpr(f.Args[0])
	mag := m.mag(e.Args[0], twin.Args[0])
	switch e.Name {
	case "exp":
		return real(loopir.Mul, f, &loopir.Intrinsic{Name: "max", Args: []loopir.Expr{one(), real(loopir.Mul, two(), mag)}, Type: loopir.F64})
	case "log":
		return &loopir.Intrinsic{Name: "max", Args: []loopir.Expr{absOf(f), real(loopir.Div, real(loopir.Mul, two(), mag), x)}, Type: loopir.F64}
	}
	none := loopir.Bin(loopir.Eq, mag, &loopir.Int{Value: new(big.Int), Type: loopir.F64}) // then x is exactly 0
	return &loopir.Intrinsic{Name: "select", Args: []loopir.Expr{none, &loopir.Int{Value: new(big.Int), Type: loopir.F64}, real(loopir.Div, loopir.CloneExpr(mag), f)}, Type: loopir.F64}
}

func real(op loopir.Op, x, y loopir.Expr) loopir.Expr {
	return &loopir.Binary{Op: op, X: x, Y: y, Type: loopir.F64}
}

func absOf(e loopir.Expr) loopir.Expr {
	return &loopir.Intrinsic{Name: "abs", Args: []loopir.Expr{e}, Type: loopir.F64}
}

func one() loopir.Expr     { return &loopir.Int{Value: big.NewInt(1), Type: loopir.F64} }
func two() loopir.Expr     { return &loopir.Int{Value: big.NewInt(2), Type: loopir.F64} }
func three() loopir.Expr   { return &loopir.Int{Value: big.NewInt(3), Type: loopir.F64} }
func quarter() loopir.Expr { return &loopir.Float{Text: "0.25", Type: loopir.F64} }

// double makes the floating-point types in e f64, which changes no value that
// settled allows.
func double(e loopir.Expr) loopir.Expr {
	wide := func(t *loopir.Type) {
		if t.IsFloat() {
			*t = loopir.F64
		}
	}
	return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
		switch e := e.(type) {
		case *loopir.Int:
			wide(&e.Type)
		case *loopir.Float:
			wide(&e.Type)
		case *loopir.Read:
			wide(&e.Type)
		case *loopir.Binary:
			wide(&e.Type)
		case *loopir.Unary:
			wide(&e.Type)
		case *loopir.Intrinsic:
			wide(&e.Type)
		case *loopir.Cast:
			wide(&e.To)
		}
		return e
	})
}
