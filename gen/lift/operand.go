package lift

import (
	"encoding/binary"
	"math/big"

	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/gen/lift/insn"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// operand gives a source lane by lane, in the type that the instruction works on.
func (l *lifter) operand(m *machine, f *form, o asm.Operand) (loopir.Expr, error) {
	var v vec
	var err error
	switch o.Kind {
	case asm.Reg:
		if v, err = l.register(f.in, o); err == nil && o.IsElement() {
			v, err = l.oneLane(f, o, v)
		}
	case asm.Mem, asm.Field, asm.Sym:
		n := f.lanes
		if f.bcst {
			n = 1
		}
		v, err = l.memory(m, f, o, n)
		if f.bcst {
			v.lanes = f.lanes
		}
	default:
		return nil, l.errorf(f.in, "this operand is no vector")
	}
	if err != nil {
		return nil, err
	}
	if !isZero(v.e) {
		f.known = min(f.known, v.lanes)
	}
	e := v.e
	if low := e.TypeOf() == loopir.Index && v.bits > f.bits; low {
		v.bits = f.bits
	}
	if n, ok := isBitConst(e); ok {
		if n.Sign() != 0 && v.bits != f.bits {
			return nil, l.errorf(f.in, "lanes of %d bits are used as %d", v.bits, f.bits)
		}
		if t := f.takes(); t.IsFloat() && isArithmetic(f.e) {
			e, ok = asFloat(e, t)
			if !ok {
				return nil, l.errorf(f.in, "these bits are no number that the language writes")
			}
		}
		return e, nil
	}
	if v.bits != f.bits {
		return nil, l.errorf(f.in, "lanes of %d bits are used as %d", v.bits, f.bits)
	}
	if t := f.takes(); isArithmetic(f.e) && t.IsFloat() && e.TypeOf() != t {
		number, ok := asNumber(e, t)
		if !ok {
			return nil, l.errorf(f.in, "an operand holds no %s", t)
		}
		return number, nil
	}
	return e, nil
}

// takes is the type of the operands.
func (f *form) takes() loopir.Type {
	if f.e.Kind == insn.Convert {
		return f.e.From
	}
	return f.e.Elem
}

func isZero(e loopir.Expr) bool {
	n, ok := isBitConst(e)
	return ok && n.Sign() == 0
}

// isArithmetic tells instructions that need numbers from those that move bits.
func isArithmetic(e *insn.Entry) bool {
	return e.Kind == insn.Compare || e.Kind == insn.Convert || e.Kind == insn.LanesImm || e.Kind == insn.Lanes && !e.Bitwise
}

// register gives what a vector register holds.
func (l *lifter) register(in *asm.Inst, o asm.Operand) (vec, error) {
	name := vectorName(o.Reg)
	if name == "" || name[0] != 'Z' {
		return vec{}, l.errorf(in, "%s is no vector register", o.Reg)
	}
	v := l.vecs[name]
	if v.kind == value {
		return v, nil
	}
	own := ""
	if ds := l.webs.uses[key{l.block.id, name}]; v.kind == stored && len(ds) > 0 {
		own = l.names[l.webs.find(ds[0])]
	}
	if own == "" || l.elems[own] == loopir.Invalid {
		return vec{}, l.errorf(in, "%s is read before it is written", o.Reg)
	}
	return vec{kind: value, lanes: l.width[own], bits: l.elems[own].Bits(), e: l.local(own)}, nil
}

func (l *lifter) local(own string) *loopir.Read {
	return &loopir.Read{Name: own, Index: []loopir.Expr{loopir.NewVar(l.lane)}, Type: l.elems[own]}
}

// memory gives n lanes in memory.
func (l *lifter) memory(m *machine, f *form, o asm.Operand, n int) (vec, error) {
	v := vec{kind: value, lanes: n, bits: f.bits}
	var err error
	switch o.Kind {
	case asm.Sym:
		v.e, err = l.constant(f, o, n)
	case asm.Field:
		a, err := l.field(m, f.in, o, int64(f.bits/8))
		if err != nil {
			return vec{}, err
		}
		switch t := f.takes(); {
		case n == 1 && t.Bits() == 64 && t.IsInteger() && a.kind == number:
			v.e = a.p.Expr()
		case a.scalar == nil || n != 1 || a.scalar.TypeOf() != t && !(t.IsInteger() && a.scalar.TypeOf().Bits() == t.Bits()):
			return vec{}, l.errorf(f.in, "%s is no %s", o.Name, t)
		default:
			v.e = a.scalar
		}
	default:
		var r *loopir.Read
		if r, err = l.cellAt(m, f, o, n); err == nil {
			v.e = r
			if f.mask != nil {
				n = f.lanes // a broadcast cell is read if any lane is on
			}
			l.out = append(l.out, item{lanes: n, cond: f.mask, val: r, line: f.in.Line})
		}
	}
	return v, err
}

// cellAt is the array cell of each of n lanes at an address.
func (l *lifter) cellAt(m *machine, f *form, o asm.Operand, n int) (*loopir.Read, error) {
	base, ok := m.words[o.Reg]
	if !ok || base.kind == unset {
		return nil, l.errorf(f.in, "%s is read before it has a known value", o.Reg)
	}
	at, array := base.p, base.array
	if o.Index != "" {
		x, ok := m.words[o.Index]
		switch {
		case !ok || x.kind == unset:
			return nil, l.errorf(f.in, "%s is read before it has a known value", o.Index)
		case x.kind == pointer && base.kind == number && o.Scale == 1:
			array, base.kind = x.array, pointer
		case x.kind != number:
			return nil, l.errorf(f.in, "%s is no number", o.Index)
		}
		at = at.Add(x.p.Scale(big.NewInt(o.Scale)))
	}
	if base.kind != pointer {
		return nil, l.errorf(f.in, "%s points at no array", o.Reg)
	}
	t := l.call.elem(array)
	if own := f.takes(); t != own && !(own.IsInteger() && t.IsValue() && t.Bits() == f.bits && !(isArithmetic(f.e) && t.IsFloat())) {
		return nil, l.errorf(f.in, "%s has other lanes", array)
	}
	at = at.Add(poly.Int(o.Off))
	flat, ok := at.DivExact(poly.Int(int64(f.bits / 8)))
	if !ok {
		return nil, l.errorf(f.in, "the address is no multiple of %d bytes from %s", f.bits/8, array)
	}
	if n > 1 {
		flat = flat.Add(poly.Var(l.lane))
	}
	sc := l.lanes(n)
	if f.mask != nil { // a masked lane only has a cell where it is on
		sc.facts = sc.facts.Assume(f.mask)
	}
	r, err := l.call.cell(array, flat, t, sc)
	if err != nil {
		return nil, l.errorf(f.in, "%v", err)
	}
	r.Span = l.span(f.in.Line)
	return r, nil
}

// lanes is the scope of a lane statement.
func (l *lifter) lanes(n int) scope {
	return l.sc.enter(&loopir.For{Iter: l.lane, Lo: loopir.NewInt(0), Hi: loopir.NewInt(int64(n))})
}

// constant gives n lanes of a read-only symbol: all the same, or integers that grow
// evenly.
func (l *lifter) constant(f *form, o asm.Operand, n int) (loopir.Expr, error) {
	d := l.text.Data[o.Name]
	size := f.bits / 8
	if d == nil || o.Off < 0 || int(o.Off)+n*size > len(d.Bytes) {
		return nil, l.errorf(f.in, "%s has not %d bytes there", o.Name, n*size)
	}
	unsigned := f.takes() == loopir.U8
	lane := func(i int) *big.Int {
		var b [8]byte
		copy(b[:], d.Bytes[int(o.Off)+i*size:][:size])
		v := new(big.Int).SetUint64(binary.LittleEndian.Uint64(b[:]))
		if f.e.Kind != insn.Broadcast && !unsigned && !f.e.Elem.IsFloat() && v.Bit(f.bits-1) == 1 { // negative
			v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(f.bits)))
		}
		return v
	}
	first, step := lane(0), new(big.Int)
	if n > 1 {
		step.Sub(lane(1), first)
	}
	for i := range n {
		v := new(big.Int).Mul(step, big.NewInt(int64(i)))
		if v.Add(v, first).Cmp(lane(i)) != 0 {
			return nil, l.errorf(f.in, "the lanes of %s are neither equal nor evenly spaced", o.Name)
		}
	}
	if step.Sign() == 0 && !(f.e.Kind == insn.Compare && !f.e.Elem.IsFloat()) {
		if first.Sign() < 0 {
			first.Add(first, new(big.Int).Lsh(big.NewInt(1), uint(f.bits)))
		}
		return bitConst(first, f.e.Elem), nil
	}
	if f.e.Elem.IsFloat() {
		return nil, l.errorf(f.in, "the lanes of %s are no integers", o.Name)
	}
	return poly.Const(first).Add(poly.Var(l.lane).Scale(step)).Expr(), nil
}
