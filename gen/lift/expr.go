package lift

import (
	"fmt"
	"sort"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

func sortLocals(decls []loopir.Stmt) {
	sort.Slice(decls, func(i, j int) bool {
		a, b := decls[i].(*loopir.Local).Name, decls[j].(*loopir.Local).Name
		return len(a) < len(b) || len(a) == len(b) && a < b
	})
}

func anyRead(e loopir.Expr, f func(*loopir.Read) bool) bool {
	found := false
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		if r, ok := e.(*loopir.Read); ok && f(r) {
			found = true
		}
		return !found
	})
	return found
}

func hasReads(e loopir.Expr) bool { return anyRead(e, func(*loopir.Read) bool { return true }) }

func readsName(e loopir.Expr, name string) bool {
	return anyRead(e, func(r *loopir.Read) bool { return r.Name == name })
}

// readsOther tells whether v may read a cell of an array that is written at cell, in a lane or
// another, but for the lane's own. Cells whose number in one dimension differs by a constant
// are others whatever the lanes are.
func readsOther(v loopir.Expr, cell *loopir.Read, lane string) bool {
	text := loopir.FormatExpr(cell)
	return anyRead(v, func(r *loopir.Read) bool {
		return r.Name == cell.Name && loopir.FormatExpr(r) != text && !apart(r, cell, lane)
	})
}

// apart tells whether two cells differ by a constant in a dimension that no lane moves in.
func apart(a, b *loopir.Read, lane string) bool {
	for i := range a.Index {
		x, err := poly.FromExpr(a.Index[i])
		y, err2 := poly.FromExpr(b.Index[i])
		if err != nil || err2 != nil || x.Uses(lane) || y.Uses(lane) {
			continue
		}
		if d, ok := x.Sub(y).Const(); ok && d.Sign() != 0 {
			return true
		}
	}
	return false
}

// rebuild copies e with f's answer in place of each node for which there is one.
func rebuild(e loopir.Expr, f func(loopir.Expr) loopir.Expr) loopir.Expr {
	if x := f(e); x != nil {
		return x
	}
	list := func(in []loopir.Expr) []loopir.Expr {
		out := make([]loopir.Expr, len(in))
		for i, x := range in {
			out[i] = rebuild(x, f)
		}
		return out
	}
	switch e := e.(type) {
	case *loopir.Binary:
		c := *e
		c.X, c.Y = rebuild(e.X, f), rebuild(e.Y, f)
		return &c
	case *loopir.Unary:
		c := *e
		c.X = rebuild(e.X, f)
		return &c
	case *loopir.Cast:
		c := *e
		c.X = rebuild(e.X, f)
		return &c
	case *loopir.Intrinsic:
		c := *e
		c.Args = list(e.Args)
		return &c
	case *loopir.Read:
		c := *e
		c.Index = list(e.Index)
		return &c
	}
	return e
}

// replaceExpr puts the node by in place of old.
func replaceExpr(e, old, by loopir.Expr) loopir.Expr {
	return rebuild(e, func(x loopir.Expr) loopir.Expr {
		if sameExpr(x, old) {
			return by
		}
		return nil
	})
}

// readsStale tells whether e reads a local by another node than the given one.
func readsStale(e loopir.Expr, name string, now *loopir.Read) bool {
	return anyRead(e, func(r *loopir.Read) bool { return r.Name == name && r != now })
}

// under simplifies v where cond is known to hold.
func under(cond, v loopir.Expr) loopir.Expr {
	text := loopir.FormatExpr(cond)
	return rebuild(v, func(x loopir.Expr) loopir.Expr {
		if s, ok := x.(*loopir.Intrinsic); ok && s.Name == "select" && loopir.FormatExpr(s.Args[0]) == text {
			return under(cond, s.Args[1])
		}
		return nil
	})
}

// meaning is an error when the language has no form for e.
func meaning(e loopir.Expr) error {
	var err error
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		if i, ok := e.(*loopir.Intrinsic); ok && strings.HasPrefix(i.Name, "bit.") && err == nil {
			err = fmt.Errorf("this operation on bits computes nothing that the language writes")
		}
		return err == nil
	})
	if err == nil && !e.TypeOf().IsValue() {
		err = fmt.Errorf("this is no number")
	}
	return err
}

// certain calls f on the reads of e that are made whatever the conditions in e say;
// given holds.
func certain(e loopir.Expr, given loopir.Expr, f func(*loopir.Read)) {
	if s, ok := e.(*loopir.Intrinsic); ok && s.Name == "select" {
		certain(s.Args[0], given, f)
		if given != nil && sameExpr(s.Args[0], given) {
			certain(s.Args[1], given, f)
		}
		return
	}
	if r, ok := e.(*loopir.Read); ok {
		f(r)
	}
	for _, c := range loopir.Children(e) {
		certain(c, given, f)
	}
}

// dropProbes leaves out the loads that a statement of the block makes too.
func dropProbes(items []item, lane string) []item {
	made := map[string]bool{}
	for _, it := range items {
		if it.dst == nil {
			continue
		}
		note := func(cond loopir.Expr) {
			certain(it.val, cond, func(r *loopir.Read) { made[probeKey(r, it.lanes, cond, lane)] = true })
		}
		note(it.cond)
		if it.cond == nil { // masked loads whose zeros are used
			loopir.WalkExpr(it.val, func(e loopir.Expr) bool {
				if s, ok := e.(*loopir.Intrinsic); ok && s.Name == "select" {
					note(s.Args[0])
				}
				return true
			})
		}
	}
	var out []item
	for _, it := range items {
		if it.dst == nil {
			k := probeKey(it.val.(*loopir.Read), it.lanes, it.cond, lane)
			if made[k] {
				continue
			}
			made[k] = true
		}
		out = append(out, it)
	}
	return out
}

// probeKey names a load. A cell that does not depend on the lane is one load for any
// number of lanes.
func probeKey(r *loopir.Read, lanes int, cond loopir.Expr, lane string) string {
	k := loopir.FormatExpr(r)
	if cond == nil && !loopir.UsesVar(r, lane) {
		return k
	}
	if cond != nil {
		return fmt.Sprintf("%s %d if %s", k, lanes, loopir.FormatExpr(cond))
	}
	return fmt.Sprintf("%s %d", k, lanes)
}

// placed copies e; what has no place in a text is at the given one.
func placed(e loopir.Expr, at loopir.Span) loopir.Expr {
	e = loopir.CloneExpr(e)
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		if e.Source().Start.Line > 0 {
			return true
		}
		switch e := e.(type) {
		case *loopir.Binary:
			e.Span = at
		case *loopir.Unary:
			e.Span = at
		case *loopir.Intrinsic:
			e.Span = at
		case *loopir.Cast:
			e.Span = at
		case *loopir.Read:
			e.Span = at
		case *loopir.Float:
			e.Span = at
		case *loopir.Int:
			e.Span = at
		case *loopir.Var:
			e.Span = at
		}
		return true
	})
	return e
}
