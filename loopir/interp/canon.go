package interp

import (
	"math"
	"sort"

	"github.com/loopopt/loopopt/loopir"
)

// A Mode says when two terms count as equal.
type Mode uint8

const (
	// Exact: bit for bit, all NaNs being the same. Operands of + and * may be
	// swapped, min and max regrouped, integer sums and products reordered;
	// x-y is x+(-y).
	Exact Mode = iota
	// Reassociated: floating-point sums and products as multisets too, fma as
	// x*y+z, literal zeros of sums and ones of products left out.
	Reassociated
)

// Equal tells whether a and b are equal in the mode.
func (t *Terms) Equal(a, b TermID, m Mode) bool { return a == b || t.Canon(a, m) == t.Canon(b, m) }

// Canon is a term that is the same for all terms equal in the mode.
func (t *Terms) Canon(id TermID, m Mode) TermID {
	if c, ok := t.canon[m][id]; ok {
		return c
	}
	c := t.canonical(id, m)
	t.canon[m][id] = c
	return c
}

func (t *Terms) canonical(id TermID, m Mode) TermID {
	n := t.nodes[id]
	free := m == Reassociated || n.Type.IsInteger() // may be regrouped
	switch n.Op {
	case "+", "-", "fma":
		if free {
			return t.sum(id, m)
		}
		if n.Op == "fma" {
			x, y := t.Canon(n.Args[0], m), t.Canon(n.Args[1], m)
			return t.op("fma", n.Type, min(x, y), max(x, y), t.Canon(n.Args[2], m))
		}
		x := t.Canon(n.Args[0], m)
		if len(n.Args) == 1 {
			return t.negate(x)
		}
		y := t.Canon(n.Args[1], m)
		if n.Op == "-" {
			y = t.negate(y)
		}
		return t.op("+", n.Type, min(x, y), max(x, y))
	case "*":
		if free {
			return t.product(id, m)
		}
		x, minusX := t.magnitude(t.Canon(n.Args[0], m))
		y, minusY := t.magnitude(t.Canon(n.Args[1], m))
		p := t.op("*", n.Type, min(x, y), max(x, y))
		if minusX != minusY {
			return t.negate(p)
		}
		return p
	case "min", "max":
		return t.extremum(id, m)
	}
	if len(n.Args) == 0 {
		return id
	}
	args := make([]TermID, len(n.Args))
	for i, a := range n.Args {
		args[i] = t.Canon(a, m)
	}
	n.Args = args
	return t.make(n)
}

// negate is -x, - of - undone; literals change sign.
func (t *Terms) negate(x TermID) TermID {
	n := t.nodes[x]
	switch {
	case n.Op == "-" && len(n.Args) == 1:
		return n.Args[0]
	case n.Op == "lit":
		return t.lit(n.Type, concrete{}.unary("-", n.Type)(n.Bits))
	}
	return t.op("-", n.Type, x)
}

// magnitude takes a minus off.
func (t *Terms) magnitude(x TermID) (TermID, bool) {
	n := t.nodes[x]
	if n.Op == "-" && len(n.Args) == 1 {
		return n.Args[0], true
	}
	if n.Op == "lit" && n.Type != loopir.U8 && math.Signbit(toFloat(n.Type, n.Bits)) {
		return t.negate(x), true
	}
	return x, false
}

func (t *Terms) sum(id TermID, m Mode) TermID {
	typ := t.nodes[id].Type
	type signed struct {
		id    TermID
		minus bool
	}
	var addends []TermID
	work := []signed{{id, false}}
	for len(work) > 0 {
		w := work[len(work)-1]
		work = work[:len(work)-1]
		n := t.nodes[w.id]
		switch {
		case n.Op == "+":
			work = append(work, signed{n.Args[0], w.minus}, signed{n.Args[1], w.minus})
		case n.Op == "-" && len(n.Args) == 1:
			work = append(work, signed{n.Args[0], !w.minus})
		case n.Op == "-":
			work = append(work, signed{n.Args[0], w.minus}, signed{n.Args[1], !w.minus})
		case n.Op == "fma":
			work = append(work, signed{t.op("*", typ, n.Args[0], n.Args[1]), w.minus}, signed{n.Args[2], w.minus})
		case n.Op == "lit" && toFloat(typ, n.Bits) == 0:
		default:
			a := t.Canon(w.id, m)
			if w.minus {
				a = t.negate(a)
			}
			addends = append(addends, a)
		}
	}
	return t.group("sum", typ, addends, 0)
}

// group makes a node with sorted arguments; neutral stands for none.
func (t *Terms) group(op string, typ loopir.Type, args []TermID, neutral int64) TermID {
	switch len(args) {
	case 0:
		return t.lit(typ, concrete{}.index(typ, neutral))
	case 1:
		return args[0]
	}
	sort.Slice(args, func(i, j int) bool { return args[i] < args[j] })
	return t.op(op, typ, args...)
}

func (t *Terms) product(id TermID, m Mode) TermID {
	typ := t.nodes[id].Type
	var factors []TermID
	minus := false
	work := []TermID{id}
	for len(work) > 0 {
		w := work[len(work)-1]
		work = work[:len(work)-1]
		n := t.nodes[w]
		switch {
		case n.Op == "*":
			work = append(work, n.Args...)
		case n.Op == "-" && len(n.Args) == 1:
			minus = !minus
			work = append(work, n.Args[0])
		default:
			f, neg := t.magnitude(t.Canon(w, m))
			if minus = minus != neg; f != t.lit(typ, concrete{}.index(typ, 1)) {
				factors = append(factors, f)
			}
		}
	}
	p := t.group("prod", typ, factors, 1)
	if minus {
		return t.negate(p)
	}
	return p
}

func (t *Terms) extremum(id TermID, m Mode) TermID {
	n := t.nodes[id]
	seen := map[TermID]bool{}
	var args []TermID
	work := []TermID{id}
	for len(work) > 0 {
		w := work[len(work)-1]
		work = work[:len(work)-1]
		if x := t.nodes[w]; x.Op == n.Op {
			work = append(work, x.Args...)
			continue
		}
		if c := t.Canon(w, m); !seen[c] {
			seen[c] = true
			args = append(args, c)
		}
	}
	return t.group(map[string]string{"min": "least", "max": "largest"}[n.Op], n.Type, args, 0)
}
