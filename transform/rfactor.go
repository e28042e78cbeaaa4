package transform

import (
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

var rfactor = &Primitive{
	Name:   "rfactor",
	Syntax: "rfactor S over i into t [at L] [in registers|stack|heap]",
	Doc: `Splits a reduction into one partial result for each iteration of loop i; the partial
results are combined after loop L.

	for ib in 0..N/8 { for i in 0..8 { S: s[0] += A[8*ib+i] } }
=>	var t: f32[8]                              // rfactor S over i into t
	for i in 0..8 { t[i] = 0 }
	for ib in 0..N/8 { for i in 0..8 { S: t[i] += A[8*ib+i] } }
	for x in 0..8 { s[0] += t[x] }

S is a label, or the name of the scalar or array that statements in i update.
S updates a cell that does not depend on i by += -= *= min= or max=, or as x = x + e,
x = fma(a, b, x), x = max(x, e). L is around S and is, when not given, the outermost of
the loops directly around i on which the cell does not depend and in which nothing else
uses it; nothing else in L may. The sums are regrouped: reassociated for floating point,
and algebraic where a sum starts from anything but the 0.0 that partial sums start from,
as -0.0 + 0.0 is 0.0.`,
	Apply: applyRfactor,
}

// A factoring is what a rfactor step asks for.
type factoring struct {
	label, over, into, at loopir.Token
	mem                   loopir.Mem
}

func applyRfactor(c *Context, args *loopir.Cursor) error {
	var f factoring
	var err error
	if f.label, err = args.Name(); err != nil {
		return err
	}
	if err := args.Expect("over"); err != nil {
		return err
	}
	if f.over, err = args.Name(); err != nil {
		return err
	}
	if err := args.Expect("into"); err != nil {
		return err
	}
	if f.into, err = args.Name(); err != nil {
		return err
	}
	if args.Accept("at") {
		if f.at, err = args.Name(); err != nil {
			return err
		}
	}
	if args.Accept("in") {
		if f.mem, err = c.parseMem(args); err != nil {
			return err
		}
	}
	if err := args.Done(); err != nil {
		return err
	}
	if err := c.CheckNewAnywhere(f.into); err != nil {
		return err
	}
	stmts, err := c.assignments(f.label)
	if err != nil {
		if stmts = c.updatesIn(f.label.Text, f.over.Text); len(stmts) == 0 {
			if s := c.setting(f.label.Text); s != nil {
				return c.Reject(f.label.Span, "nothing in loop %s sets %s%s", f.over.Text, f.label.Text, legal("the loops around it are", f.over.Text, iteratorsOf(c.Around(s))))
			}
			return err
		}
	}
	var failed []error
	for _, s := range stmts {
		if err := c.rfactor(&f, s); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) == len(stmts) {
		return failed[0]
	}
	for _, err := range failed {
		c.leftOut(f.label.Span, "statements "+f.label.Text, err)
	}
	return nil
}

// updatesIn are the assignments to a scalar or array in loops of a name.
func (c *Context) updatesIn(name, iter string) []*loopir.Assign {
	var out []*loopir.Assign
	c.Scan(func(s loopir.Stmt, around []Scope) {
		a, ok := s.(*loopir.Assign)
		if ok && a.LHS.Name == name && slices.ContainsFunc(around, func(sc Scope) bool {
			l, ok := sc.Stmt.(*loopir.For)
			return ok && l.Iter == iter
		}) {
			out = append(out, a)
		}
	})
	return out
}

func (c *Context) rfactor(f *factoring, s *loopir.Assign) error {
	op, err := c.updateOp(f, s)
	if err != nil {
		return err
	}
	around := c.Around(s)
	i, at, err := c.factoredLoops(f, s, around)
	if err != nil {
		return err
	}
	over, outside := around[i].Stmt.(*loopir.For), around[:at]
	inside := around[at:]
	a := c.visible(s.LHS.Name, outside)
	if a == nil {
		return c.Reject(f.label.Span, "%s is declared inside of the loop", s.LHS.Name)
	}
	t, err := c.factoredTile(f, s, a, around[at].Stmt, outside)
	if err != nil {
		return err
	}
	local := &loopir.Local{Name: c.freshBeside(f.into.Text, nil), Type: a.typ, Mem: f.mem, Span: f.into.Span}
	extent, like := []loopir.Expr{trips(over)}, [][]*loopir.For{{over}}
	for j, d := range t.kept {
		extent, like = append(extent, t.extent[d]), append(like, t.iters[j])
	}
	for j := range extent {
		if extent[j], err = c.outerSize(extent[j], outside, inside, f.mem, f.into); err != nil {
			return err
		}
	}
	local.Shape = extent
	guard := c.guards(t, c.accesses([]loopir.Stmt{around[at].Stmt}, a))
	partial := func(at []loopir.Expr) *loopir.Read {
		return &loopir.Read{Name: local.Name, Index: at, Type: a.typ}
	}
	before := c.copyLoops(local.Name, extent, like, func(at []loopir.Expr) (loopir.Stmt, []loopir.Expr) {
		return &loopir.Assign{LHS: partial(at), RHS: identity(op, a.typ)}, nil
	})
	like[0] = nil // another name: its iterations are no lanes
	after := c.copyLoops(local.Name, extent, like, func(at []loopir.Expr) (loopir.Stmt, []loopir.Expr) {
		index := c.tileIndex(t, at[1:])
		combine := &loopir.Assign{LHS: &loopir.Read{Name: a.name, Index: index, Type: a.typ}, Op: op, RHS: partial(at)}
		return combine, c.inArray(t, guard, index)
	})
	cell := c.tileCell(t, local.Name, s.LHS.Index, around)
	cell.Index = append([]loopir.Expr{c.Simplify(quot(minus(ivar(over.Iter), over.Lo), step(over)), around)}, cell.Index...)
	redirectUpdate(s, cell)
	c.Replace(around[at].Stmt, slices.Concat([]loopir.Stmt{local}, before, []loopir.Stmt{around[at].Stmt}, after)...)
	return nil
}

// factoredLoops finds, in around, the loop to factor over and the loop after
// which the partial results are combined.
func (c *Context) factoredLoops(f *factoring, s *loopir.Assign, around []Scope) (over, at int, err error) {
	find := func(tok loopir.Token) int {
		return slices.IndexFunc(around, func(sc Scope) bool { l, ok := sc.Stmt.(*loopir.For); return ok && l.Iter == tok.Text })
	}
	if over = find(f.over); over < 0 {
		return 0, 0, c.Reject(f.over.Span, "there is no loop %s around %s", f.over.Text, f.label.Text)
	}
	free := func(sc Scope) bool {
		l, ok := sc.Stmt.(*loopir.For)
		return ok && !loopir.UsesVar(s.LHS, l.Iter)
	}
	if !free(around[over]) {
		return 0, 0, c.Reject(f.over.Span, "%s updates another cell in each iteration of %s already", f.label.Text, f.over.Text)
	}
	if f.at.Text == "" {
		for at = over; at > 0 && free(around[at-1]); at-- {
			if a := c.visible(s.LHS.Name, around[:at-1]); a == nil || c.usedBeside(s, a, around[at-1].Stmt) != nil {
				break
			}
		}
		return over, at, nil
	}
	if at = find(f.at); at < 0 || at > over {
		return 0, 0, c.Reject(f.at.Span, "%s is not a loop around %s", f.at.Text, f.over.Text)
	}
	return over, at, nil
}

// factoredTile is the part of the array that s updates in the loop, which
// nothing else there may use.
func (c *Context) factoredTile(f *factoring, s *loopir.Assign, a *array, loop loopir.Stmt, outside []Scope) (*tile, error) {
	all := c.accesses([]loopir.Stmt{loop}, a)
	if other := c.usedBeside(s, a, loop); other != nil {
		return nil, c.Reject(f.label.Span, "%s is also used elsewhere in the loop", a.name).Note(other.Source(), "here")
	}
	t, beside := c.findTile(a, all, outside)
	if t == nil || len(beside) > 0 {
		return nil, c.Reject(f.label.Span, "the part of %s that %s updates has no bounds that are constant in the loop", a.name, f.label.Text)
	}
	return t, nil
}

// usedBeside is a statement of the loop that uses a otherwise than the update s does.
func (c *Context) usedBeside(s *loopir.Assign, a *array, loop loopir.Stmt) loopir.Stmt {
	for _, x := range c.accesses([]loopir.Stmt{loop}, a) {
		if x.stmt != loopir.Stmt(s) || !x.writes && s.Op != loopir.Set {
			return x.stmt
		}
	}
	return nil
}

// updateOp is the operator that combines partial results of s.
func (c *Context) updateOp(f *factoring, s *loopir.Assign) (loopir.AssignOp, error) {
	switch s.Op {
	case loopir.AddTo, loopir.MulTo, loopir.MinTo, loopir.MaxTo:
		return s.Op, nil
	case loopir.SubTo:
		return loopir.AddTo, nil
	case loopir.Set:
		n := 0
		loopir.WalkExpr(s.RHS, func(e loopir.Expr) bool {
			if r, ok := e.(*loopir.Read); ok && r.Name == s.LHS.Name {
				n++
			}
			return true
		})
		if n == 1 {
			switch e := s.RHS.(type) {
			case *loopir.Binary:
				op, ok := map[loopir.Op]loopir.AssignOp{loopir.Add: loopir.AddTo, loopir.Mul: loopir.MulTo}[e.Op]
				if ok && (isCell(e.X, s.LHS) || isCell(e.Y, s.LHS)) {
					return op, nil
				}
			case *loopir.Intrinsic:
				op, ok := map[string]loopir.AssignOp{"fma": loopir.AddTo, "max": loopir.MaxTo, "min": loopir.MinTo}[e.Name]
				if ok && (isCell(e.Args[len(e.Args)-1], s.LHS) || e.Name != "fma" && slices.ContainsFunc(e.Args, func(e loopir.Expr) bool { return isCell(e, s.LHS) })) {
					return op, nil
				}
			}
		}
	}
	return 0, c.Reject(f.label.Span, "%s is not an update by += -= *= min= max= or fma", f.label.Text).Note(s.Span, "this statement")
}

// isCell tells whether e reads just the cell.
func isCell(e loopir.Expr, cell *loopir.Read) bool {
	r, ok := e.(*loopir.Read)
	return ok && r.Name == cell.Name && loopir.FormatExpr(r) == loopir.FormatExpr(cell)
}

// redirectUpdate makes an update of one cell an update of another.
func redirectUpdate(s *loopir.Assign, cell *loopir.Read) {
	old := s.LHS
	s.RHS = loopir.MapExpr(s.RHS, func(e loopir.Expr) loopir.Expr {
		if isCell(e, old) {
			return loopir.CloneExpr(cell)
		}
		return e
	})
	cell.Span = old.Span
	s.LHS = cell
}

// identity is the value that an update by op leaves unchanged.
func identity(op loopir.AssignOp, t loopir.Type) loopir.Expr {
	switch op {
	case loopir.AddTo:
		return &loopir.Int{Value: big.NewInt(0), Type: t}
	case loopir.MulTo:
		return &loopir.Int{Value: big.NewInt(1), Type: t}
	}
	return limit(op == loopir.MinTo, t)
}

// limit is the greatest, or least, value of a type.
func limit(greatest bool, t loopir.Type) loopir.Expr {
	bits := map[loopir.Type]uint{loopir.I8: 7, loopir.U8: 8, loopir.I16: 15, loopir.I32: 31, loopir.I64: 63}[t]
	if bits == 0 {
		inf := &loopir.Float{Text: "inf", Type: t}
		if greatest {
			return inf
		}
		return &loopir.Unary{Op: loopir.Neg, X: inf, Type: t}
	}
	v := new(big.Int).Lsh(big.NewInt(1), bits)
	switch {
	case greatest:
		v.Sub(v, big.NewInt(1))
	case t == loopir.U8:
		v.SetInt64(0)
	default:
		return &loopir.Unary{Op: loopir.Neg, X: &loopir.Int{Value: v, Type: t}, Type: t}
	}
	return &loopir.Int{Value: v, Type: t}
}
