package equiv

import (
	"fmt"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// A writer is an assignment, or the two arms of one condition on data that
// write the same cell, which together write it whatever the data.
type writer struct {
	stmt  *Stmt
	conds []Cond // what is left of the conditions on data
}

// writers lists what writes the array called name.
func (p *Program) writers(name string) []writer {
	var out []writer
	for _, s := range p.Stmts {
		if s.LHS.Name == name {
			out = append(out, writer{s, s.Conds})
		}
	}
	for i := 0; i < len(out); i++ { // out grows by pairs, which may pair again
		for j := range i {
			a, b := out[j], out[i]
			n := len(a.conds)
			if n > 0 && n == len(b.conds) && sameConds(a.conds[:n-1], b.conds[:n-1]) &&
				a.conds[n-1].Read.Name == b.conds[n-1].Read.Name && a.conds[n-1].Negate != b.conds[n-1].Negate &&
				sameDomain(a.stmt, b.stmt) && sameRead(a.stmt.LHS, b.stmt.LHS) {
				out = append(out, writer{b.stmt, a.conds[:n-1]})
			}
		}
	}
	return out
}

func sameConds(a, b []Cond) bool {
	for i := range a {
		if a[i].Read.Name != b[i].Read.Name || a[i].Negate != b[i].Negate {
			return false
		}
	}
	return true
}

// sameDomain tells whether two statements stand in the same loops under the
// same index conditions.
func sameDomain(a, b *Stmt) bool {
	if len(a.Loops) != len(b.Loops) || len(a.Guards) != len(b.Guards) {
		return false
	}
	for i := range a.Loops {
		if a.Loops[i] != b.Loops[i] {
			return false
		}
	}
	for i := range a.Guards {
		if a.Guards[i] != b.Guards[i] {
			return false
		}
	}
	return true
}

// initialized claims that no read meets a cell that was never written; p is the
// program unpacked.
func (w *walker) initialized(p *Program) {
	for i, s := range p.Stmts {
		written := accesses(w.p.Stmts[i])
		for j, a := range accesses(s) {
			text := a.cell
			if j < len(written) {
				text = written[j].cell
			}
			if arr := p.Array(a.cell.Name); arr != nil && !arr.IsInput() && (!a.write || a.update) {
				w.readsWritten(p, a, arr, text)
			}
		}
	}
}

// readsWritten claims that cell a of arr is written by then; text is how the kernel
// writes that cell.
func (w *walker) readsWritten(p *Program, a access, arr *Array, text *loopir.Read) {
	env := a.stmt.Fresh("")
	hyps := append(w.p.Assume(), a.domain(env)...)
	var index []loopir.Expr
	for d, x := range a.cell.Index { // in bounds by a claim of its own
		hyps = append(hyps, ge(x, 0), loopir.Bin(loopir.Lt, x, arr.Shape[d]))
		index = append(index, x)
	}
	seek := seeker{p: p, arr: arr, index: index, at: &point{a.stmt, env}}
	w.claims = append(w.claims, claim{
		name: "initialized", fault: interp.Uninitialized, array: arr.Name,
		span: a.cell.Span, hyps: hyps, first: seek.nearest,
		later: func() (loopir.Expr, bool) { return seek.written(), a.opaque || seek.opaque },
		vars:  iters(a.stmt.Loops), places: [][]string{iters(a.stmt.Loops)}, witnessed: true,
		what: loopir.FormatExpr(text) + " is written before it is read",
		tell: func(env map[string]int64) *loopir.Error {
			e := refuted(a.cell.Span, "%s is read before it is written", cellText(text, env))
			if arr.Local != nil && arr.Local.Span.Start.Line > 0 {
				note := "%s is declared here, without content"
				if n := len(arr.Site.Loops); n > 0 {
					note += ", new in each iteration of " + arr.Site.Loops[n-1].Iter
				}
				e.Note(arr.Local.Span, note, asWritten(arr.Name))
			}
			return e
		},
	})
}

// covered claims that each cell of an out array is written; p is the program unpacked.
func (w *walker) covered(p *Program, proof *prover) {
	for _, arr := range w.p.Arrays {
		if arr.Param == nil || arr.Param.Kind != loopir.ArrayParam || arr.Param.Dir != loopir.Out {
			continue
		}
		written, names := anyCell(arr)
		prog, cell, vars := p, written, names
		inRows := boolExpr(true)
		if len(p.splits[arr.Name]) > 0 {
			var ok bool
			cell, vars = anyCell(p.Array(arr.Name))
			if inRows, ok = p.isCell(cell, proof); !ok {
				prog, cell, vars, inRows = w.p, written, names, boolExpr(true)
			}
		}
		hyps := append(w.p.Assume(), inRows)
		for d, n := range prog.Array(arr.Name).Shape {
			hyps = append(hyps, ge(cell.Index[d], 0), loopir.Bin(loopir.Lt, cell.Index[d], n))
		}
		seek := seeker{p: prog, arr: prog.Array(arr.Name), index: cell.Index}
		goal := seek.written()
		if l := arr.Param.Layout; l != nil {
			hyps = append(hyps, isLogical(l, cell.Index, &vars))
		}
		w.claims = append(w.claims, claim{
			name: "covered", fault: interp.Unwritten, array: arr.Name,
			span: arr.Param.Span, hyps: hyps, goal: goal, vars: vars, opaque: seek.opaque, witnessed: true,
			what: fmt.Sprintf("every cell of out array %s is written", arr.Name),
			tell: func(env map[string]int64) *loopir.Error {
				return refuted(arr.Param.Span, "out array %s: cell %s is never written", arr.Name, cellText(written, env)).
					Note(loopir.Span{}, "write every cell, or declare %s inout to keep what it had", arr.Name)
			},
		})
	}
}

// anyCell is a cell of an array, whichever, and the names of its indices.
func anyCell(a *Array) (*loopir.Read, []string) {
	cell := &loopir.Read{Name: a.Name, Type: a.Type, Span: a.Param.Span}
	var names []string
	for d := range a.Shape {
		x := loopir.NewVar(cellVar(a.Name, d))
		cell.Index, names = append(cell.Index, x), append(names, x.Name)
	}
	return cell, names
}

// isLogical says that the packed cell at index holds a logical cell: padding
// need not be written. The logical cell is named by fresh variables.
func isLogical(l *loopir.Layout, index []loopir.Expr, names *[]string) loopir.Expr {
	env := Env{}
	out := boolExpr(true)
	for d, it := range l.Iters {
		v := loopir.NewVar(it + "'")
		env[it] = v
		*names = append(*names, v.Name)
		out = and(out, ge(v, 0), loopir.Bin(loopir.Lt, v, l.Shape[d]))
	}
	for d, e := range l.Index {
		out = and(out, eq(env.at(e), index[d]))
	}
	return out
}

// cellText is a cell with the values of its indices, O[0][3], as far as env
// gives them.
func cellText(r *loopir.Read, env map[string]int64) string {
	out := r.Name
	for _, x := range r.Index {
		v, ok := evalInt(x, env)
		if !ok {
			return loopir.FormatExpr(r)
		}
		out += fmt.Sprintf("[%d]", v)
	}
	return out
}

// cellVar names the index in dimension d of a cell of an array, whichever.
func cellVar(array string, d int) string { return fmt.Sprintf("%s[%d]", array, d) }
