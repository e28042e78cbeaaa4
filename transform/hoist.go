package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

var hoist = &Primitive{
	Name:   "hoist",
	Syntax: "hoist S out of i | hoist t out of i",
	Doc: `Moves the statement labelled S, or the declaration of local t, to before a loop.

	for i in lo..hi { S: t = e; B(i) }
=>	if lo < hi { S: t = e }
	for i in lo..hi { B(i) }

The if is left out where the loop is known to run. A local is declared without it, and
gets its initial value under it. S may be any statement that
holds the label and is directly in the loop's body, and must not use i.
Legal when S does the same in every iteration and nothing in the loop undoes it.`,
	Apply: applyHoist,
}

func applyHoist(c *Context, args *loopir.Cursor) error {
	what, r, err := parseMove(args, "out", "of")
	if err != nil {
		return err
	}
	all, err := c.Loops(r)
	if err != nil {
		return err
	}
	held := slices.ContainsFunc(all, func(l *Loop) bool { return holding(l.Body, what.Text) >= 0 || declares(l.Body, what.Text) >= 0 })
	return c.EachLoop(r, func(l *Loop) error {
		at := holding(l.Body, what.Text)
		if at < 0 {
			at = declares(l.Body, what.Text)
		}
		if at < 0 && held { // another loop of this name has it
			return nil
		}
		if at < 0 {
			return c.Reject(what.Span, "there is no label or local %s in the body of loop %s", what.Text, r)
		}
		s := l.Body[at]
		if moved := []loopir.Stmt{s}; mentions(moved, l.Iter) {
			return c.Reject(what.Span, "%s uses %s, so it can't be done before the loop", what.Text, l.Iter).
				Note(s.Source(), "the statement to move")
		}
		// It stands for the first iteration, if there is one.
		loopir.SubstStmts([]loopir.Stmt{s}, map[string]loopir.Expr{l.Iter: l.Lo})
		l.Body = slices.Delete(l.Body, at, at+1)
		out := []loopir.Stmt{s}
		if !c.Holds(lt(l.Lo, l.Hi), l.Around) {
			out = whenRuns(s, lt(l.Lo, l.Hi))
		}
		if len(l.Body) > 0 {
			out = append(out, l.For)
		}
		c.Replace(l.For, out...)
		return nil
	})
}

// whenRuns is s where cond holds. Of a local only the initial value needs that, unless any
// run can compute it: one that reads nothing and divides nothing.
func whenRuns(s loopir.Stmt, cond loopir.Expr) []loopir.Stmt {
	d, local := s.(*loopir.Local)
	if !local {
		return []loopir.Stmt{&loopir.If{Cond: cond, Then: []loopir.Stmt{s}}}
	}
	free := true
	if d.Init != nil {
		loopir.WalkExpr(d.Init, func(e loopir.Expr) bool {
			_, read := e.(*loopir.Read)
			b, ok := e.(*loopir.Binary)
			free = free && !read && !(ok && (b.Op == loopir.Div || b.Op == loopir.Mod))
			return free
		})
	}
	if free {
		return []loopir.Stmt{s}
	}
	set := &loopir.Assign{LHS: &loopir.Read{Name: d.Name, Type: d.Type, Span: d.Span}, Op: loopir.Set, RHS: d.Init, Span: d.Span}
	d.Init = nil
	return []loopir.Stmt{d, &loopir.If{Cond: cond, Then: []loopir.Stmt{set}}}
}

// parseMove reads: what word word loop.
func parseMove(args *loopir.Cursor, words ...string) (what loopir.Token, r Ref, err error) {
	if what, err = args.Name(); err != nil {
		return what, r, err
	}
	for _, w := range words {
		if err = args.Expect(w); err != nil {
			return what, r, err
		}
	}
	if r, err = ParseRef(args); err != nil {
		return what, r, err
	}
	return what, r, args.Done()
}

// declares returns the position of the declaration of a local, or -1.
func declares(body []loopir.Stmt, name string) int {
	return slices.IndexFunc(body, func(s loopir.Stmt) bool {
		d, ok := s.(*loopir.Local)
		return ok && d.Name == name
	})
}

var sink = &Primitive{
	Name:   "sink",
	Syntax: "sink S into i | sink t into i",
	Doc: `Moves the statement labelled S, or the declaration of local t, into a loop.

	S: t = e                             S: r = t
	for i in lo..hi { B(i) }             after the loop
=>	for i in lo..hi {                =>  for i in lo..hi {
	  if i == lo { S: t = e }              B(i)
	  B(i)                                 if i == hi-1 { S: r = t }
	}                                    }

S stands right before or right after the loop, or holds a statement labelled S
and does. A declaration needs no condition: the local becomes private to each
iteration. Legal when the loop is known to run, and what lies between does not
touch what S does.`,
	Apply: applySink,
}

func applySink(c *Context, args *loopir.Cursor) error {
	what, r, err := parseMove(args, "into")
	if err != nil {
		return err
	}
	return c.EachLoop(r, func(l *Loop) error {
		body, at := c.Parent(l.For)
		s := holding(*body, what.Text)
		if s == at {
			c.Note(what.Span, "%s is in loop %s already", what.Text, r)
			return nil
		}
		if s < 0 {
			return c.sinkLocal(l, what, body, at)
		}
		if s != at-1 && s != at+1 {
			return c.Reject(what.Span, "%s must stand right before or right after loop %s", what.Text, r)
		}
		stmt := (*body)[s]
		when := eq(ivar(l.Iter), l.Lo)
		in := []loopir.Stmt{&loopir.If{Cond: when, Then: []loopir.Stmt{stmt}}}
		if s < at {
			l.Body = append(in, l.Body...)
		} else {
			last := plus(l.Lo, times(step(l.For), minus(trips(l.For), lit(1))))
			in[0].(*loopir.If).Cond = eq(ivar(l.Iter), last)
			l.Body = append(l.Body, in...)
		}
		*body = slices.Delete(*body, s, s+1)
		return nil
	})
}

func (c *Context) sinkLocal(l *Loop, what loopir.Token, body *[]loopir.Stmt, at int) error {
	d := declares((*body)[:at], what.Text)
	if d < 0 {
		return c.Reject(what.Span, "there is no label or local %s next to loop %s", what.Text, l.Iter)
	}
	for i, s := range (*body)[d+1:] {
		if d+1+i != at && mentions([]loopir.Stmt{s}, what.Text) {
			return c.Reject(what.Span, "%s is used outside of loop %s too", what.Text, l.Iter).Note(s.Source(), "%s is used here", what.Text)
		}
	}
	l.Body = append([]loopir.Stmt{(*body)[d]}, l.Body...)
	*body = slices.Delete(*body, d, d+1)
	return nil
}
