package lift

import (
	"encoding/binary"
	"math/big"

	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/gen/lift/insn"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A form is how an instruction is written: its operands without a write mask.
type form struct {
	in    *asm.Inst
	e     *insn.Entry
	src   []asm.Operand // as in the text, last operand left out
	dst   asm.Operand
	lanes int
	bits  int
	mask  loopir.Expr // nil: all lanes
	zero  bool        // masked-off lanes become 0 instead of staying
	bcst  bool
	evex  bool
}

// parse takes the write mask, the suffixes and the width from an instruction.
func (l *lifter) parse(in *asm.Inst, e *insn.Entry) (*form, error) {
	f := &form{in: in, e: e, bits: e.Elem.Bits()}
	if len(in.Args) < 2 {
		return nil, l.errorf(in, "operands are missing")
	}
	f.src, f.dst = append([]asm.Operand(nil), in.Args[:len(in.Args)-1]...), in.Args[len(in.Args)-1]
	for _, s := range in.Sfx {
		switch {
		case s == "Z" && !f.zero:
			f.zero = true
		case s == "BCST" && !f.bcst && e.Kind <= insn.Compare:
			f.bcst = true
		default:
			return nil, l.errorf(in, "unexpected suffix %s", s)
		}
	}
	width := 0
	for _, o := range in.Args {
		if o.Kind != asm.Reg {
			continue
		}
		n, w, ok := asm.IsVector(o.Reg)
		if ok && width != 0 && w != width && e.Kind != insn.Broadcast {
			return nil, l.errorf(in, "registers of different width")
		}
		if ok && w > width {
			width = w
		}
		f.evex = f.evex || ok && (w == 64 || n >= 16)
	}
	if e.Kind == insn.MaskLogic {
		return f, nil
	}
	if f.lanes = width * 8 / max(f.bits, 1); e.Scalar {
		f.lanes = 1
	}
	last := len(f.src) - 1
	if k := f.src[last]; k.Kind == asm.Reg && asm.IsMask(k.Reg) && e.Kind != insn.BlendM {
		if e.Kind == insn.BlendV || e.Kind == insn.MaskMove || e.Kind == insn.FromGeneral || e.Kind == insn.Compare || k.Reg == "K0" || last == 0 {
			return nil, l.errorf(in, "%s can't mask this", k.Reg)
		}
		var err error
		if f.mask, err = l.maskOf(in, k, f.lanes); err != nil {
			return nil, err
		}
		f.src, f.evex = f.src[:last], true
	}
	f.evex = f.evex || f.bcst || f.zero || !e.VEX
	switch {
	case f.zero && f.mask == nil:
		return nil, l.errorf(in, "zeroing needs a mask")
	case f.zero && f.dst.Kind != asm.Reg:
		return nil, l.errorf(in, "memory is not zeroed by a mask")
	case f.evex && !e.EVEX:
		return nil, l.errorf(in, "%s has no such form", in.Op)
	case f.lanes == 0:
		return nil, l.errorf(in, "no vector register among the operands")
	}
	return f, nil
}

// maskOf gives the condition of a mask register for n lanes.
func (l *lifter) maskOf(in *asm.Inst, o asm.Operand, n int) (loopir.Expr, error) {
	v := l.vecs[o.Reg]
	if v.kind != value {
		return nil, l.errorf(in, "%s holds no known mask", o.Reg)
	}
	if v.lanes < n {
		return nil, l.errorf(in, "%s has %d bits, %d are used", o.Reg, v.lanes, n)
	}
	return v.e, nil
}

// vector executes an instruction on vectors and masks.
func (l *lifter) vector(m *machine, in *asm.Inst) error {
	e, _ := insn.Lookup(in.Op)
	if zeroing(in) {
		_, w, ok := asm.IsVector(in.Args[2].Reg)
		if n, w2, ok2 := asm.IsVector(in.Args[0].Reg); !ok || !ok2 || w != w2 || e.Kind != insn.Lanes || n >= 16 && !e.EVEX {
			return l.errorf(in, "wrong operands")
		}
		return l.set(in, in.Args[2], vec{kind: value, lanes: w * 8 / 32, e: bitConst(new(big.Int), e.Elem)})
	}
	f, err := l.parse(in, e)
	if err != nil {
		return err
	}
	switch e.Kind {
	case insn.Lanes:
		return l.lanewise(m, f)
	case insn.Compare:
		return l.comparison(m, f)
	case insn.Move:
		return l.moveLanes(m, f)
	case insn.Broadcast:
		return l.broadcast(m, f)
	case insn.MaskMove:
		return l.maskMove(m, f)
	case insn.Permute:
		return l.permute(m, f)
	case insn.BlendV, insn.BlendM:
		return l.blend(m, f)
	case insn.FromGeneral:
		return l.fromGeneral(m, f)
	case insn.MaskLogic:
		return l.maskLogic(f)
	}
	return l.errorf(in, "%s has no meaning here", in.Op)
}

func (l *lifter) want(f *form, n int) error {
	if len(f.src) != n {
		return l.errorf(f.in, "%d operands before the last, not %d", n, len(f.src))
	}
	for i, o := range f.src {
		if o.Kind != asm.Reg && i > 0 && !(i == 1 && f.src[0].Kind == asm.Imm) {
			return l.errorf(f.in, "only the first operand may be memory")
		}
	}
	return nil
}

func (l *lifter) lanewise(m *machine, f *form) error {
	n := f.e.Args
	if f.e.Dst {
		n--
	}
	if err := l.want(f, n); err != nil {
		return err
	}
	var args []loopir.Expr // in the manual's order
	if f.e.Dst {
		old, err := l.operand(m, f, f.dst)
		if err != nil {
			return err
		}
		args = append(args, old)
	}
	for i := len(f.src) - 1; i >= 0; i-- {
		x, err := l.operand(m, f, f.src[i])
		if err != nil {
			return err
		}
		args = append(args, x)
	}
	return l.result(m, f, tidy(l.ordered(f.e.Effect(args...))))
}

// ordered puts the factors of a product in an order that does not depend on which
// operand was which: the result is the same.
func (l *lifter) ordered(e loopir.Expr) loopir.Expr {
	i, ok := e.(*loopir.Intrinsic)
	if !ok || i.Name != "fma" {
		return e
	}
	x, y := loopir.FormatExpr(l.blank(i.Args[0])), loopir.FormatExpr(l.blank(i.Args[1]))
	if x > y {
		i.Args[0], i.Args[1] = i.Args[1], i.Args[0]
	}
	return i
}

// result puts a lane's value into the destination, under the write mask.
func (l *lifter) result(m *machine, f *form, e loopir.Expr) error {
	if f.mask == nil {
		return l.set(f.in, f.dst, vec{kind: value, lanes: f.lanes, bits: f.bits, e: e})
	}
	var other loopir.Expr
	if f.zero {
		zero, _ := asFloat(bitConst(new(big.Int), e.TypeOf()), e.TypeOf())
		other = zero
	} else {
		old, err := l.operand(m, &form{in: f.in, e: f.e, lanes: f.lanes, bits: f.bits}, f.dst)
		if err != nil {
			return err
		}
		other = old
	}
	e, ok := asFloat(e, f.e.Elem)
	if !ok || !f.e.Elem.IsFloat() {
		return l.errorf(f.in, "only numbers are masked")
	}
	return l.set(f.in, f.dst, vec{kind: value, lanes: f.lanes, bits: f.bits, e: choose(f.mask, e, other)})
}

func choose(c, a, b loopir.Expr) loopir.Expr {
	return &loopir.Intrinsic{Name: "select", Args: []loopir.Expr{c, a, b}, Type: a.TypeOf()}
}

// set gives a vector or mask register a new value. An accumulator that is built up
// in one block keeps its steps apart: each is a statement of its own.
func (l *lifter) set(in *asm.Inst, o asm.Operand, v vec) error {
	name := ""
	if o.Kind == asm.Reg {
		name = vectorName(o.Reg)
	}
	if name == "" {
		return l.errorf(in, "the last operand is a register")
	}
	if cur := l.vecs[name]; cur.kind == value && name[0] == 'Z' {
		if own := l.webName(name); own != "" && readsName(cur.e, own) && readsName(v.e, own) {
			if err := l.step(in, name, own); err != nil {
				return err
			}
			// The value was made from the register's old expression, which the local
			// holds now.
			v.e = replaceExpr(v.e, cur.e, l.local(own))
			if readsStale(v.e, own, l.local(own)) {
				return l.errorf(in, "the old value of %s is used beside the new one", name)
			}
		}
	}
	l.vecs[name] = v
	return nil
}

// operand gives a source lane by lane, in the type that the instruction works on.
func (l *lifter) operand(m *machine, f *form, o asm.Operand) (loopir.Expr, error) {
	var v vec
	var err error
	switch o.Kind {
	case asm.Reg:
		v, err = l.register(f.in, o)
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
	if v.lanes < f.lanes && !isZero(v.e) {
		return nil, l.errorf(f.in, "%s: %d lanes are used, %d are known", o.Reg, f.lanes, v.lanes)
	}
	e := v.e
	if n, ok := isBitConst(e); ok {
		if n.Sign() != 0 && v.bits != f.bits {
			return nil, l.errorf(f.in, "lanes of %d bits are used as %d", v.bits, f.bits)
		}
		if f.e.Elem.IsFloat() && f.e.Effect != nil && isArithmetic(f.e) || f.e.Kind == insn.Compare && f.e.Elem.IsFloat() {
			e, ok = asFloat(e, f.e.Elem)
			if !ok {
				return nil, l.errorf(f.in, "these bits are no number that the language writes")
			}
		}
		return e, nil
	}
	if v.bits != f.bits {
		return nil, l.errorf(f.in, "lanes of %d bits are used as %d", v.bits, f.bits)
	}
	if t := e.TypeOf(); isArithmetic(f.e) && f.e.Elem.IsFloat() && t != f.e.Elem {
		return nil, l.errorf(f.in, "an operand holds no %s", f.e.Elem)
	}
	return e, nil
}

func isZero(e loopir.Expr) bool {
	n, ok := isBitConst(e)
	return ok && n.Sign() == 0
}

// isArithmetic tells instructions that need numbers from those that move bits.
func isArithmetic(e *insn.Entry) bool {
	switch e.Kind {
	case insn.Compare:
		return true
	case insn.Lanes:
		switch e.Op[:3] {
		case "VAN", "VOR", "VXO", "VPA", "VPO", "VPX":
			return false
		}
		return true
	}
	return false
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
		if a.scalar == nil || n != 1 || a.scalar.TypeOf() != f.e.Elem {
			return vec{}, l.errorf(f.in, "%s is no %s", o.Name, f.e.Elem)
		}
		v.e = a.scalar
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
	if !f.e.Elem.IsFloat() {
		return nil, l.errorf(f.in, "only numbers are read from arrays and written to them")
	}
	at = at.Add(poly.Int(o.Off))
	flat, ok := at.DivExact(poly.Int(int64(f.bits / 8)))
	if !ok {
		return nil, l.errorf(f.in, "the address is no multiple of %d bytes from %s", f.bits/8, array)
	}
	if n > 1 {
		flat = flat.Add(poly.Var(l.lane))
	}
	r, err := l.call.cell(array, flat, f.e.Elem, l.lanes(n))
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
	lane := func(i int) *big.Int {
		var b [8]byte
		copy(b[:], d.Bytes[int(o.Off)+i*size:][:size])
		return new(big.Int).SetUint64(binary.LittleEndian.Uint64(b[:]))
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
		return bitConst(first, f.e.Elem), nil
	}
	if f.e.Elem.IsFloat() || lane(n-1).BitLen() >= f.bits || first.BitLen() >= f.bits {
		return nil, l.errorf(f.in, "the lanes of %s are no small integers", o.Name)
	}
	return poly.Const(first).Add(poly.Var(l.lane).Scale(step)).Expr(), nil
}

func (l *lifter) comparison(m *machine, f *form) error {
	effect := f.e.Effect
	if f.e.Preds != nil {
		if len(f.src) == 0 || f.src[0].Kind != asm.Imm {
			return l.errorf(f.in, "the first operand is the predicate")
		}
		op, ok := f.e.Preds[f.src[0].Off]
		if !ok {
			return l.errorf(f.in, "the predicate %d has no operator in the language", f.src[0].Off)
		}
		effect = func(x ...loopir.Expr) loopir.Expr {
			return &loopir.Binary{Op: op, X: x[0], Y: x[1], Type: loopir.Bool}
		}
		f.src = f.src[1:]
	}
	if err := l.want(f, 2); err != nil {
		return err
	}
	if f.dst.Kind == asm.Reg && asm.IsMask(f.dst.Reg) != (f.evex && f.e.EVEX || f.lanes*f.bits == 512) {
		return l.errorf(f.in, "the result has no such form")
	}
	x, err := l.operand(m, f, f.src[1])
	if err != nil {
		return err
	}
	y, err := l.operand(m, f, f.src[0])
	if err != nil {
		return err
	}
	want := loopir.Index
	if f.e.Elem.IsFloat() {
		want = f.e.Elem
	}
	if x.TypeOf() != want || y.TypeOf() != want {
		return l.errorf(f.in, "the operands can't be compared")
	}
	return l.set(f.in, f.dst, vec{kind: value, lanes: f.lanes, bits: f.bits, e: effect(x, y)})
}

func (l *lifter) moveLanes(m *machine, f *form) error {
	if err := l.want(f, 1); err != nil {
		return err
	}
	src := f.src[0]
	if (src.Kind == asm.Mem || f.dst.Kind == asm.Mem) && (f.in.Op == "VMOVAPS" || f.in.Op == "VMOVAPD") {
		return l.errorf(f.in, "nothing is known of the alignment of arrays")
	}
	if f.dst.Kind == asm.Mem {
		if src.Kind != asm.Reg {
			return l.errorf(f.in, "a register is stored")
		}
		return l.store(m, f, src)
	}
	if f.e.Scalar && src.Kind == asm.Reg {
		return l.errorf(f.in, "a scalar move between registers is not read")
	}
	e, err := l.operand(m, f, src)
	if err != nil {
		return err
	}
	if n, w, ok := asm.IsVector(f.dst.Reg); !ok || n > 31 || f.e.Scalar && w != 16 {
		return l.errorf(f.in, "the last operand is a vector register")
	}
	return l.result(m, f, e)
}

func (l *lifter) broadcast(m *machine, f *form) error {
	if err := l.want(f, 1); err != nil {
		return err
	}
	src := f.src[0]
	var v vec
	var err error
	switch {
	case src.Kind != asm.Reg:
		if !f.e.Elem.IsFloat() && src.Kind != asm.Sym {
			return l.errorf(f.in, "only numbers are read from arrays")
		}
		v, err = l.memory(m, f, src, 1)
	case vectorName(src.Reg) == "":
		if f.e.Elem.IsFloat() || !f.evex && f.lanes*f.bits != 512 && !f.e.EVEX {
			return l.errorf(f.in, "%s is no vector register", src.Reg)
		}
		v, err = l.integer(m, f, src)
	default:
		if _, w, _ := asm.IsVector(src.Reg); w != 16 {
			return l.errorf(f.in, "the source is an X register")
		}
		v, err = l.register(f.in, src)
		if err == nil {
			v.e = loopir.Subst(v.e, map[string]loopir.Expr{l.lane: loopir.NewInt(0)})
		}
	}
	if err != nil {
		return err
	}
	if _, isConst := isBitConst(v.e); v.bits != f.bits && !isConst {
		return l.errorf(f.in, "lanes of %d bits are used as %d", v.bits, f.bits)
	}
	if f.mask != nil {
		return l.result(m, f, v.e)
	}
	return l.set(f.in, f.dst, vec{kind: value, lanes: f.lanes, bits: f.bits, e: v.e})
}

// integer puts a general register into lanes, as which it is a signed number.
func (l *lifter) integer(m *machine, f *form, o asm.Operand) (vec, error) {
	w, err := l.load(m, f.in, o)
	if err != nil {
		return vec{}, err
	}
	if w.kind != number {
		return vec{}, l.errorf(f.in, "%s is no number", o.Reg)
	}
	lo, hi := l.sc.facts.PolyBounds(w.p)
	limit := new(big.Int).Lsh(big.NewInt(1), uint(f.bits-1))
	if lo == nil || hi == nil || lo.Cmp(new(big.Int).Neg(limit)) < 0 || hi.Cmp(limit) >= 0 {
		e, b := w.p.Expr(), poly.Const(limit).Expr()
		l.call.oblige(l.span(f.in.Line), "lane/fits", l.sc, loopir.Bin(loopir.And, loopir.Bin(loopir.Ge, e, poly.Const(limit).Neg().Expr()), loopir.Bin(loopir.Lt, e, b)))
	}
	return vec{kind: value, lanes: 1, bits: f.bits, e: w.p.Expr()}, nil
}

func (l *lifter) fromGeneral(m *machine, f *form) error {
	if err := l.want(f, 1); err != nil {
		return err
	}
	if n, w, ok := asm.IsVector(f.dst.Reg); !ok || w != 16 || n > 15 || vectorName(f.src[0].Reg) != "" {
		return l.errorf(f.in, "wrong operands")
	}
	v, err := l.integer(m, f, f.src[0])
	if err != nil {
		return err
	}
	return l.set(f.in, f.dst, v)
}

func (l *lifter) maskMove(m *machine, f *form) error {
	if len(f.src) != 2 || f.src[1].Kind != asm.Reg {
		return l.errorf(f.in, "wrong operands")
	}
	load := f.dst.Kind == asm.Reg
	k, err := l.register(f.in, f.src[1])
	if err != nil {
		return err
	}
	if k.e.TypeOf() != loopir.Bool || k.bits != f.bits || k.lanes < f.lanes {
		return l.errorf(f.in, "%s holds no mask for %d lanes", f.src[1].Reg, f.lanes)
	}
	f.mask = k.e
	if !load {
		if f.src[0].Kind != asm.Reg || f.dst.Kind != asm.Mem {
			return l.errorf(f.in, "wrong operands")
		}
		return l.store(m, f, f.src[0])
	}
	if f.src[0].Kind != asm.Mem {
		return l.errorf(f.in, "wrong operands")
	}
	v, err := l.memory(m, f, f.src[0], f.lanes)
	if err != nil {
		return err
	}
	f.zero = true
	return l.result(m, f, v.e)
}

// permute picks lanes by constant numbers.
func (l *lifter) permute(m *machine, f *form) error {
	if err := l.want(f, 2); err != nil {
		return err
	}
	if f.mask != nil {
		return l.errorf(f.in, "a masked permutation is not read")
	}
	if f.src[0].Kind == asm.Imm {
		if f.in.Op != "VPERMPD" || f.lanes != 4 {
			return l.errorf(f.in, "wrong operands")
		}
		b := f.src[0].Off
		if b < 0 || b > 255 || b&3 != b>>2&3 || b&15 != b>>4 {
			return l.errorf(f.in, "only one lane to all is read")
		}
		v, err := l.register(f.in, f.src[1])
		if err != nil {
			return err
		}
		return l.pick(f, v, loopir.NewInt(b&3))
	}
	if f.e.Elem == loopir.F64 && !f.evex {
		f.evex = true
	}
	src, err := l.operand(m, f, f.src[0])
	if err != nil {
		return err
	}
	ix, err := l.register(f.in, f.src[1])
	if err != nil {
		return err
	}
	n, isConst := isBitConst(ix.e)
	if !isConst || ix.bits != f.bits && n.Sign() != 0 {
		return l.errorf(f.in, "only one lane to all is read")
	}
	k := new(big.Int).And(n, big.NewInt(int64(f.lanes-1)))
	return l.pick(f, vec{kind: value, lanes: f.lanes, bits: f.bits, e: src}, loopir.NewInt(k.Int64()))
}

func (l *lifter) pick(f *form, v vec, lane loopir.Expr) error {
	if v.bits != f.bits || v.lanes < f.lanes {
		return l.errorf(f.in, "the lanes do not fit")
	}
	v.e = loopir.Subst(v.e, map[string]loopir.Expr{l.lane: lane})
	return l.set(f.in, f.dst, v)
}

func (l *lifter) blend(m *machine, f *form) error {
	if len(f.src) != 3 || f.src[1].Kind != asm.Reg || f.src[2].Kind != asm.Reg {
		return l.errorf(f.in, "wrong operands")
	}
	yes, no := f.src[0], f.src[1] // BlendM: then, else, mask
	var c loopir.Expr
	if f.e.Kind == insn.BlendM {
		var err error
		if c, err = l.maskOf(f.in, f.src[2], f.lanes); err != nil {
			return err
		}
	} else {
		k, err := l.register(f.in, f.src[0])
		if err != nil {
			return err
		}
		if k.e.TypeOf() != loopir.Bool || k.bits != f.bits || k.lanes < f.lanes {
			return l.errorf(f.in, "%s holds no mask for %d lanes", f.src[0].Reg, f.lanes)
		}
		c, yes, no = k.e, f.src[1], f.src[2]
	}
	a, err := l.operand(m, f, yes)
	if err != nil {
		return err
	}
	b, err := l.operand(m, f, no)
	if err != nil {
		return err
	}
	a, okA := asFloat(a, f.e.Elem)
	b, okB := asFloat(b, f.e.Elem)
	if !okA || !okB {
		return l.errorf(f.in, "only numbers are blended")
	}
	return l.set(f.in, f.dst, vec{kind: value, lanes: f.lanes, bits: f.bits, e: tidy(choose(c, a, b))})
}

func (l *lifter) maskLogic(f *form) error {
	if len(f.src) != f.e.Args {
		return l.errorf(f.in, "wrong operands")
	}
	lanes := 16
	var args []loopir.Expr
	for i := len(f.src) - 1; i >= 0; i-- {
		o := f.src[i]
		if o.Kind != asm.Reg || !asm.IsMask(o.Reg) {
			return l.errorf(f.in, "wrong operands")
		}
		v := l.vecs[o.Reg]
		if v.kind != value {
			return l.errorf(f.in, "%s holds no known mask", o.Reg)
		}
		lanes = min(lanes, v.lanes)
		args = append(args, v.e)
	}
	return l.set(f.in, f.dst, vec{kind: value, lanes: lanes, e: f.e.Effect(args...)})
}
