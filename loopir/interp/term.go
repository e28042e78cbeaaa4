package interp

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// A TermID names a term of a Terms; equal terms have equal IDs. 0 is none.
type TermID uint64

// A Term is a symbolic value: an operator applied to terms. No arithmetic is
// done on terms, but that the minus of a literal is a literal.
//
// Op is an operator or function of the language, or
//
//	"in"         the initial content of cell Cell of parameter Name, nil for a scalar
//	"pad"        the content of padding cell Cell of the packed array Name
//	"lit"        the literal with the bits Bits
//	"cast"       a conversion to Type
//	"select"     Args[0] ? Args[1] : Args[2]
//	"call"       the uninterpreted function Name
//	"undefined"  no value
//	"sum", "prod", "least", "largest"  sorted arguments, by Canon only
type Term struct {
	Op   string
	Type loopir.Type
	Args []TermID
	Name string
	Cell []int
	Bits uint64
}

// Terms is a table of terms. Runs that share a table can be compared. It must
// not be used concurrently.
type Terms struct {
	nodes []Term
	ids   map[string]TermID
	canon [2]map[TermID]TermID
	funcs map[string]*loopir.Func
	max   int
}

// NewTerms makes an empty table.
func NewTerms() *Terms {
	t := &Terms{nodes: make([]Term, 1), ids: map[string]TermID{}, funcs: map[string]*loopir.Func{}, max: 1 << 23}
	for m := range t.canon {
		t.canon[m] = map[TermID]TermID{}
	}
	return t
}

// Node is the term itself.
func (t *Terms) Node(id TermID) Term { return t.nodes[id] }

// Len is the number of terms.
func (t *Terms) Len() int { return len(t.nodes) - 1 }

func (t *Terms) make(n Term) TermID {
	key := make([]byte, 0, 64)
	key = append(key, n.Op...)
	key = append(key, 0, byte(n.Type))
	key = append(key, n.Name...)
	key = append(key, 0)
	key = strconv.AppendUint(key, n.Bits, 36)
	for _, a := range n.Args {
		key = append(key, ' ')
		key = strconv.AppendUint(key, uint64(a), 36)
	}
	for _, i := range n.Cell {
		key = append(key, ',')
		key = strconv.AppendInt(key, int64(i), 36)
	}
	if id, ok := t.ids[string(key)]; ok {
		return id
	}
	if len(t.nodes) > t.max {
		raise(TooLarge, loopir.Span{}, "more than %d symbolic values", t.max)
	}
	id := TermID(len(t.nodes))
	t.nodes = append(t.nodes, n)
	t.ids[string(key)] = id
	return id
}

func (t *Terms) op(op string, typ loopir.Type, args ...TermID) TermID {
	return t.make(Term{Op: op, Type: typ, Args: args})
}

func (t *Terms) lit(typ loopir.Type, bits uint64) TermID {
	return t.make(Term{Op: "lit", Type: typ, Bits: bits})
}

// String writes a term in the language's syntax, cut off when it gets long.
func (t *Terms) String(id TermID) string {
	var b strings.Builder
	t.write(&b, id)
	return b.String()
}

const maxTermText = 400

func (t *Terms) write(b *strings.Builder, id TermID) {
	if b.Len() > maxTermText {
		if s := b.String(); !strings.HasSuffix(s, "...") {
			b.WriteString("...")
		}
		return
	}
	n := t.nodes[id]
	switch n.Op {
	case "in":
		b.WriteString(CellName(n.Name, n.Cell))
	case "pad":
		b.WriteString("padding " + CellName(n.Name, n.Cell))
	case "lit":
		b.WriteString(Value{n.Type, n.Bits}.String())
	case "sum", "prod":
		t.list(b, n.Args, "(", map[string]string{"sum": " + ", "prod": "*"}[n.Op])
	case "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "!":
		if len(n.Args) == 2 {
			t.list(b, n.Args, "(", " "+n.Op+" ")
			return
		}
		b.WriteString(n.Op)
		t.write(b, n.Args[0])
	default:
		name := n.Op
		switch n.Op {
		case "cast":
			name = n.Type.String()
		case "call":
			name = n.Name
		case "least":
			name = "min"
		case "largest":
			name = "max"
		}
		t.list(b, n.Args, name+"(", ", ")
	}
}

func (t *Terms) list(b *strings.Builder, args []TermID, open, sep string) {
	b.WriteString(open)
	for i, a := range args {
		if i > 0 {
			b.WriteString(sep)
		}
		t.write(b, a)
	}
	b.WriteString(")")
}

// Eval computes a term, leaf giving the values of "in" and "pad" terms. A term
// made by Canon can't be computed.
func (t *Terms) Eval(id TermID, leaf func(Term) Value) (v Value, err error) {
	memo := map[TermID]uint64{}
	var eval func(TermID) (uint64, error)
	eval = func(id TermID) (uint64, error) {
		if v, ok := memo[id]; ok {
			return v, nil
		}
		n := t.nodes[id]
		args := make([]uint64, len(n.Args))
		for i, a := range n.Args {
			if n.Op == "select" && i > 0 && (args[0] != 0) != (i == 1) {
				continue
			}
			var err error
			if args[i], err = eval(a); err != nil {
				return 0, err
			}
		}
		v, err := t.compute(n, args, leaf)
		memo[id] = v
		return v, err
	}
	bits, err := eval(id)
	return Value{t.nodes[id].Type, bits}, err
}

func (t *Terms) compute(n Term, args []uint64, leaf func(Term) Value) (uint64, error) {
	d := concrete{}
	switch n.Op {
	case "in", "pad":
		return leaf(n).Bits, nil
	case "lit":
		return n.Bits, nil
	case "cast":
		return d.cast(t.nodes[n.Args[0]].Type, n.Type)(args[0]), nil
	case "select":
		return d.choose(n.Type, args[0], args[1], args[2]), nil
	case "fma":
		return d.fma(n.Type)(args[0], args[1], args[2]), nil
	case "call":
		return d.apply(t.funcs[n.Name], args), nil
	case "undefined", "sum", "prod", "least", "largest":
		return 0, fmt.Errorf("interp: a term of kind %s has no value", n.Op)
	}
	typ := t.nodes[n.Args[0]].Type // of a comparison, that of its operands
	if len(args) == 1 {
		return d.unary(n.Op, typ)(args[0]), nil
	}
	if typ.IsInteger() && (n.Op == "/" || n.Op == "%") && args[1] == 0 {
		return 0, &Fault{Kind: DivisionByZero, Err: loopir.Errorf(loopir.Span{}, "integer divided by zero")}
	}
	return d.binary(n.Op, typ)(args[0], args[1]), nil
}
