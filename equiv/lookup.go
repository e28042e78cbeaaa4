package equiv

import (
	"fmt"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// lookups writes reads at indices of data, as A[p[i]] for an array A that is never
// written, as functions of the indices: A[.](p[i]). Nothing else is known of them, so they
// are equal where the indices are. That the indices are legal is taken for granted of the
// inputs.
func (b *builder) lookups(e loopir.Expr) loopir.Expr {
	return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
		r, ok := e.(*loopir.Read)
		if !ok || !atData(r) {
			return e
		}
		a := b.p.Array(r.Name)
		if a == nil || a.Param == nil || a.Param.Dir != loopir.In {
			if b.err == nil {
				err := loopir.Rejectf(r.Span, "%s is read at an index of data, but written elsewhere", r.Name)
				err.Kind = loopir.Undecided
				b.err = err.Note(loopir.Span{}, "such reads are understood of arrays that are in parameters only")
			}
			return e
		}
		name := r.Name + lookupMark
		if l := a.Param.Layout; l != nil { // the same place holds the same cell under the same layout only
			name += fmt.Sprintf(" %s%s", exprsText(l.Shape), exprsText(l.Index))
		}
		return &loopir.Intrinsic{Name: name, Args: r.Index, Type: r.Type, Span: r.Span}
	})
}

// lookupMark ends the name of an array in that of the function that reads it.
const lookupMark = "[.]"

// readsOf writes the functions of lookups as reads again, for people.
func readsOf(e loopir.Expr) loopir.Expr {
	return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
		if f, ok := e.(*loopir.Intrinsic); ok {
			if name, _, found := strings.Cut(f.Name, lookupMark); found {
				return &loopir.Read{Name: name, Index: f.Args, Type: f.Type, Span: f.Span}
			}
		}
		return e
	})
}

// atData tells whether data says which cell r is.
func atData(r *loopir.Read) bool {
	for _, e := range r.Index {
		if usesData(e) {
			return true
		}
	}
	return false
}

// usesData tells whether an index depends on data.
func usesData(e loopir.Expr) (yes bool) {
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		switch e.(type) {
		case *loopir.Read, *loopir.Cast:
			yes = true
		case *loopir.Intrinsic:
			yes = yes || e.TypeOf() != loopir.Index
		}
		return !yes
	})
	return yes
}
