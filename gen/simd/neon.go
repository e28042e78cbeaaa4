package simd

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// neon writes for arm64. Vector instructions work on registers only; memory is
// loaded and stored at a register plus a constant. The registers R18 and R26 to
// R30 belong to Go and its assembler.
type neon struct {
	e    *emitter
	next int // of the scratch registers for addresses, the one to be used next
}

const neonArg = "R25" // scratch for arguments

// neonAddress are scratch registers for base + index; emitter.gp.held says of
// which affine.
var neonAddress = [2]string{"R16", "R17"}

func (*neon) argReg() string { return "R0" }

func (*neon) pool() []string {
	var out []string
	for i := 1; i <= 24; i++ {
		if i < 16 || i > 18 {
			out = append(out, "R"+strconv.Itoa(i))
		}
	}
	return out
}

func (n *neon) set(src, dst string) { n.e.line("MOVD %s, %s", src, dst) }

func (n *neon) add(a amount, dst string, minus bool) {
	op, src := "ADD", fmt.Sprintf("$%d", a.imm)
	if minus {
		op = "SUB"
	}
	if a.arg != "" {
		src = neonArg
		n.set(n.e.arg(a.arg), src)
	}
	n.e.line("%s %s, %s", op, src, dst)
}

func (n *neon) skip(x string, op loopir.Op, k int64, label string) {
	if strings.HasSuffix(x, ")") {
		n.set(x, neonArg)
		x = neonArg
	}
	n.e.line("CMP $%d, %s", k, x)
	n.e.line("B%s %s", inverse[op], label)
}

func (n *neon) enter(x, label string) { n.skip(x, loopir.Gt, 0, label) }

func (n *neon) countDown(counter, label string) {
	n.e.line("SUBS $1, %s", counter)
	n.e.line("BNE %s", label)
}

// address is disp(base); a base with an index is added up first.
func (n *neon) address(p place) string {
	disp := ""
	if p.disp != 0 {
		disp = strconv.FormatInt(p.disp, 10)
	}
	by := p.aff.by
	if by == nil {
		return fmt.Sprintf("%s(%s)", disp, n.e.gp.home[p.aff])
	}
	held := &n.e.gp.held
	for i, a := range held {
		if a == p.aff {
			return fmt.Sprintf("%s(%s)", disp, neonAddress[i])
		}
	}
	i := n.next
	n.next = 1 - i
	held[i] = p.aff
	index := n.e.gp.home[by.number]
	if by.scale > 1 {
		index += map[int64]string{2: "<<1", 4: "<<2", 8: "<<3"}[by.scale]
	}
	n.e.line("ADD %s, %s, %s", index, n.e.gp.home[by.at], neonAddress[i])
	return fmt.Sprintf("%s(%s)", disp, neonAddress[i])
}

func (n *neon) leave() { n.e.text.WriteString("\tRET\n") }

// neonWords are the instructions that Go's assembler lacks, for lanes of 4 bytes;
// those for 8 have neonWide set too.
var neonWords = map[string]uint32{
	"VADD": 0x4e20d400, "VSUB": 0x4ea0d400, "VMUL": 0x6e20dc00, "VDIV": 0x6e20fc00,
	"VMAX": 0x4e20f400, "VMIN": 0x4ea0f400, "VSQRT": 0x6ea1f800,
	"VCMPEQ": 0x4e20e400, "VCMPGE": 0x6e20e400, "VCMPGT": 0x6ea0e400,
}

const (
	neonWide = 1 << 22
	neonNot  = 0x6e205800

	neonByElement = 0x4f801000 // fma by the first lane of an operand
)

var neonNames = map[string]string{
	"VADD": "FADD", "VSUB": "FSUB", "VMUL": "FMUL", "VDIV": "FDIV", "VMAX": "FMAX", "VMIN": "FMIN", "VSQRT": "FSQRT",
	"VCMPEQ": "FCMEQ", "VCMPGE": "FCMGE", "VCMPGT": "FCMGT",
}

// lanes is how the whole register r is written, element how its first lane is.
func (n *neon) lanes(r operand) string {
	return fmt.Sprintf("V%d.%s", r.n, map[int64]string{4: "S4", 8: "D2"}[n.e.elem])
}

func (n *neon) element(r operand, lane int) string {
	return fmt.Sprintf("V%d.%s[%d]", r.n, map[int64]string{4: "S", 8: "D"}[n.e.elem], lane)
}

// scalar moves the first lane.
func (n *neon) scalar() string { return map[int64]string{4: "FMOVS", 8: "FMOVD"}[n.e.elem] }

func (n *neon) print(op *inst) error {
	e := n.e
	switch {
	case strings.HasPrefix(op.op, "PREFETCHT"):
		e.line("PRFM %s, PLDL%cKEEP", n.address(op.dst.at), op.op[len(op.op)-1]+1)
	case op.dst.kind == memory:
		name := "FMOVQ"
		if op.op == "VMOVSS" || op.op == "VMOVSD" {
			name = n.scalar()
		}
		e.line("%s F%d, %s", name, op.src[0].n, n.address(op.dst.at))
	case op.load && len(op.src) == 1:
		n.load(op)
	case len(op.src) == 0:
		n.bits("VEOR", op.dst, op.dst, op.dst)
	case op.op == "VDUP":
		e.line("VDUP %s, %s", n.element(op.src[0], op.imm), n.lanes(op.dst))
	case op.fma && op.one:
		w := neonByElement | uint32(op.src[1].n)<<16 | uint32(op.src[0].n)<<5 | uint32(op.dst.n)
		if e.elem == 8 {
			w |= neonWide
		}
		e.line("WORD $%#x // VFMLA %s, %s, %s", w, n.element(op.src[1], 0), n.lanes(op.src[0]), n.lanes(op.dst))
	case op.fma:
		e.line("VFMLA %s, %s, %s", n.lanes(op.src[1]), n.lanes(op.src[0]), n.lanes(op.dst))
	default:
		return n.compute(op)
	}
	return nil
}

// load reads a vector, or one element into all lanes.
func (n *neon) load(op *inst) {
	from := op.src[0].text
	if op.src[0].at.aff != nil {
		from = n.address(op.src[0].at)
	}
	if !op.src[0].cast {
		n.e.line("FMOVQ %s, F%d", from, op.dst.n)
		return
	}
	n.e.line("%s %s, F%d", n.scalar(), from, op.dst.n)
	if op.one {
		return
	}
	n.e.line("VDUP %s, %s", n.element(op.dst, 0), n.lanes(op.dst))
}

// bits works on whole registers.
func (n *neon) bits(name string, x, y, dst operand) {
	n.e.line("%s V%d.B16, V%d.B16, V%d.B16", name, y.n, x.n, dst.n)
}

func (n *neon) compute(op *inst) error {
	s := stem(op.op)
	switch s {
	case "VMOVA":
		n.move(op.src[0], op.dst)
	case "VAND", "VOR", "VXOR":
		n.bits(map[string]string{"VAND": "VAND", "VOR": "VORR", "VXOR": "VEOR"}[s], op.src[0], op.src[1], op.dst)
	case "VCMP":
		n.compare(op)
	case "VBLENDV":
		n.blend(op.src[2], op.src[1], op.src[0], op.dst)
	default:
		if neonWords[s] == 0 {
			return unsupported(n.e.prog.span, "no instruction for %s", s)
		}
		n.word(s, op.src, op.dst)
	}
	return nil
}

func (n *neon) move(from, to operand) { n.e.line("VMOV V%d.B16, V%d.B16", from.n, to.n) }

// word encodes an instruction; the comment is for people.
func (n *neon) word(s string, src []operand, dst operand) {
	w := neonWords[s] | uint32(src[0].n)<<5 | uint32(dst.n)
	text := n.lanes(src[0])
	if len(src) == 2 {
		w |= uint32(src[1].n) << 16
		text = n.lanes(src[1]) + ", " + text
	}
	if n.e.elem == 8 {
		w |= neonWide
	}
	n.e.line("WORD $%#x // %s %s, %s", w, neonNames[s], text, n.lanes(dst))
}

// compare gives all ones where the comparison holds. There is no less, and no not
// equal.
func (n *neon) compare(op *inst) {
	x, y := op.src[0], op.src[1]
	switch op.imm {
	case predicates[opEq]:
		n.word("VCMPEQ", []operand{x, y}, op.dst)
	case predicates[opGt]:
		n.word("VCMPGT", []operand{x, y}, op.dst)
	case predicates[opGe]:
		n.word("VCMPGE", []operand{x, y}, op.dst)
	case predicates[opLt]:
		n.word("VCMPGT", []operand{y, x}, op.dst)
	case predicates[opLe]:
		n.word("VCMPGE", []operand{y, x}, op.dst)
	default:
		n.word("VCMPEQ", []operand{x, y}, op.dst)
		n.e.line("WORD $%#x // VMVN V%d.B16, V%d.B16", neonNot|op.dst.n<<5|op.dst.n, op.dst.n, op.dst.n)
	}
}

// blend picks yes where the mask is set.
func (n *neon) blend(mask, yes, no, dst operand) {
	switch dst {
	case mask:
		n.bits("VBSL", yes, no, dst)
	case yes:
		n.bits("VBIF", no, mask, dst)
	default:
		if dst != no {
			n.move(no, dst)
		}
		n.bits("VBIT", yes, mask, dst)
	}
}

// byElement lets multiply-adds take a broadcast factor from the first lane of a vector,
// where all its uses are such: nothing copies it to the other lanes then.
func byElement(ops []*inst) {
	one := map[int]*inst{}
	for _, op := range ops {
		if op.dst.kind == temp && op.load && len(op.src) == 1 && op.src[0].cast {
			one[op.dst.n] = op
		}
	}
	for _, op := range ops {
		for i, o := range op.src {
			other := op.src[min(1, len(op.src)-1)]
			if o.kind == temp && (!op.fma || i == 2 || i == 0 && other.kind == temp && one[other.n] != nil) {
				delete(one, o.n)
			}
		}
	}
	for _, op := range ops {
		if !op.fma {
			continue
		}
		if x := op.src[0]; x.kind == temp && one[x.n] != nil {
			op.src[0], op.src[1] = op.src[1], x
		}
		if y := op.src[1]; y.kind == temp && one[y.n] != nil {
			op.one, one[y.n].one = true, true
		}
	}
}

// fma has one form, dst += x*y.
func (n *neon) fma(a *allocation, pos int, op *inst, temps []operand) error {
	x, y, z := op.src[0], op.src[1], op.src[2]
	last := operand{kind: none}
	if op.dst.kind == temp {
		t := op.dst.n
		if temps[2].kind == temp && len(a.uses[temps[2].n]) == 0 {
			for m, r := range a.reg {
				if r == z.n && m != t {
					delete(a.reg, m)
				}
			}
			op.dst, a.reg[t] = z, z.n
			a.free[z.n] = len(a.uses[t]) == 0
		} else {
			r, err := a.apart(pos, temps, x, y)
			if err != nil {
				return err
			}
			op.dst, a.reg[t] = operand{kind: vector, n: r}, r
			a.free[r] = len(a.uses[t]) == 0
		}
	} else if op.dst != z && (op.dst == x || op.dst == y) {
		r, err := a.apart(pos, temps, x, y)
		if err != nil {
			return err
		}
		a.free[r] = true
		last, op.dst = op.dst, operand{kind: vector, n: r}
	}
	if op.dst != z {
		a.out = append(a.out, &inst{op: "VMOVAPS", imm: -1, dst: op.dst, src: []operand{z}})
	}
	op.src = []operand{x, y}
	a.out = append(a.out, op)
	if last.kind != none {
		a.out = append(a.out, &inst{op: "VMOVAPS", imm: -1, dst: last, src: []operand{op.dst}})
	}
	return nil
}

// apart finds a register other than those that x and y are in, even if these are
// free from here on.
func (a *allocation) apart(pos int, temps []operand, x, y operand) (int, error) {
	was := [2]bool{a.free[x.n], a.free[y.n]}
	a.free[x.n], a.free[y.n] = false, false
	r, err := a.take(pos, temps)
	if was[0] {
		a.free[x.n] = true
	}
	if was[1] {
		a.free[y.n] = true
	}
	return r, err
}
