package transform

import "github.com/loopopt/loopopt/loopir"

var unswitch = &Primitive{
	Name:   "unswitch",
	Syntax: "unswitch i [at S]",
	Doc: `Moves an if whose condition does not change in a loop to the outside of it.

	for i in lo..hi { A; if c { B } else { C } }
=>	if c { for i in lo..hi { A; B } } else { for i in lo..hi { A; C } }

The first such if at any depth of the loop is taken, or the one around label S.
Legal when the loop doesn't change what c depends on.`,
	Apply: applyUnswitch,
}

func applyUnswitch(c *Context, args *loopir.Cursor) error {
	r, err := ParseRef(args)
	if err != nil {
		return err
	}
	var label loopir.Token
	if args.Accept("at") {
		if label, err = args.Name(); err != nil {
			return err
		}
	}
	if err := args.Done(); err != nil {
		return err
	}
	if label.Text != "" {
		if _, _, err := c.Labelled(label); err != nil {
			return err
		}
	}
	return c.EachLoop(r, func(l *Loop) error {
		s := invariantIf(l, label.Text)
		if s == nil && !hasIf(l.Body, label.Text) {
			at := ""
			if label.Text != "" {
				at = " around " + label.Text
			}
			c.Note(r.Name.Span, "there is no if in loop %s%s", r, at)
			return nil
		}
		if s == nil {
			return c.Reject(r.Name.Span, "there is no if in loop %s whose condition is the same in all of its iterations", r)
		}
		cond := s.Cond
		no := loopir.CloneStmt(l.For).(*loopir.For)
		chooseBranch(&l.Body, cond, true)
		chooseBranch(&no.Body, cond, false)
		out := &loopir.If{Cond: loopir.CloneExpr(cond), Then: []loopir.Stmt{l.For}, Span: s.Span}
		if computes(no.Body) {
			out.Else = []loopir.Stmt{no}
		}
		c.Replace(l.For, out)
		return nil
	})
}

// hasIf tells whether there is an if, around a label if one is given.
func hasIf(body []loopir.Stmt, label string) bool {
	found := false
	loopir.Walk(body, func(s loopir.Stmt) bool {
		i, ok := s.(*loopir.If)
		found = found || ok && (label == "" || hasLabel([]loopir.Stmt{i}, label))
		return !found
	})
	return found
}

// invariantIf finds the if to move: its condition uses no iterator of l or of a
// loop inside, and reads nothing that l writes or declares.
func invariantIf(l *Loop, label string) *loopir.If {
	changing := map[string]bool{l.Iter: true}
	loopir.Walk(l.Body, func(s loopir.Stmt) bool {
		changing[declared(s)] = true
		switch s := s.(type) {
		case *loopir.Assign:
			changing[s.LHS.Name] = true
		case *loopir.Call:
			for _, a := range s.Args {
				if w, ok := a.(*loopir.Window); ok {
					changing[w.Name] = true
				}
			}
		}
		return true
	})
	var found *loopir.If
	loopir.Walk(l.Body, func(s loopir.Stmt) bool {
		i, ok := s.(*loopir.If)
		if !ok || found != nil || label != "" && !hasLabel([]loopir.Stmt{i}, label) {
			return found == nil
		}
		fixed := true
		loopir.WalkExpr(i.Cond, func(e loopir.Expr) bool {
			switch e := e.(type) {
			case *loopir.Var:
				fixed = fixed && !changing[e.Name]
			case *loopir.Read:
				fixed = fixed && !changing[e.Name]
			}
			return fixed
		})
		if fixed {
			found = i
		}
		return found == nil
	})
	return found
}

// chooseBranch replaces every if on cond in body by one of its branches.
func chooseBranch(body *[]loopir.Stmt, cond loopir.Expr, then bool) {
	var out []loopir.Stmt
	for _, s := range *body {
		for _, b := range loopir.Bodies(s) {
			chooseBranch(b, cond, then)
		}
		i, ok := s.(*loopir.If)
		switch {
		case !ok || !sameText(i.Cond, cond):
			out = append(out, s)
		case then:
			out = append(out, i.Then...)
		default:
			out = append(out, i.Else...)
		}
	}
	*body = out
}

var specialize = &Primitive{
	Name:   "specialize",
	Syntax: "specialize i on cond {, cond}",
	Doc: `Makes a copy of a loop for a case that is common, to be simplified for it.

	for i in lo..hi { S }
=>	if cond { for i in lo..hi { S } } else { for i in lo..hi { S } }

Several conditions make a chain of else if. Inside each copy, what cond says is
used to simplify; later steps reach all copies by the name i. Always legal.`,
	Apply: applySpecialize,
}

func applySpecialize(c *Context, args *loopir.Cursor) error {
	r, err := ParseRef(args)
	if err != nil {
		return err
	}
	if err := args.Expect("on"); err != nil {
		return err
	}
	conds, err := args.Exprs(c.Params)
	if err != nil {
		return err
	}
	if err := args.Done(); err != nil {
		return err
	}
	for _, cond := range conds {
		if cond.TypeOf() != loopir.Bool {
			return c.Reject(cond.Source(), "%s is not a condition: compare it with something", loopir.FormatExpr(cond))
		}
	}
	return c.EachLoop(r, func(l *Loop) error {
		for _, cond := range conds {
			if err := c.checkVars(cond, l.Around, cond.Source()); err != nil {
				return err
			}
		}
		var out loopir.Stmt = loopir.CloneStmt(l.For)
		for i := len(conds) - 1; i >= 0; i-- {
			out = &loopir.If{
				Cond: loopir.CloneExpr(conds[i]),
				Then: []loopir.Stmt{loopir.CloneStmt(l.For)},
				Else: []loopir.Stmt{out},
			}
		}
		c.Replace(l.For, out)
		return nil
	})
}
