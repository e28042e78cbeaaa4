package transform

import (
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

var shrink = &Primitive{
	Name:   "shrink",
	Syntax: "shrink t at L",
	Doc: `Moves a local into the loop L and leaves it only the cells that one iteration uses;
dimensions in which an iteration stays at one index are dropped. The reverse of expand.

	var t: f32[N]
	for i in 0..N { t[i] = A[i]; B[i] = t[i]*t[i] }
=>	for i in 0..N { var t: f32; t = A[i]; B[i] = t*t }     // shrink t at i

All uses of t are inside loops called L. It is legal when no value stays in t from one
iteration to the next.`,
	Apply: applyShrink,
}

func applyShrink(c *Context, args *loopir.Cursor) error {
	name, err := args.Name()
	if err != nil {
		return err
	}
	if err := args.Expect("at"); err != nil {
		return err
	}
	ref, err := ParseRef(args)
	if err != nil {
		return err
	}
	if err := args.Done(); err != nil {
		return err
	}
	if _, err := c.localsCalled(name); err != nil {
		return err
	}
	all, err := c.Loops(ref)
	if err != nil {
		return err
	}
	n := 0
	for _, a := range c.arraysCalled(name.Text) {
		done, err := c.shrink(a, name, ref, all)
		if err != nil {
			return err
		}
		n += done
	}
	if n == 0 {
		return c.Reject(ref.Name.Span, "no loop %s is in the scope of %s", ref, name.Text)
	}
	return nil
}

// shrink moves one local into the loops among all that are in its scope, and
// returns how many there are.
func (c *Context) shrink(a *array, name loopir.Token, ref Ref, all []*Loop) (int, error) {
	var into []*Loop
	for _, l := range all {
		if v := c.visible(a.name, l.Inside()); v != nil && v.local == a.local {
			into = append(into, &Loop{l.For, c.Around(l.For)})
		}
	}
	if len(into) == 0 {
		return 0, nil
	}
	if a.local.Init != nil {
		return 0, c.Reject(name.Span, "%s has a value from before the loop", a.name)
	}
	for _, x := range c.accesses(*a.scope.body, a) {
		if !slices.ContainsFunc(into, func(l *Loop) bool {
			return slices.ContainsFunc(x.inner, func(s Scope) bool { return s.Stmt == loopir.Stmt(l.For) })
		}) {
			return 0, c.Reject(name.Span, "%s is used outside of the loops %s", a.name, ref).Note(x.stmt.Source(), "here")
		}
	}
	for _, l := range into {
		used := c.accesses(l.Body, a)
		if len(used) == 0 {
			continue
		}
		if used[0].reads {
			return 0, c.Reject(name.Span, "an iteration of %s reads %s before it sets it", ref, a.name).Note(used[0].stmt.Source(), "here")
		}
		t, beside := c.findTile(a, used, l.Inside())
		if len(beside) > 0 {
			return 0, c.Reject(name.Span, "an iteration of %s uses cells of %s that are not in one box of constant size", ref, a.name).
				Note(beside[0].stmt.Source(), "this use can't be compared with the others")
		}
		local, err := c.tileLocal(&staging{array: name, as: name, mem: a.local.Mem}, t)
		if err != nil {
			return 0, err
		}
		c.redirect(region{&l.Body, l.Inside()}, t, a.name, false, true)
		l.Body = slices.Insert(l.Body, 0, loopir.Stmt(local))
	}
	c.Replace(a.local)
	return len(into), nil
}
