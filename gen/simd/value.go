package simd

import (
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// A stmt is one vector statement: dst = rhs on all lanes, a prefetch, or the
// end of a local's life.
type stmt struct {
	lanes    int64 // 0: one value, the same in every lane
	dst, rhs *value
	prefetch int // level
	end      *local
}

// A value is an expression over vectors.
type value struct {
	op   valueOp
	args []*value    // comparisons compare those of one type
	at   place       // opLoad, opNumber
	typ  loopir.Type // of a comparison or junction: none
	vec  bool        // opLoad: lanes next to each other, else one cell for all
	cell cell        // opCell, opLane
	text string      // opConst: the literal; opScalar: the argument
	step int64       // opIota; opShl and opShr: by how many bits
	need int         // registers that its evaluation takes, once counted
}

type valueOp uint8

const (
	opLoad   valueOp = iota // or, as a destination, a store
	opCell                  // of a local in registers
	opLane                  // one lane of a cell, in all lanes
	opConst                 //
	opScalar                // an argument
	opNumber                // a number that loops move, in all lanes
	opIota                  // step times the number of the lane
	opCast
	opAdd
	opSub
	opMul
	opDiv
	opMin
	opMax
	opFMA // args[0]*args[1] + args[2]
	opSqrt
	opAbs
	opNeg
	opRound // to an integer, ties to even
	opFloor
	opCeil
	opTrunc
	opBitcast
	opBitAnd
	opBitOr
	opBitXor
	opBitNot
	opShl
	opShr
	opSelect // args[0] is a comparison or a junction of some
	opEq
	opNe
	opLt
	opLe
	opGt
	opGe
	opAnd
	opOr
	opNot
)

// needs counts the registers that an evaluation takes, as if nothing were shared (the rule
// of Sethi and Ullman).
func (v *value) needs() int {
	switch {
	case v.op == opCell || v.need > 0:
		return v.need
	case len(v.args) == 0:
		v.need = 1
		return 1
	}
	held := 0
	for _, i := range byNeed(v.args) {
		a := v.args[i]
		v.need = max(v.need, held+a.needs())
		if a.op != opCell {
			held++
		}
	}
	v.need = max(v.need, 1)
	return v.need
}

// byNeed is the order of values in which those that need most come first.
func byNeed(of []*value) []int {
	order := make([]int, len(of))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return of[j].needs() - of[i].needs() })
	return order
}

func (l *lowerer) assign(s *loopir.Assign) ([]node, error) {
	if sel := indexChoice(s.RHS); sel != nil {
		return l.assignChoice(s, sel)
	}
	if m := l.clamped(s.RHS); m != nil {
		return l.assignClamped(s, m)
	}
	dst, err := l.read(s.LHS)
	if err != nil {
		return nil, err
	}
	rhs, err := l.value(s.RHS)
	if err != nil {
		return nil, err
	}
	if dst.op == opLane {
		return nil, unsupported(s.Span, "one lane of %s is written", s.LHS.Name)
	}
	if dst.op == opScalar {
		return nil, unsupported(s.Span, "%s is declared outside of what would be assembly", s.LHS.Name)
	}
	if l.lanes > 0 && dst.op == opLoad && !dst.vec {
		return nil, unsupported(s.Span, "every lane writes the same cell of %s", s.LHS.Name)
	}
	if l.lanes > 0 && dst.op == opCell && !dst.cell.vec {
		return nil, unsupported(s.Span, "every lane writes the same element of %s", s.LHS.Name)
	}
	if s.Op != loopir.Set {
		op := map[loopir.AssignOp]valueOp{
			loopir.AddTo: opAdd, loopir.SubTo: opSub, loopir.MulTo: opMul, loopir.DivTo: opDiv,
			loopir.MinTo: opMin, loopir.MaxTo: opMax,
		}[s.Op]
		if rhs, err = l.combine(op, s.Span, dst, rhs); err != nil {
			return nil, err
		}
	}
	return []node{&block{stmts: []*stmt{{lanes: l.lanes, dst: dst, rhs: rhs}}}}, nil
}

func (l *lowerer) prefetch(s *loopir.Prefetch) ([]node, error) {
	if l.arrays[s.Cell.Name] == nil {
		return nil, nil // a local in registers has no address
	}
	at, _, err := l.cell(s.Cell)
	if err != nil {
		return nil, err
	}
	return []node{&block{stmts: []*stmt{{dst: &value{op: opLoad, typ: s.Cell.Type, at: at}, prefetch: s.Level}}}}, nil
}

// read gives the value of a cell or scalar.
func (l *lowerer) read(r *loopir.Read) (*value, error) {
	if err := l.known(r.Type, r.Span); err != nil {
		return nil, err
	}
	if v := l.bound[r.Name]; v != nil { // in a function, which knows no other names
		return v, nil
	}
	if loc := l.locals[r.Name]; loc != nil {
		c, err := l.localCell(loc, r)
		if c.vec && l.lanes == 0 {
			c.one = true
			return &value{op: opLane, typ: r.Type, cell: c}, err
		}
		return &value{op: opCell, typ: r.Type, cell: c}, err
	}
	if r.Index == nil && l.arrays[r.Name] != nil { // a scalar that is to be a cell
		r = cellOf(r)
	}
	if r.Index == nil {
		return &value{op: opScalar, typ: r.Type, text: l.args.scalar(r.Name, r.Type)}, nil
	}
	at, contiguous, err := l.cell(r)
	return &value{op: opLoad, typ: r.Type, at: at, vec: contiguous}, err
}

var binaryOps = map[loopir.Op]valueOp{
	loopir.Add: opAdd, loopir.Sub: opSub, loopir.Mul: opMul, loopir.Div: opDiv,
	loopir.Eq: opEq, loopir.Ne: opNe, loopir.Lt: opLt, loopir.Le: opLe, loopir.Gt: opGt, loopir.Ge: opGe,
	loopir.And: opAnd, loopir.Or: opOr,
}

var intrinsics = map[string]valueOp{
	"min": opMin, "max": opMax, "sqrt": opSqrt, "abs": opAbs, "fma": opFMA, "select": opSelect,
	"round": opRound, "floor": opFloor, "ceil": opCeil, "trunc": opTrunc, "bitcast": opBitcast,
	"and": opBitAnd, "or": opBitOr, "xor": opBitXor, "not": opBitNot, "shl": opShl, "shr": opShr,
}

func (l *lowerer) value(e loopir.Expr) (*value, error) {
	switch e := e.(type) {
	case *loopir.Read:
		return l.read(e)
	case *loopir.Float:
		return &value{op: opConst, typ: e.Type, text: e.Text}, l.known(e.Type, e.Span)
	case *loopir.Int:
		return &value{op: opConst, typ: e.Type, text: e.Value.String()}, l.known(e.Type, e.Span)
	case *loopir.Binary:
		if op, ok := binaryOps[e.Op]; ok && e.X.TypeOf() != loopir.Index {
			return l.apply(op, e.Span, e.X, e.Y)
		}
	case *loopir.Unary:
		if e.Op == loopir.Neg {
			return l.apply(opNeg, e.Span, e.X)
		}
		return l.apply(opNot, e.Span, e.X)
	case *loopir.Intrinsic:
		if fn := l.funcs[e.Name]; fn != nil {
			return l.called(fn, e)
		}
		if op, ok := intrinsics[e.Name]; ok {
			return l.intrinsic(op, e)
		}
		return nil, unsupported(e.Span, "there are no instructions for %s", e.Name)
	case *loopir.Cast:
		switch {
		case e.X.TypeOf() == e.To:
			return l.value(e.X)
		case e.X.TypeOf() == loopir.Index:
			return l.indexValue(e)
		}
		return l.cast(e)
	}
	return nil, unsupported(e.Source(), "this expression")
}

// apply lowers an operator.
func (l *lowerer) apply(op valueOp, at loopir.Span, es ...loopir.Expr) (*value, error) {
	args := make([]*value, len(es))
	for i, e := range es {
		var err error
		if args[i], err = l.value(e); err != nil {
			return nil, err
		}
	}
	return l.combine(op, at, args...)
}

// combine is an operator on values; min and max of several associate to the left.
func (l *lowerer) combine(op valueOp, at loopir.Span, args ...*value) (*value, error) {
	t := args[len(args)-1].typ
	switch {
	case op == opNeg && args[0].op == opConst:
		text, negative := strings.CutPrefix(args[0].text, "-")
		if !negative {
			text = "-" + text
		}
		return &value{op: opConst, typ: t, text: text}, nil
	case op == opDiv && t.IsInteger():
		return nil, unsupported(at, "there are no instructions to divide integers")
	case op == opAbs && t == loopir.U8:
		return args[0], nil
	case op >= opEq:
		t = loopir.Bool
	}
	for (op == opMin || op == opMax) && len(args) > 2 {
		first := &value{op: op, typ: t, args: args[:2:2]}
		args = append([]*value{first}, args[2:]...)
	}
	return &value{op: op, typ: t, args: args}, nil
}
