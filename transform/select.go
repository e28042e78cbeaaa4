package transform

import (
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// A Scope is a loop, or one branch of a condition, that encloses a place.
type Scope struct {
	Stmt loopir.Stmt // *loopir.For or *loopir.If
	Else bool        // the If's else branch
}

// A Loop is a loop with what encloses it, outermost first.
type Loop struct {
	*loopir.For
	Around []Scope
}

// Inside returns the scopes of a place in the body of l.
func (l *Loop) Inside() []Scope {
	return append(slices.Clip(l.Around), Scope{Stmt: l.For})
}

// A Ref names loops in a step: i, or i@S1 for the loop i around label S1.
type Ref struct {
	Name, Label loopir.Token // Label.Text is empty without @
}

// String gives the reference as written.
func (r Ref) String() string {
	if r.Label.Text != "" {
		return r.Name.Text + "@" + r.Label.Text
	}
	return r.Name.Text
}

// ParseRef reads a loop reference.
func ParseRef(args *loopir.Cursor) (Ref, error) {
	var r Ref
	var err error
	if r.Name, err = args.Name(); err != nil {
		return r, err
	}
	if args.Accept("@") {
		r.Label, err = args.Name()
	}
	return r, err
}

// ParseRefs reads loop references separated by commas, at least one.
func ParseRefs(args *loopir.Cursor) ([]Ref, error) {
	var refs []Ref
	for {
		r, err := ParseRef(args)
		if err != nil {
			return nil, err
		}
		refs = append(refs, r)
		if !args.Accept(",") {
			return refs, nil
		}
	}
}

// Loops returns all loops that r names, in textual order, at least one.
func (c *Context) Loops(r Ref) ([]*Loop, error) {
	var out []*Loop
	named := false
	c.Scan(func(s loopir.Stmt, around []Scope) {
		l, ok := s.(*loopir.For)
		if !ok || l.Iter != r.Name.Text {
			return
		}
		named = true
		if r.Label.Text == "" || l.Label == r.Label.Text || hasLabel(l.Body, r.Label.Text) {
			out = append(out, &Loop{l, slices.Clone(around)})
		}
	})
	switch {
	case len(out) > 0:
		return out, nil
	case named:
		return nil, c.Reject(r.Label.Span, "no loop %s is around a statement labelled %s%s", r.Name.Text, r.Label.Text,
			legal("the labels there are", r.Label.Text, c.labelsIn(r.Name.Text)))
	}
	return nil, c.Reject(r.Name.Span, "there is no loop %s%s", r.Name.Text, legal("the loops are", r.Name.Text, c.iterators()))
}

// EachLoop calls f on each loop that r names. f either rewrites the loop (with
// Replace) or returns an error and leaves it alone. It is enough that f takes
// one of them: the errors of the others become notes.
func (c *Context) EachLoop(r Ref, f func(l *Loop) error) error {
	loops, err := c.Loops(r)
	if err != nil {
		return err
	}
	var failed []error
	c.at = r.Name.Span
	defer func() { c.at = loopir.Span{} }()
	for _, l := range loops {
		if err := f(&Loop{l.For, c.Around(l.For)}); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) == len(loops) {
		return failed[0]
	}
	for i, err := range failed {
		msg := strings.TrimPrefix(plain(err), c.verb()+": ")
		if !slices.ContainsFunc(failed[:i], func(e error) bool { return plain(e) == plain(err) }) {
			c.Note(r.Name.Span, "not every loop %s is changed: %s", r, msg)
		}
	}
	return nil
}

// plain gives an error's message without its place.
func plain(err error) string {
	if e, ok := err.(*loopir.Error); ok {
		return e.Msg
	}
	return err.Error()
}

// Scan calls f on every statement with what encloses it, in textual order. The
// around slice is reused: clone it to keep it.
func (c *Context) Scan(f func(s loopir.Stmt, around []Scope)) { scan(c.Kernel.Body, nil, f) }

func scan(body []loopir.Stmt, around []Scope, f func(loopir.Stmt, []Scope)) {
	for _, s := range body {
		f(s, around)
		for i, b := range loopir.Bodies(s) {
			scan(*b, append(around, Scope{s, i == 1}), f)
		}
	}
}

// Around returns what encloses s now, outermost first.
func (c *Context) Around(s loopir.Stmt) []Scope {
	var out []Scope
	c.Scan(func(t loopir.Stmt, around []Scope) {
		if t == s {
			out = slices.Clone(around)
		}
	})
	return out
}

// Parent returns the statement list that holds s and its position there.
func (c *Context) Parent(s loopir.Stmt) (*[]loopir.Stmt, int) { return parent(&c.Kernel.Body, s) }

func parent(body *[]loopir.Stmt, s loopir.Stmt) (*[]loopir.Stmt, int) {
	for i, t := range *body {
		if t == s {
			return body, i
		}
		for _, b := range loopir.Bodies(t) {
			if p, j := parent(b, s); p != nil {
				return p, j
			}
		}
	}
	return nil, -1
}

// Replace puts with in the place of old, which must be in the kernel.
func (c *Context) Replace(old loopir.Stmt, with ...loopir.Stmt) {
	p, i := c.Parent(old)
	*p = slices.Replace(*p, i, i+1, with...)
}

// Labelled returns the statement labelled as tok says, and what encloses it.
func (c *Context) Labelled(tok loopir.Token) (loopir.Stmt, []Scope, error) {
	var out loopir.Stmt
	c.Scan(func(s loopir.Stmt, _ []Scope) {
		if out == nil && labelOf(s) == tok.Text {
			out = s
		}
	})
	if out == nil {
		if s := c.setting(tok.Text); s != nil {
			return nil, nil, c.namesCell(tok, s)
		}
		return nil, nil, c.Reject(tok.Span, "there is no label %s%s", tok.Text, legal("the labels are", tok.Text, c.labels()))
	}
	return out, c.Around(out), nil
}

// setting is the last assignment to an array or scalar: an update stands after what it begins
// with.
func (c *Context) setting(name string) *loopir.Assign {
	var out *loopir.Assign
	c.Scan(func(s loopir.Stmt, _ []Scope) {
		if a, ok := s.(*loopir.Assign); ok && a.LHS.Name == name && (out == nil || out.Op == loopir.Set || a.Op != loopir.Set) {
			out = a
		}
	})
	return out
}

// namesCell rejects the name of what is set where the label of what sets it is meant.
func (c *Context) namesCell(tok loopir.Token, s *loopir.Assign) error {
	if s.Label != "" {
		return c.Reject(tok.Span, "%s is no label; it is set by what is labelled %s", tok.Text, s.Label)
	}
	text, _, _ := strings.Cut(loopir.FormatStmt(s), "\n")
	return c.Reject(tok.Span, "%s is no label; label what sets it, as S: %s", tok.Text, strings.TrimSpace(text))
}

func labelOf(s loopir.Stmt) string {
	switch s := s.(type) {
	case *loopir.For:
		return s.Label
	case *loopir.Assign:
		return s.Label
	case *loopir.Call:
		return s.Label
	}
	return ""
}

func hasLabel(body []loopir.Stmt, label string) bool {
	found := false
	loopir.Walk(body, func(s loopir.Stmt) bool {
		found = found || labelOf(s) == label
		return !found
	})
	return found
}

// iterators returns the names of the loops, each once, in textual order.
func (c *Context) iterators() []string {
	var out []string
	c.Scan(func(s loopir.Stmt, _ []Scope) {
		if l, ok := s.(*loopir.For); ok && !slices.Contains(out, l.Iter) {
			out = append(out, l.Iter)
		}
	})
	return out
}

func (c *Context) labels() []string { return labelsOf(c.Kernel.Body) }

func labelsOf(body []loopir.Stmt) []string {
	var out []string
	loopir.Walk(body, func(s loopir.Stmt) bool {
		if l := labelOf(s); l != "" && !slices.Contains(out, l) {
			out = append(out, l)
		}
		return true
	})
	return out
}

// labelsIn returns the labels inside the loops called iter.
func (c *Context) labelsIn(iter string) []string {
	var out []string
	c.Scan(func(s loopir.Stmt, _ []Scope) {
		if l, ok := s.(*loopir.For); ok && l.Iter == iter {
			out = append(out, labelsOf([]loopir.Stmt{l})...)
		}
	})
	return out
}
