package asm

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/arch/arm64/arm64asm"
)

// operandARM64 reads one operand of arm64: a general or floating-point register, a
// vector V0.S4 or a list [V0.S4] of one, an element V0.S[1], a shifted register
// R1<<2, or what is written as on amd64.
func operandARM64(s string) (Operand, error) {
	bad := fmt.Errorf("%q is not an operand that is read", s)
	if inner, ok := strings.CutPrefix(s, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); !ok || !strings.HasPrefix(inner, "V") {
			return Operand{}, bad
		}
		s = inner
	}
	if reg, arr, ok := strings.Cut(s, "."); ok && isVectorARM64(reg) && reg[0] == 'V' {
		o := Operand{Kind: Reg, Reg: reg, Arr: arr}
		if elem, index, ok := strings.Cut(arr, "["); ok {
			n, err := strconv.ParseUint(strings.TrimSuffix(index, "]"), 10, 4)
			if err != nil || !strings.HasSuffix(index, "]") {
				return Operand{}, bad
			}
			o.Arr, o.Off = elem, int64(n)
		}
		if !isName(o.Arr) || o.IsElement() != strings.Contains(arr, "[") {
			return Operand{}, bad
		}
		return o, nil
	}
	if reg, by, ok := strings.Cut(s, "<<"); ok {
		n, err := strconv.ParseUint(by, 10, 6)
		if err != nil || n == 0 || n > 62 || !isGeneralARM64(reg) {
			return Operand{}, bad
		}
		return Operand{Kind: Reg, Reg: reg, Scale: 1 << n}, nil
	}
	o, err := readOperand(s, func(r string) bool { return isGeneralARM64(r) || isVectorARM64(r) && r[0] == 'F' }, isGeneralARM64)
	if err == nil && o.Kind == Mem && o.Index != "" {
		return Operand{}, bad
	}
	return o, err
}

func isGeneralARM64(s string) bool {
	if len(s) < 2 || s[0] != 'R' {
		return false
	}
	n, err := strconv.ParseUint(s[1:], 10, 5)
	return err == nil && n <= 30 && strconv.FormatUint(n, 10) == s[1:]
}

func isVectorARM64(s string) bool {
	_, _, ok := IsVector(s)
	return ok && (s[0] == 'V' || s[0] == 'F')
}

// IsElement tells an operand that is one lane of a vector.
func (o *Operand) IsElement() bool {
	return o.Kind == Reg && len(o.Arr) == 1
}

// arrange makes the arrangement of the vectors part of the mnemonic, as it is on
// amd64. All vectors of an instruction have the same.
func (i *Inst) arrange() error {
	arr := ""
	for _, o := range i.Args {
		if o.Kind != Reg || o.Arr == "" || o.IsElement() {
			continue
		}
		if arr != "" && arr != o.Arr {
			return fmt.Errorf("vectors of different arrangement")
		}
		arr = o.Arr
	}
	if arr != "" {
		i.Op += "." + arr
	}
	return nil
}

// word reads WORD $n, an instruction that Go's assembler has no mnemonic for.
func (p *parser) word(text, rest string) error {
	n, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimSpace(rest), "$"), 0, 32)
	if err != nil || !strings.HasPrefix(strings.TrimSpace(rest), "$") {
		return fmt.Errorf("WORD wants $n of 32 bits")
	}
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], uint32(n))
	decoded, err := arm64asm.Decode(b[:])
	if err != nil {
		return fmt.Errorf("WORD %#x is no instruction: %w", n, err)
	}
	if err := p.inst(arm64asm.GoSyntax(decoded, 0, nil, nil)); err != nil {
		return fmt.Errorf("WORD %#x: %w", n, err)
	}
	in := &p.fn.Insts[len(p.fn.Insts)-1]
	if !strings.Contains(in.Op, ".") {
		return fmt.Errorf("WORD %#x is %s: only what works on vectors needs one", n, in.Text)
	}
	in.Text = text + " // " + in.Text
	return nil
}
