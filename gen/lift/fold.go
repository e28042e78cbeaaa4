package lift

import "github.com/loopopt/loopopt/loopir"

// foldLimit bounds the nodes that a choice may take up where it is used.
const foldLimit = 400

// fold makes choices of values again of what Go has no expression for:
//
//	var sel: f32
//	if c { sel = a } else { sel = b }
//
// becomes select(c, a, b) in the one statement that reads sel, which follows. Only other
// scalars are set in between, and none that the choice reads, so that it has the same value
// there; and like the if, a select reads no more than the arm that it takes.
func fold(list []loopir.Stmt) []loopir.Stmt {
	for i := len(list) - 3; i >= 0; i-- {
		l, ok := list[i].(*loopir.Local)
		if !ok || l.Shape != nil || l.Init != nil {
			continue
		}
		v := chosen(list[i+1], l.Name)
		if v == nil {
			continue
		}
		if j := onlyUse(list[i+2:], l.Name, v); j >= 0 {
			use := list[i+2+j]
			loopir.MapStmtExprs(use, func(e loopir.Expr) loopir.Expr {
				if e == nil {
					return nil
				}
				return rebuild(e, func(x loopir.Expr) loopir.Expr {
					if r, ok := x.(*loopir.Read); ok && r.Name == l.Name {
						return loopir.CloneExpr(v)
					}
					return nil
				})
			})
			list = append(list[:i:i], list[i+2:]...)
		}
	}
	return list
}

// chosen is the value that an if-else gives to name, and it does nothing else.
func chosen(s loopir.Stmt, name string) loopir.Expr {
	f, ok := s.(*loopir.If)
	if !ok || len(f.Then) != 1 || len(f.Else) != 1 {
		return nil
	}
	a, ok1 := f.Then[0].(*loopir.Assign)
	b, ok2 := f.Else[0].(*loopir.Assign)
	for _, x := range []*loopir.Assign{a, b} {
		if !ok1 || !ok2 || x.Op != loopir.Set || x.LHS.Name != name || readsName(x.RHS, name) {
			return nil
		}
	}
	v := choose(f.Cond, a.RHS, b.RHS).(*loopir.Intrinsic)
	v.Span = f.Span
	return v
}

// onlyUse finds the statement that alone reads name, if v could take its place there.
func onlyUse(list []loopir.Stmt, name string, v loopir.Expr) int {
	at := -1
	for i, s := range list {
		own := 0
		for _, e := range loopir.StmtExprs(s) {
			own += reads(e, name)
		}
		all := 0
		loopir.Walk([]loopir.Stmt{s}, func(s loopir.Stmt) bool {
			for _, e := range loopir.StmtExprs(s) {
				all += reads(e, name)
			}
			return true
		})
		switch {
		case all > own || own > 0 && at >= 0 || own*nodes(v) > foldLimit:
			return -1
		case own > 0:
			at = i
		case at < 0 && !setsScalar(s, v):
			return -1
		}
	}
	return at
}

// setsScalar tells whether all that s does is to set a scalar that v does not read.
func setsScalar(s loopir.Stmt, v loopir.Expr) bool {
	harmless := true
	loopir.Walk([]loopir.Stmt{s}, func(s loopir.Stmt) bool {
		switch s := s.(type) {
		case *loopir.Local, *loopir.If:
		case *loopir.Assign:
			harmless = harmless && len(s.LHS.Index) == 0 && !readsName(v, s.LHS.Name)
		default:
			harmless = false
		}
		return harmless
	})
	return harmless
}

func reads(e loopir.Expr, name string) int {
	n := 0
	loopir.WalkExpr(e, func(x loopir.Expr) bool {
		if r, ok := x.(*loopir.Read); ok && r.Name == name {
			n++
		}
		return true
	})
	return n
}

func nodes(e loopir.Expr) int {
	n := 0
	loopir.WalkExpr(e, func(loopir.Expr) bool { n++; return true })
	return n
}
