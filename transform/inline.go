package transform

import (
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

var inline = &Primitive{
	Name:   "inline",
	Syntax: "inline f|t",
	Doc: `Puts the body of kernel f in the place of its calls, calls inside it included:

	axpy(N, A[i], B)
=>	for j in 0..N { B[j] += A[i][j] }                        // inline axpy

or the value of a local t in the place of its reads, so that t disappears:

	for i in 0..N { t[i] = 2*A[i] }
	for i in 0..N { B[i] = t[i] + t[N-1-i] }
=>	for i in 0..N { B[i] = 2*A[i] + 2*A[N-1-i] }             // inline t

Loops and locals of f keep their names where these are free. The local must be set by
one statement, once a cell, at indices that are an iterator each, or an iterator plus
what is constant in its loop; it is legal when what the value is computed from has not
changed until t is read.`,
	Apply: applyInline,
}

func applyInline(c *Context, args *loopir.Cursor) error {
	name, err := args.Name()
	if err != nil {
		return err
	}
	if err := args.Done(); err != nil {
		return err
	}
	if c.File.Kernel(name.Text) != nil && len(c.arraysCalled(name.Text)) == 0 {
		return c.inlineCalls(name)
	}
	locals, err := c.localsCalled(name)
	if err != nil {
		return err
	}
	for _, l := range locals {
		if err := c.inlineLocal(l, name); err != nil {
			return err
		}
	}
	return nil
}

func (c *Context) inlineCalls(name loopir.Token) error {
	var calls []*loopir.Call
	c.Scan(func(s loopir.Stmt, _ []Scope) {
		if call, ok := s.(*loopir.Call); ok && call.Kernel == name.Text {
			calls = append(calls, call)
		}
	})
	if len(calls) == 0 {
		c.Note(name.Span, "%s does not call %s", c.Kernel.Name, name.Text)
		return nil
	}
	for _, call := range calls {
		k, err := c.File.InlineCalls(&loopir.Kernel{Body: []loopir.Stmt{call}})
		if err != nil {
			return err
		}
		c.rename(k.Body, call)
		c.Replace(call, k.Body...)
	}
	return nil
}

// rename gives the loops and locals of an inlined body ("f.i") names without a
// dot, those of the callee where they are free in the place of call.
func (c *Context) rename(body []loopir.Stmt, call loopir.Stmt) {
	around, beside := c.namesAt(call)
	for name := range around {
		beside[name] = true
	}
	vars, locals := map[string]loopir.Expr{}, map[string]string{}
	chosen := map[string]string{}
	loopir.Walk(body, func(s loopir.Stmt) bool {
		old := declared(s)
		if old == "" {
			return true
		}
		name := chosen[old]
		if name == "" {
			used := around
			if isLocal(s) { // visible to what follows
				used = beside
			}
			name = unused(old[strings.LastIndex(old, ".")+1:], used)
			chosen[old], around[name], beside[name] = name, true, true
		}
		switch s := s.(type) {
		case *loopir.For:
			s.Iter = name
			vars[old] = ivar(name)
		case *loopir.Local:
			s.Name = name
			locals[old] = name
		}
		return true
	})
	loopir.SubstStmts(body, vars)
	for old, name := range locals {
		renameArray(body, old, name)
	}
}

func isLocal(s loopir.Stmt) bool { _, ok := s.(*loopir.Local); return ok }

// namesAt returns the names that have a meaning at s, and those that the
// statements beside s and inside these declare.
func (c *Context) namesAt(s loopir.Stmt) (around, beside map[string]bool) {
	around, beside = map[string]bool{}, map[string]bool{}
	for _, p := range c.Kernel.Params {
		around[p.Name] = true
	}
	list, _ := c.Parent(s)
	loopir.Walk(*list, func(s loopir.Stmt) bool {
		beside[declared(s)] = true
		return true
	})
	for ; s != nil; s = c.enclosing(s) {
		if l, ok := s.(*loopir.For); ok {
			around[l.Iter] = true
		}
		list, _ := c.Parent(s)
		for _, sib := range *list {
			if isLocal(sib) {
				around[declared(sib)] = true
			}
		}
	}
	return around, beside
}

// renameArray gives every access of an array, and every reduction of it, the
// array's new name.
func renameArray(body []loopir.Stmt, old, name string) {
	mapCells(body, nil, old, nil, func(r *loopir.Read, _ []Scope) *loopir.Read {
		r.Name = name
		return r
	}, func(w *loopir.Window, _ []Scope) *loopir.Window {
		w.Name = name
		return w
	})
	loopir.Walk(body, func(s loopir.Stmt) bool {
		if l, ok := s.(*loopir.For); ok {
			for i := range l.Reduce {
				if l.Reduce[i].Name == old {
					l.Reduce[i].Name = name
				}
			}
		}
		return true
	})
}
