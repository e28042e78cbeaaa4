package insn

import (
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/loopir"
)

// words encode `op V3, V2, V0`, or `op V2, V0`, of what Go's assembler has no mnemonic
// for; with 1<<22 the lanes have 8 bytes. TestWords wants them decoded as named here.
var words = map[string]uint32{
	"FADD.S4": 0x4e23d440, "FSUB.S4": 0x4ea3d440, "FMUL.S4": 0x6e23dc40, "FDIV.S4": 0x6e23fc40,
	"FMAX.S4": 0x4e23f440, "FMIN.S4": 0x4ea3f440, "FSQRT.S4": 0x6ea1f840,
	"VFCMEQ.S4": 0x4e23e440, "VFCMGE.S4": 0x6e23e440, "VFCMGT.S4": 0x6ea3e440, "VMVN.B16": 0x6e205840,
}

func word(op string) (uint32, bool) {
	if w, ok := words[op]; ok {
		return w, true
	}
	w, ok := words[strings.Replace(op, ".D2", ".S4", 1)]
	return w | 1<<22, ok
}

// byElement encodes VFMLA V3.S[k], V2.S4, V0.S4, or that of lanes with 8 bytes.
func byElement(bits, k int) uint32 {
	if bits == 64 {
		return 0x4fc31040 | uint32(k)<<11
	}
	return 0x4f831040 | uint32(k&1)<<21 | uint32(k>>1)<<11
}

// spelled writes an instruction on whole vectors, registers by number.
func spelled(op string, regs ...int) string {
	if w, ok := word(op); ok {
		return fmt.Sprintf("WORD $%#x", w)
	}
	name, arr, _ := strings.Cut(op, ".")
	var args []string
	for _, r := range regs {
		args = append(args, fmt.Sprintf("V%d.%s", r, arr))
	}
	return name + " " + strings.Join(args, ", ")
}

func TestWords(t *testing.T) {
	for _, bits := range []int{32, 64} {
		for k := range 128 / bits {
			f, err := asm.Parse("f_arm64.s", fmt.Appendf(nil, "TEXT ·f(SB), NOSPLIT, $0-8\n\tWORD $%#x\n", byElement(bits, k)))
			if err != nil {
				t.Fatal(err)
			}
			in := f.Funcs[0].Insts[0]
			if a := in.Args[0]; in.Op != map[int]string{32: "VFMLA.S4", 64: "VFMLA.D2"}[bits] || !a.IsElement() || a.Reg != "V3" || a.Off != int64(k) || in.Args[1].Reg != "V2" {
				t.Errorf("lane %d of %d bits is read as %s", k, bits, in.Text)
			}
		}
	}
	for op, e := range All() {
		w, ok := word(op)
		if e.Arch != "arm64" || !ok {
			continue
		}
		f, err := asm.Parse("f_arm64.s", fmt.Appendf(nil, "TEXT ·f(SB), NOSPLIT, $0-8\n\tWORD $%#x\n", w))
		if err != nil {
			t.Fatal(err)
		}
		in := f.Funcs[0].Insts[0]
		var regs []string
		for _, a := range in.Args {
			regs = append(regs, a.Reg)
		}
		want := "V3 V2 V0"
		if e.Args == 1 {
			want = "V2 V0"
		}
		if in.Op != op || strings.Join(regs, " ") != want {
			t.Errorf("%s is read as %s", op, in.Text)
		}
	}
}

// textARM64 is the function of a trial: V0 to V3, R1 and R2 are given, V0 or R3 taken.
func textARM64(x trial, i int) string {
	var s strings.Builder
	fmt.Fprintf(&s, "\nTEXT ·f%d(SB), NOSPLIT, $0-8\n\tMOVD a+0(FP), R0\n", i)
	for v := range 4 {
		fmt.Fprintf(&s, "\tFMOVQ %d(R0), F%d\n", 64*v, v)
	}
	s.WriteString("\tMOVD 128(R0), R1\n\tMOVD 192(R0), R2\n\tMOVD $0, R3\n\t" + x.text + "\n")
	if x.entry.Kind >= MoveInt {
		s.WriteString("\tMOVD R3, 320(R0)\n\tRET\n")
	} else {
		s.WriteString("\tFMOVQ F0, 320(R0)\n\tRET\n")
	}
	return s.String()
}

// trialsARM64 lists the forms of all entries.
func trialsARM64() []trial {
	var ops []string
	for op, e := range All() {
		if e.Arch == "arm64" {
			ops = append(ops, op)
		}
	}
	sort.Strings(ops)
	var out []trial
	for _, op := range ops {
		e := All()[op]
		out = append(out, formsARM64(e, e.Elem.Bits())...)
		if e.Any {
			wide := *e
			wide.Elem = loopir.F64
			out = append(out, formsARM64(&wide, 64)...)
		}
	}
	return out
}

func formsARM64(e *Entry, bits int) []trial {
	var out []trial
	lanes := func(text string, n int, lane func(in *input, i int) uint64) {
		out = append(out, trial{entry: e, text: text, width: 16, want: func(in *input) ([]byte, uint64) {
			b := make([]byte, n*bits/8)
			for i := range n {
				put(b, i, bits, lane(in, i))
			}
			return b, 0
		}})
	}
	all := 128 / max(bits, 1)
	of := func(v int) func(*input, int) uint64 {
		return func(in *input, i int) uint64 { return in.lane(v, i, bits) }
	}
	switch e.Kind {
	case Lanes, Compare:
		computeARM64(e, bits, lanes)
	case Element:
		for i := range all {
			lanes(fmt.Sprintf("VDUP V2.%c[%d], V0.%s", "SD"[bits/64], i, e.Op[len("VDUP."):]), all, func(in *input, _ int) uint64 { return in.lane(2, i, bits) })
		}
	case Move:
		if e.Op == "VMOV.B16" {
			lanes("VMOV V2.B16, V0.B16", all, of(2))
			break
		}
		n := all
		if e.Scalar {
			n = 1
		}
		lanes(e.Op+" 64(R0), F0", n, of(1))
		lanes(e.Op+" F2, 64(R0)\n\tFMOVQ 64(R0), F0", all, func(in *input, i int) uint64 {
			if i < n {
				return in.lane(2, i, bits)
			}
			return in.lane(1, i, bits)
		})
	case MoveInt, Arith, Flags, Branch:
		return generalForms(e)
	}
	return out
}

// computeARM64 tries a lane computation with operands apart and, where the operands can
// be chosen, all in one register.
func computeARM64(e *Entry, bits int, lanes func(string, int, func(*input, int) uint64)) {
	var args []loopir.Expr
	for i := range e.Args {
		args = append(args, leaf(i, e.Elem))
	}
	effect := e.Effect(args...)
	value := func(regs ...int) func(in *input, i int) uint64 { // in the manual's order
		return func(in *input, i int) uint64 {
			env := map[string]uint64{}
			for k, r := range regs {
				env[fmt.Sprint("x", k)] = in.lane(r, i, bits)
			}
			if e.Kind == Compare {
				return -eval(effect, env)
			}
			return eval(effect, env)
		}
	}
	regs := []int{2, 3}
	if e.Dst {
		regs = []int{0, 2, 3}
	}
	regs = regs[:e.Args]
	text := []int{3, 2, 0}
	if e.Args == 1 {
		text = []int{2, 0}
	}
	lanes(spelled(e.Op, text...), 128/bits, value(regs...))
	if e.ByElement {
		for k := range 128 / bits {
			lanes(fmt.Sprintf("WORD $%#x", byElement(bits, k)), 128/bits, func(in *input, i int) uint64 {
				return eval(effect, map[string]uint64{"x0": in.lane(0, i, bits), "x1": in.lane(2, i, bits), "x2": in.lane(3, k, bits)})
			})
		}
	}
	if _, fixed := word(e.Op); !fixed {
		same := make([]int, e.Args)
		lanes(spelled(e.Op, make([]int, len(text))...), 128/bits, value(same...))
	}
}

// generalForms try an instruction on R1 and R2, the first 8 bytes of v[2] and v[3].
func generalForms(e *Entry) []trial {
	var out []trial
	add := func(text string, want func(x, y uint64) uint64) {
		out = append(out, trial{entry: e, text: text, width: 8, want: func(in *input) ([]byte, uint64) {
			b := make([]byte, 8)
			put(b, 0, 64, want(in.lane(2, 0, 64), in.lane(3, 0, 64)))
			return b, 0
		}})
	}
	truth := func(b bool) uint64 {
		if b {
			return 1
		}
		return 0
	}
	signed := func(op loopir.Op, x, y int64) uint64 {
		sign := float64(0)
		if x < y {
			sign = -1
		} else if x > y {
			sign = 1
		}
		return truth(compare(op, sign, 0, x == y))
	}
	switch e.Kind {
	case MoveInt:
		add("MOVD R2, R3", func(_, y uint64) uint64 { return y })
		add("MOVD $-77, R3", func(_, _ uint64) uint64 { return ^uint64(76) })
	case Arith:
		f := func(y, x uint64) uint64 {
			return eval(e.Effect(leaf(0, loopir.I64), leaf(1, loopir.I64)), map[string]uint64{"x0": y, "x1": x})
		}
		add(e.Op+" R2, R1, R3", func(x, y uint64) uint64 { return f(x, y) })
		add("MOVD R1, R3\n\t"+e.Op+" R2, R3", func(x, y uint64) uint64 { return f(x, y) })
		add(e.Op+" $4096, R1, R3", func(x, _ uint64) uint64 { return f(x, 4096) })
		add(e.Op+" $1234567, R1, R3", func(x, _ uint64) uint64 { return f(x, 1234567) })
		add(e.Op+" R2<<3, R1, R3", func(x, y uint64) uint64 { return f(x, y<<3) })
		if e.Op == "SUBS" { // it sets flags as a comparison with 0 does, the others leave them
			add("SUBS $1, R1, R3\n\tMOVD $1, R3\n\tBNE 2(PC)\n\tMOVD $0, R3", func(x, _ uint64) uint64 { return truth(x != 1) })
		} else {
			add("CMP R2, R1\n\t"+e.Op+" $3, R1, R1\n\tMOVD $1, R3\n\tBEQ 2(PC)\n\tMOVD $0, R3", func(x, y uint64) uint64 { return truth(x == y) })
		}
	case Flags:
		for _, op := range []string{"BLT", "BEQ"} {
			add(e.Op+" R2, R1\n\tMOVD $1, R3\n\t"+op+" 2(PC)\n\tMOVD $0, R3", func(x, y uint64) uint64 { return signed(table[op].Cond, int64(x), int64(y)) })
		}
	case Branch:
		for _, k := range []int64{0, 1, -1, 5, 7, 1 << 31} {
			add(fmt.Sprintf("CMP $%d, R1\n\tMOVD $1, R3\n\t%s 2(PC)\n\tMOVD $0, R3", k, e.Op), func(x, _ uint64) uint64 { return signed(e.Cond, int64(x), k) })
		}
		add("CMP R2, R1\n\tMOVD $1, R3\n\t"+e.Op+" 2(PC)\n\tMOVD $0, R3", func(x, y uint64) uint64 { return signed(e.Cond, int64(x), int64(y)) })
	}
	return out
}
