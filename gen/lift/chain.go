package lift

import "github.com/loopopt/loopopt/loopir"

// A chain is a value that grew step by step, op(op(op(x, a), b), c), as a sum does whose
// loop is unrolled in registers. Where the kernel has no expression of so many steps, it has
// a loop, and each step is written as a statement of its own: the cell holds x, then
// op(x, a), and so on. That is the same, since no step reads the cell otherwise, and
// nothing comes in between.
type chain struct {
	class string
	base  loopir.Expr
	steps []func(acc loopir.Expr) loopir.Expr // the first one first
}

// link takes the last step off e: what is combined with acc, by an operator of a class in
// which operations of different names may follow each other. cell is what grows, if it is
// known: of two operands, the one that reads it is the older one, else the longer one is, else a literal.
func link(e loopir.Expr, cell string) (acc loopir.Expr, class string, step func(loopir.Expr) loopir.Expr) {
	switch e := e.(type) {
	case *loopir.Binary:
		class = map[loopir.Op]string{loopir.Add: "sum", loopir.Sub: "sum", loopir.Mul: "product"}[e.Op]
		if class == "" || !e.Type.IsValue() {
			return nil, "", nil
		}
		if e.Op != loopir.Sub && older(e.Y, e.X, class, cell) {
			return e.Y, class, func(x loopir.Expr) loopir.Expr { c := *e; c.Y = x; return &c }
		}
		return e.X, class, func(x loopir.Expr) loopir.Expr { c := *e; c.X = x; return &c }
	case *loopir.Intrinsic:
		at := -1
		switch {
		case e.Name == "fma":
			class, at = "sum", 2
		case (e.Name == "min" || e.Name == "max") && len(e.Args) == 2 && e.Type.IsValue():
			class, at = e.Name, 0
			if older(e.Args[1], e.Args[0], class, cell) {
				at = 1
			}
		case e.Name == "select":
			return linkOfChoice(e, cell)
		}
		if at < 0 {
			return nil, "", nil
		}
		return e.Args[at], class, func(x loopir.Expr) loopir.Expr {
			c := *e
			c.Args = append([]loopir.Expr(nil), e.Args...)
			c.Args[at] = x
			return &c
		}
	}
	return nil, "", nil
}

// linkOfChoice is a step that a condition leaves out: select(c, op(acc, a), acc).
func linkOfChoice(e *loopir.Intrinsic, cell string) (loopir.Expr, string, func(loopir.Expr) loopir.Expr) {
	for at := 1; at <= 2; at++ {
		acc, class, step := link(e.Args[at], cell)
		if acc == nil || !sameExpr(acc, e.Args[3-at]) {
			continue
		}
		return acc, class, func(x loopir.Expr) loopir.Expr {
			c := *e
			c.Args = append([]loopir.Expr(nil), e.Args...)
			c.Args[at], c.Args[3-at] = step(x), x
			return &c
		}
	}
	return nil, "", nil
}

func older(a, b loopir.Expr, class, cell string) bool {
	if x, y := readsName(a, cell), readsName(b, cell); x != y {
		return x
	}
	x, y := steps(a, class, cell), steps(b, class, cell)
	_, starts := literal(a)
	_, both := literal(b)
	return x > y || x == y && starts && !both // what a sum starts from
}

func steps(e loopir.Expr, class, cell string) int {
	n := 0
	for {
		acc, c, _ := link(e, cell)
		if c != class {
			return n
		}
		e, n = acc, n+1
	}
}

// chainOf takes e apart.
func chainOf(e loopir.Expr, cell string) chain {
	var c chain
	for {
		acc, class, step := link(e, cell)
		if class == "" || c.class != "" && class != c.class {
			c.base = e
			return c
		}
		c.class, e = class, acc
		c.steps = append([]func(loopir.Expr) loopir.Expr{step}, c.steps...)
	}
}

// longest gives the most steps of chains of each class that a kernel has in one expression.
func longest(k *loopir.Kernel) map[string]int {
	out := map[string]int{}
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		exprs, cell := loopir.StmtExprs(s), ""
		if a, ok := s.(*loopir.Assign); ok {
			exprs, cell = []loopir.Expr{combined(a)}, a.LHS.Name
		}
		for _, e := range exprs {
			loopir.WalkExpr(e, func(x loopir.Expr) bool {
				if c := chainOf(x, cell); c.class != "" {
					out[c.class] = max(out[c.class], len(c.steps))
				}
				return true
			})
		}
		return true
	})
	return out
}

// chains writes the steps of long chains as items. Registers that grow alike take their
// steps in turn, so that loops over the registers can be written.
func (l *lifter) chains(items []item) []item {
	var out []item
	for i := 0; i < len(items); {
		c := l.split(items[i])
		if c == nil {
			out = append(out, items[i])
			i++
			continue
		}
		group, names := []*chain{c}, map[string]bool{items[i].dst.Name: true}
		j := i + 1
		for ; j < len(items) && l.isWeb(items[i].dst.Name); j++ {
			d := l.split(items[j])
			if d == nil || d.class != c.class || len(d.steps) != len(c.steps) || !l.isWeb(items[j].dst.Name) || names[items[j].dst.Name] || !independent(items[i:j+1]) {
				break
			}
			group, names[items[j].dst.Name] = append(group, d), true
		}
		for k, d := range group {
			if r, ok := d.base.(*loopir.Read); !ok || !sameExpr(r, items[i+k].dst) {
				it := items[i+k]
				it.val = d.base
				out = append(out, it)
			}
		}
		for n := range c.steps {
			for k, d := range group {
				it := items[i+k]
				it.val, it.local = d.steps[n](it.dst), 0
				out = append(out, it)
			}
		}
		i = j
	}
	return out
}

// split is the chain of an item if it is to be written step by step.
func (l *lifter) split(it item) *chain {
	if it.dst == nil || it.cond != nil && readsName(it.cond, it.dst.Name) {
		return nil
	}
	c := chainOf(it.val, it.dst.Name)
	if len(c.steps) < 2 || len(c.steps) <= l.call.longest(c.class) {
		return nil
	}
	marker := loopir.NewVar("")
	for _, s := range c.steps {
		if readsName(s(marker), it.dst.Name) {
			return nil
		}
	}
	return &c
}
