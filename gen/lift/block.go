package lift

import (
	"fmt"
	"sort"

	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/gen/lift/insn"
	"github.com/loopopt/loopopt/loopir"
)

// straight executes a block. Registers hold expressions meanwhile; statements are
// stores, and the values that outlive the block, which go to the locals of their
// webs at its end.
func (l *lifter) straight(n *node, m *machine) ([]loopir.Stmt, error) {
	l.block, l.out = n, nil
	l.compare = l.exact
	for i, in := range n.insts {
		done, err := l.general(m, in)
		if err != nil {
			return nil, err
		}
		if done {
			continue
		}
		l.at = i
		if err := l.vector(m, in); err != nil {
			return nil, err
		}
	}
	if err := l.flush(n); err != nil {
		return nil, err
	}
	return l.roll(conditional(l.chains(dropProbes(l.out, l.lane))))
}

// webName is the local that holds register r behind this block, "" if nothing
// reads it there.
func (l *lifter) webName(r string) string {
	d := key{l.block.id, r}
	if !l.webs.defs[d] {
		return ""
	}
	return l.names[l.webs.find(d)]
}

// live tells whether register r is read after instruction i of the block, before it
// is written again.
func (l *lifter) live(r string, i int) bool {
	for _, in := range l.block.insts[i+1:] {
		reads, write := effects(in)
		for _, x := range reads {
			if x == r {
				return true
			}
		}
		if write == r {
			return false
		}
	}
	return l.webName(r) != ""
}

// store writes lanes to memory. Values that were read from the array before, and
// are still needed, are put into locals first.
func (l *lifter) store(m *machine, f *form, src asm.Operand) error {
	to, err := l.cellAt(m, f, f.dst, f.lanes)
	if err != nil {
		return err
	}
	v, err := l.operand(m, f, src)
	if err != nil {
		return err
	}
	if f.known < f.lanes {
		return l.errorf(f.in, "%d lanes are stored, %d are known", f.lanes, f.known)
	}
	v, ok := asNumber(v, to.Type)
	if !ok {
		return l.errorf(f.in, "what is stored is no number")
	}
	v = narrowed(v)
	if f.lanes == 1 {
		v = loopir.Subst(v, map[string]loopir.Expr{l.lane: loopir.NewInt(0)})
	}
	if f.mask != nil {
		if readsName(f.mask, to.Name) {
			return l.errorf(f.in, "the mask depends on the array that is written")
		}
		v = under(f.mask, v)
	}
	if err := meaning(v); err != nil {
		return l.errorf(f.in, "%v", err)
	}
	if readsOther(v, to, l.lane) {
		v = l.keep(v, f.lanes, f.mask, f.in)
	}
	if err := l.outlive(f.in, "", to.Name); err != nil {
		return err
	}
	l.out = append(l.out, item{dst: to, lanes: f.lanes, cond: f.mask, val: v, line: f.in.Line})
	return nil
}

func (l *lifter) registers() []string {
	var out []string
	for r := range l.vecs {
		out = append(out, r)
	}
	sort.Strings(out)
	return out
}

// keep puts a value into a local of the block.
func (l *lifter) keep(v loopir.Expr, lanes int, cond loopir.Expr, in *asm.Inst) loopir.Expr {
	name := l.call.fresh("t")
	t := &loopir.Read{Name: name, Index: []loopir.Expr{loopir.NewVar(l.lane)}, Type: v.TypeOf()}
	if lanes == 1 {
		t.Index[0] = loopir.NewInt(0)
		v = loopir.Subst(v, map[string]loopir.Expr{l.lane: loopir.NewInt(0)})
	}
	l.out = append(l.out, item{dst: t, lanes: lanes, cond: cond, val: v, line: in.Line, local: lanes})
	return loopir.CloneExpr(t)
}

// outlive puts what registers other than own hold, and what masks compare, into locals of the
// block where it is made of cells of an array or local that is about to be written.
func (l *lifter) outlive(in *asm.Inst, own, name string) error {
	kept := map[string]loopir.Expr{}
	keep := func(e loopir.Expr, lanes int) (loopir.Expr, error) {
		if err := meaning(e); err != nil {
			return nil, err
		}
		text := fmt.Sprintf("%d %s", lanes, loopir.FormatExpr(e))
		if kept[text] == nil {
			kept[text] = l.keep(e, lanes, nil, in)
		}
		return loopir.CloneExpr(kept[text]), nil
	}
	for _, r := range l.registers() {
		cur := l.vecs[r]
		if r == own || cur.kind != value || !readsName(cur.e, name) {
			continue
		}
		if !l.live(r, l.at) {
			l.vecs[r] = vec{}
			continue
		}
		e, err := compared(cur.e, func(e loopir.Expr) (loopir.Expr, error) {
			if !readsName(e, name) {
				return e, nil
			}
			return keep(e, cur.lanes)
		})
		switch {
		case err == nil:
			cur.e = e
		case cur.e.TypeOf() == loopir.Bool:
			cur = vec{} // which is an error where it is used
		default:
			return l.errorf(in, "%s outlives what it is made of: %v", r, err)
		}
		l.vecs[r] = cur
	}
	return nil
}

// compared is a number under f, or the condition of a mask with f of what it compares.
func compared(e loopir.Expr, f func(loopir.Expr) (loopir.Expr, error)) (loopir.Expr, error) {
	if e.TypeOf() != loopir.Bool {
		return f(e)
	}
	switch e := e.(type) {
	case *loopir.Binary:
		x, err := compared(e.X, f)
		if err != nil {
			return nil, err
		}
		y, err := compared(e.Y, f)
		return &loopir.Binary{Op: e.Op, X: x, Y: y, Type: e.Type}, err
	case *loopir.Unary:
		x, err := compared(e.X, f)
		return &loopir.Unary{Op: e.Op, X: x, Type: e.Type}, err
	}
	return nil, fmt.Errorf("it is a mask of another form")
}

// step writes the value of register r to its local, so far as the block went.
func (l *lifter) step(in *asm.Inst, r, own string) error {
	cur := l.vecs[r]
	e, err := l.fixed(in, own, cur)
	if err != nil {
		return err
	}
	if err := l.outlive(in, r, own); err != nil {
		return err
	}
	l.out = append(l.out, item{dst: l.local(own), lanes: l.width[own], val: e, line: in.Line})
	return nil
}

// fixed is the value of a register as its local holds it, whose type it decides.
func (l *lifter) fixed(in *asm.Inst, own string, v vec) (loopir.Expr, error) {
	t := l.elems[own]
	if t == loopir.Invalid {
		t = v.e.TypeOf()
		if _, isConst := isBitConst(v.e); isConst && !(t.IsFloat() && v.bits > 0) || t == loopir.Index {
			t = l.usedAs(own, v.bits)
		}
		l.elems[own], l.width[own] = t, v.lanes
		if v.bits == 0 {
			l.width[own] = v.lanes * 32 / t.Bits()
		}
	}
	e, ok := asNumber(v.e, t)
	if !ok {
		return nil, l.errorf(in, "the lanes do not hold what they held elsewhere")
	}
	lanes := v.lanes
	if isZero(v.e) && v.bits == 0 {
		lanes = max(lanes, l.width[own])
	}
	if lanes < l.width[own] {
		return nil, l.errorf(in, "%d lanes are known, %d elsewhere", v.lanes, l.width[own])
	}
	return e, meaning(e)
}

// usedAs is the type of numbers that a web of known bits holds, which say nothing of it: that
// of what is read from it elsewhere, by instructions that need numbers, or else that move
// lanes of so many bits, if any number is known.
func (l *lifter) usedAs(own string, bits int) loopir.Type {
	var number, moved loopir.Type
	var walk func(list []*node)
	walk = func(list []*node) {
		for _, n := range list {
			for _, in := range n.insts {
				reads, _ := effects(in)
				for _, r := range reads {
					ds := l.webs.uses[key{n.id, r}]
					if len(ds) == 0 || l.names[l.webs.find(ds[0])] != own {
						continue
					}
					e, _ := insn.Lookup(in.Op)
					t := (&form{e: e}).takes()
					switch {
					case bits > 0 && t.Bits() != bits:
					case e.Any:
						if b := maskBits(n, in); moved == loopir.Invalid && b > 0 {
							moved = intOf[b]
						}
					case isArithmetic(e):
						number = t
					default:
						moved = t
					}
				}
			}
			walk(n.body)
			walk(n.orElse)
		}
	}
	walk(l.tree)
	if number == loopir.Invalid {
		number = moved
	}
	if number == loopir.Invalid {
		number = map[int]loopir.Type{8: loopir.I8, 16: loopir.I16, 64: loopir.F64}[bits]
	}
	if number == loopir.Invalid {
		number = loopir.F32
	}
	return number
}

// maskBits is the size of the lanes that an instruction of integers chooses from by the bits
// of a vector: that of the comparison before it; 0 for other instructions.
func maskBits(n *node, in *asm.Inst) int {
	e, _ := insn.Lookup(in.Op)
	if e.Kind != insn.BlendV {
		return 0
	}
	bits := 0
	for _, i := range n.insts {
		if i == in {
			break
		}
		_, w := effects(i)
		if d, ok := insn.Lookup(i.Op); ok && w == vectorName(in.Args[0].Reg) && !d.Any {
			bits = d.Elem.Bits()
		}
	}
	return bits
}

// flush writes the values that outlive the block to their locals. Those that read
// another local come before it is written.
func (l *lifter) flush(n *node) error {
	in := n.insts[len(n.insts)-1]
	l.at = len(n.insts) - 1
	pending := map[string]string{}
	for _, r := range l.registers() {
		v := l.vecs[r]
		if v.kind != value {
			continue
		}
		own := l.webName(r)
		switch {
		case own != "" && v.e.TypeOf() != loopir.Bool && r[0] == 'Z' && !l.leftOver(own, v):
			pending[r] = own
		case hasReads(v.e):
			l.vecs[r] = vec{}
		}
	}
	for len(pending) > 0 {
		r := ""
		for _, c := range byDefinition(pending, n) {
			if !l.readElsewhere(c, pending) {
				r = c
				break
			}
		}
		if r == "" {
			r = byDefinition(pending, n)[0]
			for _, o := range byDefinition(pending, n) {
				if v := l.vecs[o]; o != r && readsName(v.e, pending[r]) {
					v.e = l.keep(v.e, v.lanes, nil, in)
					l.vecs[o] = v
				}
			}
		}
		own := pending[r]
		delete(pending, r)
		e, err := l.fixed(in, own, l.vecs[r])
		if err != nil {
			return err
		}
		if same, ok := e.(*loopir.Read); ok && same.Name == own {
			l.vecs[r] = vec{kind: stored}
			continue
		}
		l.out = append(l.out, item{dst: l.local(own), lanes: l.width[own], val: e, line: lineOf(n, r)})
		if hasReads(e) {
			l.vecs[r] = vec{kind: stored}
		}
	}
	return nil
}

// leftOver tells whether a register holds an index, as a mask was made from it, where its
// local holds numbers that are none: nobody can read it, since the local is then not set.
func (l *lifter) leftOver(own string, v vec) bool {
	_, isConst := isBitConst(v.e)
	if v.e.TypeOf() != loopir.Index || isConst {
		return false
	}
	t := l.elems[own]
	if t == loopir.Invalid {
		t = l.usedAs(own, v.bits)
	}
	return t.IsFloat()
}

// readElsewhere tells whether another pending register needs the old content of
// r's local.
func (l *lifter) readElsewhere(r string, pending map[string]string) bool {
	for o := range pending {
		if o != r && readsName(l.vecs[o].e, pending[r]) {
			return true
		}
	}
	return false
}

// byDefinition sorts registers by their last definition in the block.
func byDefinition(regs map[string]string, n *node) []string {
	var out []string
	for r := range regs {
		out = append(out, r)
	}
	at := map[string]int{}
	for i, in := range n.insts {
		if _, w := effects(in); w != "" {
			at[w] = i
		}
	}
	sort.Slice(out, func(i, j int) bool { return at[out[i]] < at[out[j]] })
	return out
}

func lineOf(n *node, r string) int {
	line := 0
	for _, in := range n.insts {
		if _, w := effects(in); w == r {
			line = in.Line
		}
	}
	return line
}
