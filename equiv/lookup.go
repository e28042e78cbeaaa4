package equiv

import (
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// lookups writes reads at indices of data, as A[p[i]] for an array A that is never
// written, as functions of the indices: A[i32;](0, p[i]). Nothing else is known of them, so
// they are equal where the indices are. An index of a window's cell is an offset, an index
// proper, and data; these stay apart, as data wraps around and indices don't. That the
// indices are legal is taken for granted of the inputs.
func (b *builder) lookups(e loopir.Expr) loopir.Expr {
	return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
		r, ok := e.(*loopir.Read)
		if !ok || !slices.ContainsFunc(r.Index, atData) {
			return e
		}
		f, reason := b.lookup(r)
		if reason != "" {
			if b.err == nil {
				err := loopir.Rejectf(r.Span, "%s is read at an index of data, %s", r.Name, reason)
				err.Kind = loopir.Undecided
				b.err = err.Note(loopir.Span{}, "such reads are understood of in parameters without packs")
			}
			return e
		}
		return f
	})
}

// lookup gives the function for a read, or the reason why there is none.
func (b *builder) lookup(r *loopir.Read) (f *loopir.Intrinsic, reason string) {
	a := b.p.Array(r.Name)
	switch {
	case a == nil || a.Param == nil || a.Param.Dir != loopir.In:
		return nil, "but written elsewhere"
	case a.Param.Layout != nil: // a place in it says nothing of the logical cell, which may be padding
		return nil, "but packed"
	}
	f = &loopir.Intrinsic{Name: r.Name + lookupMark, Type: r.Type, Span: r.Span}
	for _, x := range r.Index {
		offset, data, ok := offsetOf(x)
		if !ok {
			return nil, "in a way that is not understood"
		}
		f.Args = append(f.Args, offset)
		if data != nil {
			f.Name += data.TypeOf().String()
			f.Args = append(f.Args, data)
		}
		f.Name += lookupEnd
	}
	return f, ""
}

// lookupMark stands between the name of an array and the types of the data in its indices
// in the name of a lookup, lookupEnd after each of these.
const (
	lookupMark = "["
	lookupEnd  = ";"
)

// offsetOf writes an index as a sum of an index proper and data; nil for none.
func offsetOf(x loopir.Expr) (offset, data loopir.Expr, ok bool) {
	if isIndexCond(x) {
		return x, nil, true
	}
	if x.TypeOf().IsInteger() {
		return loopir.NewInt(0), x, true
	}
	sum, isBin := x.(*loopir.Binary)
	if !isBin || sum.Op != loopir.Add {
		return nil, nil, false
	}
	ox, dx, ok1 := offsetOf(sum.X)
	oy, dy, ok2 := offsetOf(sum.Y)
	if !ok1 || !ok2 || dx != nil && dy != nil {
		return nil, nil, false
	}
	switch c, isConst := constIndex(oy); {
	case dx != nil:
		return loopir.Bin(loopir.Add, ox, oy), dx, true
	case isConst && c == 0:
		return ox, dy, true
	}
	return loopir.Bin(loopir.Add, ox, oy), dy, true
}

// readsOf writes lookups as reads again, for people.
func readsOf(e loopir.Expr) loopir.Expr {
	return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
		f, ok := e.(*loopir.Intrinsic)
		if !ok {
			return e
		}
		name, types, found := strings.Cut(f.Name, lookupMark)
		if !found {
			return e
		}
		r := &loopir.Read{Name: name, Type: f.Type, Span: f.Span}
		args := f.Args
		for t := range strings.SplitSeq(strings.TrimSuffix(types, lookupEnd), lookupEnd) {
			x := args[0]
			args = args[1:]
			if t != "" {
				if c, isConst := constIndex(x); isConst && c == 0 {
					x = args[0]
				} else {
					x = loopir.Bin(loopir.Add, x, args[0])
				}
				args = args[1:]
			}
			r.Index = append(r.Index, x)
		}
		return r
	})
}

// atData tells whether an index depends on data.
func atData(x loopir.Expr) bool { return !isIndexCond(x) }
