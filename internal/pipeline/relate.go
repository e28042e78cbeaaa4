package pipeline

import (
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// Relate declares how an array parameter of one kernel holds that of the other:
//
//	I[n][c][h][w] ~ I2[n][c/16][h][w][c%16]
//
// says that cell (n, c, h, w) of before's I lies at the given index of after's
// I2, as `packs` in the text of the second kernel would. With plain names on the
// right only, it is the first kernel that packs. This is part of what is claimed,
// not of how it is proved.
func (p *Pair) Relate(text string) error {
	r, err := parseRelation(text)
	if err != nil {
		return err
	}
	logical, packed := p.Before, p.After
	if !r.left.plain() && r.right.plain() {
		r.left, r.right = r.right, r.left
		logical, packed = packed, logical
	}
	if !r.left.plain() {
		return loopir.Errorf(r.left.name.Span, "relate: one side must index %s by plain names, each once", r.left.name.Text)
	}
	q, err := r.left.param(logical)
	if err != nil {
		return err
	}
	a, err := r.right.param(packed)
	if err != nil {
		return err
	}
	shape := q.Shape
	if q.Layout != nil {
		shape = q.Layout.Shape
	}
	switch {
	case len(shape) != len(r.left.index):
		return loopir.Errorf(r.left.name.Span, "relate: %s has %d dimensions, not %d", q.Name, len(shape), len(r.left.index))
	case len(a.Shape) != len(r.right.index):
		return loopir.Errorf(r.right.name.Span, "relate: %s has %d dimensions, not %d", a.Name, len(a.Shape), len(r.right.index))
	case a.Layout != nil:
		return loopir.Errorf(r.right.name.Span, "relate: %s already packs an array in the text", a.Name)
	}
	if err := renameArray(packed, a.Name, q.Name, r.right.name.Span); err != nil {
		return err
	}
	a.Layout = &loopir.Layout{Iters: r.left.names(), Index: r.right.index}
	for _, n := range shape {
		a.Layout.Shape = append(a.Layout.Shape, loopir.CloneExpr(n))
	}
	return p.File.CheckKernel(packed)
}

type relation struct{ left, right relSide }

// A relSide is an array and an index of it.
type relSide struct {
	name  loopir.Token
	index []loopir.Expr
}

// parseRelation reads the text as a schedule step, whose grammar has indices.
func parseRelation(text string) (relation, error) {
	left, right, ok := strings.Cut(text, "~")
	at := loopir.Span{File: "--relate", Start: loopir.Pos{Line: 1, Col: 1}, End: loopir.Pos{Line: 1, Col: 1}}
	if !ok || strings.ContainsAny(text, "\n{}") {
		return relation{}, loopir.Errorf(at, "relate: expected A[i][j] ~ B[i/4][j][i%%4] or the like, found %q", text)
	}
	f, err := loopir.Parse("--relate", []byte("schedule relation for any {\nrelate "+left+" to "+right+"\n}\n"))
	if err != nil {
		return relation{}, err
	}
	args := loopir.NewCursor(f.Schedules[0].Items[0])
	var r relation
	for i, s := range []*relSide{&r.left, &r.right} {
		if i == 1 {
			if err := args.Expect("to"); err != nil {
				return r, err
			}
		}
		if s.name, err = args.Name(); err != nil {
			return r, err
		}
		if s.index, err = args.Indices(nil); err != nil {
			return r, err
		}
	}
	return r, args.Done()
}

func (s *relSide) plain() bool {
	seen := map[string]bool{}
	for _, e := range s.index {
		v, ok := e.(*loopir.Var)
		if !ok || seen[v.Name] {
			return false
		}
		seen[v.Name] = true
	}
	return true
}

func (s *relSide) names() []string {
	var out []string
	for _, e := range s.index {
		out = append(out, e.(*loopir.Var).Name)
	}
	return out
}

func (s *relSide) param(k *loopir.Kernel) (*loopir.Param, error) {
	p := k.Param(s.name.Text)
	if p == nil || p.Kind != loopir.ArrayParam {
		return nil, loopir.Errorf(s.name.Span, "relate: kernel %s has no array parameter %s", k.Name, s.name.Text)
	}
	return p, nil
}

// renameArray gives parameter old of k another name, that of its counterpart.
func renameArray(k *loopir.Kernel, old, name string, at loopir.Span) error {
	if old == name {
		return nil
	}
	taken := k.Param(name) != nil
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		switch s := s.(type) {
		case *loopir.For:
			taken = taken || s.Iter == name
			for i := range s.Reduce {
				if s.Reduce[i].Name == old {
					s.Reduce[i].Name = name
				}
			}
		case *loopir.Local:
			taken = taken || s.Name == name
		}
		return true
	})
	if taken {
		return loopir.Errorf(at, "relate: %s also names something else in kernel %s", name, k.Name)
	}
	k.Param(old).Name = name
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		loopir.MapStmtExprs(s, func(e loopir.Expr) loopir.Expr {
			return loopir.MapExpr(e, func(e loopir.Expr) loopir.Expr {
				if r, ok := e.(*loopir.Read); ok && r.Name == old {
					r.Name = name
				}
				return e
			})
		})
		return true
	})
	return nil
}
