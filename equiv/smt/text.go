package smt

import (
	"math/big"
	"strings"

	"github.com/loopopt/loopopt/internal/integer"
)

// symbol writes a name as an SMT-LIB symbol. Different names get different symbols: what
// cannot stand in a quoted symbol, and words that mean something to solvers even when
// quoted, are escaped with %, which itself is escaped.
func symbol(name string) string {
	switch {
	case name == "":
		panic("smt: variable without a name")
	case taken[name]:
		return "|%" + name + "|"
	case isSimpleSymbol(name):
		return name
	}
	return "|" + escapes.Replace(name) + "|"
}

var escapes = strings.NewReplacer("%", "%25", "|", "%7C", `\`, "%5C", "\n", "%0A", "\r", "%0D")

// taken are the words of SMT-LIB and of the theories that solvers load.
var taken = map[string]bool{
	"let": true, "forall": true, "exists": true, "match": true, "par": true, "as": true,
	"assert": true, "push": true, "pop": true, "reset": true, "exit": true, "echo": true,
	"_": true, "true": true, "false": true, "not": true, "and": true, "or": true,
	"xor": true, "ite": true, "if": true, "distinct": true, "div": true, "mod": true,
	"rem": true, "abs": true, "divisible": true, "iff": true, "implies": true,
	"is_int": true, "to_int": true, "to_real": true, "pi": true, "euler": true,
	"select": true, "store": true, "const": true, "map": true, "bit1": true, "bit0": true,
	"sin": true, "cos": true, "tan": true, "asin": true, "acos": true, "atan": true,
	"sinh": true, "cosh": true, "tanh": true, "exp": true, "sqrt": true, "concat": true,
	"extract": true, "repeat": true, "set": true, "bag": true, "seq": true, "tuple": true,
	"lambda": true, "union": true, "member": true, "subset": true, "card": true,
	"root": true, "pow": true, "iand": true, "int2bv": true, "bv2int": true, "bvadd": true,
	"min": true, "max": true, "cot": true, "sec": true, "csc": true, "square": true,
	"Int": true, "Bool": true, "Real": true,
}

func isSimpleSymbol(s string) bool {
	if s[0] >= '0' && s[0] <= '9' {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '_', c == '.', c == '$', c == '!':
		default:
			return false
		}
	}
	return s[0] != '.'
}

// numeral writes v; SMT-LIB has no negative literals.
func numeral(v *big.Int) string {
	if v.Sign() < 0 {
		return "(- " + new(big.Int).Neg(v).String() + ")"
	}
	return v.String()
}

// text gives the SMT-LIB text of t, by which terms are known: equal text of the same sort
// means equal terms. Most terms are never asked, so it is made when it first is.
func (t *Term) text() string {
	if s := t.written.Load(); s != nil {
		return *s
	}
	s := t.write()
	t.written.Store(&s)
	return s
}

func (t *Term) write() string {
	switch t.op {
	case opInt:
		return t.poly.text()
	case opTrue:
		return "true"
	case opFalse:
		return "false"
	case opBoolVar:
		return symbol(t.name)
	case opGe:
		return t.poly.geText()
	case opEq:
		return t.poly.eqText()
	}
	head := [...]string{opNot: "(not", opAnd: "(and", opOr: "(or", opIff: "(="}[t.op]
	n := len(head) + 1
	for _, a := range t.args {
		n += 1 + len(a.text())
	}
	var b strings.Builder
	b.Grow(n)
	b.WriteString(head)
	for _, a := range t.args {
		b.WriteByte(' ')
		b.WriteString(a.text())
	}
	b.WriteByte(')')
	return b.String()
}

// text writes a sum.
func (p poly) text() string {
	c, rest := p.split()
	return sumText(c, rest)
}

// sumText writes rest + c, the constant last as people do.
func sumText(c *big.Int, rest poly) string {
	switch {
	case len(rest) == 0:
		return numeral(c)
	case len(rest) == 1 && c.Sign() == 0:
		return rest[0].text()
	}
	n := 3
	for _, m := range rest {
		n += len(m.key) + 8
	}
	var b strings.Builder
	b.Grow(n)
	b.WriteString("(+")
	for _, m := range rest {
		b.WriteByte(' ')
		b.WriteString(m.text())
	}
	if c.Sign() != 0 {
		b.WriteByte(' ')
		b.WriteString(numeral(c))
	}
	b.WriteByte(')')
	return b.String()
}

func (m mono) text() string {
	switch {
	case m.coef.Cmp(one) == 0 && len(m.atoms) == 1:
		return m.key
	case m.coef.Cmp(one) == 0:
		return "(* " + m.key + ")"
	}
	return "(* " + numeral(m.coef) + " " + m.key + ")"
}

// sides moves the negative part of p = 0 or p >= 0 over: p is left - right.
func (p poly) sides() (cl, cr *big.Int, left, right poly) {
	c, rest := p.split()
	cl, cr = integer.Of(0), integer.Of(0)
	if c.Sign() < 0 {
		cr = integer.Neg(c)
	} else {
		cl = c
	}
	right = make(poly, 0, len(rest))
	left = make(poly, 0, len(rest))
	for _, m := range rest {
		if m.coef.Sign() > 0 {
			left = append(left, m)
		} else {
			right = append(right, mono{integer.Neg(m.coef), m.atoms, m.key})
		}
	}
	return cl, cr, left, right
}

func (p poly) geText() string {
	cl, cr, left, right := p.sides()
	if cr.Cmp(one) == 0 { // l >= r + 1
		return "(< " + sumText(new(big.Int), right) + " " + sumText(cl, left) + ")"
	}
	return "(<= " + sumText(cr, right) + " " + sumText(cl, left) + ")"
}

func (p poly) eqText() string {
	cl, cr, left, right := p.sides()
	return "(= " + sumText(cl, left) + " " + sumText(cr, right) + ")"
}
