package simd

import (
	"fmt"
	"strings"
)

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
	s := strings.TrimSuffix(strings.TrimSuffix(op.op, "PS"), "PD") // without the element type
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
