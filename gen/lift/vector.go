package lift

import (
	"math/big"

	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/gen/lift/insn"
	"github.com/loopopt/loopopt/loopir"
)

// A form is how an instruction is written: its operands without a write mask.
type form struct {
	in    *asm.Inst
	e     *insn.Entry
	src   []asm.Operand // as in the text, last operand left out
	dst   asm.Operand
	lanes int // of the registers
	known int // of them, those whose values are
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
		if ok && width != 0 && w != width && e.Kind != insn.Broadcast && e.Kind != insn.Convert {
			return nil, l.errorf(in, "registers of different width")
		}
		if ok && w > width {
			width = w
		}
		general := !ok && !asm.IsMask(o.Reg) && e.Kind == insn.Broadcast
		f.evex = f.evex || ok && (w == 64 || n >= 16) || general
	}
	f.evex = f.evex || e.Kind == insn.Compare && asm.IsMask(f.dst.Reg)
	if e.Kind == insn.MaskLogic {
		return f, nil
	}
	if f.lanes = width * 8 / max(f.bits, e.From.Bits(), 1); e.Scalar {
		f.lanes = 1
	}
	if err := l.widths(f, width); err != nil {
		return nil, err
	}
	last := len(f.src) - 1
	if k := f.src[last]; k.Kind == asm.Reg && asm.IsMask(k.Reg) && e.Kind != insn.BlendM {
		if e.Kind == insn.BlendV || e.Kind == insn.MaskMove || e.Kind == insn.FromGeneral || e.Kind == insn.Compare && f.zero || k.Reg == "K0" || last == 0 {
			return nil, l.errorf(in, "%s can't mask this", k.Reg)
		}
		var err error
		if f.mask, f.lanes, err = l.maskOf(in, k, f.lanes); err != nil {
			return nil, err
		}
		f.src, f.evex = f.src[:last], true
	}
	f.evex, f.known = f.evex || f.bcst || f.zero || !e.VEX, f.lanes
	switch {
	case f.zero && f.mask == nil:
		return nil, l.errorf(in, "zeroing needs a mask")
	case f.zero && f.dst.Kind != asm.Reg:
		return nil, l.errorf(in, "memory is not zeroed by a mask")
	case f.bcst && f.bits < 32:
		return nil, l.errorf(in, "bytes and words have no embedded broadcast")
	case f.evex && !e.EVEX:
		return nil, l.errorf(in, "%s has no such form", in.Op)
	case f.lanes == 0:
		return nil, l.errorf(in, "no vector register among the operands")
	}
	return f, nil
}

// widths checks the registers of a conversion: each has room for all lanes, and is the
// smallest that has.
func (l *lifter) widths(f *form, width int) error {
	if f.e.Kind != insn.Convert {
		return nil
	}
	if f.e.Width != 0 && f.e.Width != width {
		return l.errorf(f.in, "the name tells another width")
	}
	for i, o := range f.in.Args {
		bits := f.e.From.Bits()
		if i == len(f.in.Args)-1 {
			bits = f.bits
		}
		if _, w, ok := asm.IsVector(o.Reg); o.Kind == asm.Reg && ok && w != max(16, f.lanes*bits/8) {
			return l.errorf(f.in, "registers of the wrong width")
		}
	}
	return nil
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
	var f *form
	var err error
	if l.arch == "arm64" {
		f, err = l.parseARM64(m, in, e)
	} else {
		f, err = l.parse(in, e)
	}
	if err != nil {
		return err
	}
	if e.Any && l.arch == "amd64" {
		l.sized(m, f)
	}
	switch e.Kind {
	case insn.Lanes:
		return l.lanewise(m, f)
	case insn.LanesImm:
		return l.byImmediate(m, f)
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
	case insn.Element:
		return l.element(f)
	case insn.Convert:
		return l.convert(m, f)
	case insn.FromGeneral:
		return l.fromGeneral(m, f)
	case insn.Extract:
		return l.extract(m, f)
	case insn.MaskLogic:
		return l.maskLogic(f)
	}
	return l.errorf(in, "%s has no meaning here", in.Op)
}

var intOf = map[int]loopir.Type{8: loopir.I8, 16: loopir.I16, 32: loopir.I32, 64: loopir.I64}

// sized takes the lanes of an instruction for which they do not matter as they are in memory,
// or in a register that is read.
func (l *lifter) sized(m *machine, f *form) {
	bits := 0
	for _, o := range f.in.Args {
		switch {
		case o.Kind == asm.Mem:
			bits = l.call.elem(m.words[o.Reg].array).Bits()
		case o.Kind == asm.Sym && l.text.Data[o.Name] != nil:
			bits = 8 * l.text.Data[o.Name].Unit
		}
	}
	regs, _ := effects(f.in)
	for _, r := range regs {
		if v, err := l.register(f.in, asm.Operand{Kind: asm.Reg, Reg: r}); err == nil && bits == 0 && !isZero(v.e) {
			bits = v.bits
		}
	}
	if t := intOf[bits]; t != loopir.Invalid {
		typed := *f.e
		typed.Elem = t
		f.e, f.lanes, f.bits = &typed, f.lanes*f.bits/bits, bits
		f.known = f.lanes
	}
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
	if e, ok := indexArithmetic(f.e, args); ok {
		return l.result(m, f, e)
	}
	if f.e.Elem.IsInteger() && !f.e.Bitwise {
		var err error
		if args, err = l.numbers(f, args); err != nil {
			return err
		}
	}
	return l.result(m, f, tidy(l.ordered(f.e.Effect(args...))))
}

// byImmediate is a lane's operation whose first operand is an immediate.
func (l *lifter) byImmediate(m *machine, f *form) error {
	if len(f.src) != 2 || f.src[0].Kind != asm.Imm {
		return l.errorf(f.in, "an immediate and one operand are taken")
	}
	x, err := l.operand(m, f, f.src[1])
	if err != nil {
		return err
	}
	if f.e.Elem.IsInteger() {
		args, err := l.numbers(f, []loopir.Expr{x})
		if err != nil {
			return err
		}
		x = args[0]
	}
	e := f.e.Imm(f.src[0].Off, x)
	if e == nil {
		return l.errorf(f.in, "%s has no meaning for $%d", f.in.Op, f.src[0].Off)
	}
	return l.result(m, f, e)
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
		return l.set(f.in, f.dst, vec{kind: value, lanes: f.known, bits: f.bits, e: e})
	}
	t := f.e.Elem
	if e.TypeOf().IsValue() && e.TypeOf().Bits() == f.bits && !f.e.Signed {
		t = e.TypeOf() // only bits are moved, or count
	}
	other := loopir.Expr(bitConst(new(big.Int), t))
	if !f.zero {
		old := form{in: f.in, e: f.e, lanes: f.lanes, known: f.known, bits: f.bits}
		var err error
		if other, err = l.operand(m, &old, f.dst); err != nil {
			return err
		}
		f.known = old.known
	}
	e, ok := asNumber(e, t)
	other, ok2 := asNumber(other, t)
	if !ok || !ok2 {
		return l.errorf(f.in, "only numbers are masked")
	}
	return l.set(f.in, f.dst, vec{kind: value, lanes: f.known, bits: f.bits, e: choose(f.mask, e, other)})
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
			now := l.local(own)
			v.e = replaceExpr(v.e, cur.e, now)
			if readsStale(v.e, own, now) {
				return l.errorf(in, "the old value of %s is used beside the new one", name)
			}
		}
	}
	l.vecs[name] = v
	return nil
}
