package transform

import (
	"strconv"

	"github.com/loopopt/loopopt/loopir"
)

var fission = &Primitive{
	Name:   "fission",
	Syntax: "fission i at S2|1 [into i2] | fission i after S1 [into i2]",
	Doc: `Makes two loops of one, cutting its body in two (loop distribution).

	for i in lo..hi { S1: A(i); S2: B(i) }
=>	for i in lo..hi { S1: A(i) }
	for i in lo..hi { S2: B(i) }

The cut is before the statement that holds label S2, after the one that holds S1,
or after the first n statements. Both loops keep the name i, but the second takes i2
when that is given. A local that both parts use has to be expanded
by i first. Legal when no B(i) is needed by an A(i2) with i2 > i, and the other way
round when nothing that A(i2) overwrites is still read by B(i).`,
	Apply: applyFission,
}

func applyFission(c *Context, args *loopir.Cursor) error {
	r, err := ParseRef(args)
	if err != nil {
		return err
	}
	after := args.Accept("after")
	if !after {
		if err := args.Expect("at"); err != nil {
			return err
		}
	}
	var label loopir.Token
	count := 0
	if tok := args.Peek(); tok.Kind == loopir.TokInt && !after {
		args.Next()
		if count, err = strconv.Atoi(tok.Text); err != nil {
			return c.Reject(tok.Span, "%s is not a number of statements", tok.Text)
		}
		label.Span = tok.Span
	} else if label, err = args.Name(); err != nil {
		return err
	}
	into, err := parseInto(args)
	if err != nil {
		return err
	}
	if err := args.Done(); err != nil {
		return err
	}
	return c.EachLoop(r, func(l *Loop) error {
		if into.Text != "" {
			if err := c.CheckNew(into, l.For, l.Iter); err != nil {
				return err
			}
		}
		at := countStmts(l.Body, count)
		if label.Text != "" {
			at = holding(l.Body, label.Text)
			if at < 0 {
				return c.Reject(label.Span, "there is no label %s in loop %s%s", label.Text, r, legal("its labels are", label.Text, labelsOf(l.Body)))
			}
			if after {
				at++
			}
		}
		return c.cut(l, at, into.Text, label.Span)
	})
}

// countStmts returns the position after n statements, declarations not counted.
func countStmts(body []loopir.Stmt, n int) int {
	at := 0
	for ; at < len(body) && n > 0; at++ {
		if _, ok := body[at].(*loopir.Local); !ok {
			n--
		}
	}
	return at
}

// holding returns the position of the statement that has or contains the label.
func holding(body []loopir.Stmt, label string) int {
	for i, s := range body {
		if hasLabel([]loopir.Stmt{s}, label) {
			return i
		}
	}
	return -1
}

// cut distributes l over the statements before at and those from there on, which go into a
// loop of the given name, or of the same if there is none.
func (c *Context) cut(l *Loop, at int, into string, blame loopir.Span) error {
	var one, two []loopir.Stmt
	for i, s := range l.Body {
		d, ok := s.(*loopir.Local)
		if !ok || i >= at || !mentions(l.Body[at:], d.Name) {
			if i < at {
				one = append(one, s)
			} else {
				two = append(two, s)
			}
			continue
		}
		if mentions(l.Body[i+1:at], d.Name) {
			return c.Reject(blame, "both parts use local %s, which is private to each iteration of %s: expand %s first", d.Name, l.Iter, d.Name).
				Note(d.Span, "%s is declared here", d.Name)
		}
		two = append(two, s)
	}
	if !computes(one) || !computes(two) {
		return c.Reject(blame, "one of the two loops would be empty: cut between two statements of the body of %s", l.Iter)
	}
	second := loopir.CloneStmt(l.For).(*loopir.For)
	second.Label, second.Body = "", two
	l.Body = one
	c.Replace(l.For, l.For, second)
	if into != "" {
		c.renumber(second, into, second.Lo, second.Hi, loopir.NewVar(into))
	}
	return nil
}

// computes tells whether body has anything but declarations.
func computes(body []loopir.Stmt) bool {
	for _, s := range body {
		if _, ok := s.(*loopir.Local); !ok {
			return true
		}
	}
	return false
}
