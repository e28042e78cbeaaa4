package asm

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// operand reads one operand of amd64.
func operand(s string) (Operand, error) { return readOperand(s, isRegister, isGeneral) }

func readOperand(s string, isRegister, isGeneral func(string) bool) (Operand, error) {
	bad := fmt.Errorf("%q is not an operand that is read", s)
	if s == "" {
		return Operand{}, bad
	}
	if v, ok := strings.CutPrefix(s, "$"); ok {
		n, err := integer(v)
		return Operand{Kind: Imm, Off: n}, err
	}
	open := strings.IndexByte(s, '(')
	if open < 0 {
		switch {
		case isRegister(s):
			return Operand{Kind: Reg, Reg: s}, nil
		case isName(s):
			return Operand{Kind: Label, Name: s}, nil
		}
		return Operand{}, bad
	}
	head, tail := s[:open], s[open:]
	first, tail, ok := paren(tail)
	if !ok {
		return Operand{}, bad
	}
	switch first {
	case "SB", "FP", "SP":
		if tail != "" {
			return Operand{}, bad
		}
		return named(head, first)
	}
	if !isGeneral(first) {
		return Operand{}, bad
	}
	o := Operand{Kind: Mem, Reg: first}
	if tail != "" {
		index, rest, ok := paren(tail)
		reg, scale, ok2 := strings.Cut(index, "*")
		if !ok || !ok2 || rest != "" || !isGeneral(reg) || !strings.Contains("1 2 4 8", scale) || len(scale) != 1 {
			return Operand{}, bad
		}
		o.Index, o.Scale = reg, int64(scale[0]-'0')
	}
	if head == "" {
		return o, nil
	}
	if isName(head) && head[0] != '-' && (head[0] < '0' || head[0] > '9') {
		if o.Index != "" {
			return Operand{}, bad
		}
		o.Kind, o.Name = Field, head
		return o, nil
	}
	n, err := integer(head)
	if err != nil || n != int64(int32(n)) {
		return Operand{}, bad
	}
	o.Off = n
	return o, nil
}

// named reads name<>+off(SB), name+off(FP) and name-off(SP).
func named(head, base string) (Operand, error) {
	bad := fmt.Errorf("%s(%s) is not a place that is read", head, base)
	at := strings.LastIndexAny(head, "+-")
	name, off := head, int64(0)
	if at > 0 {
		n, err := integer(strings.TrimPrefix(head[at:], "+"))
		if err != nil {
			return Operand{}, bad
		}
		name, off = head[:at], n
	}
	o := Operand{Off: off, Name: name}
	switch base {
	case "SB":
		o.Kind = Sym
		if !strings.HasSuffix(name, "<>") || !isName(name[:len(name)-2]) {
			return Operand{}, bad
		}
		return o, nil
	case "FP":
		o.Kind = Param
	default:
		o.Kind = Slot
		o.Reg = "SP"
	}
	if !isName(name) {
		return Operand{}, bad
	}
	return o, nil
}

func paren(s string) (inside, rest string, ok bool) {
	end := strings.IndexByte(s, ')')
	if end < 0 || s[0] != '(' {
		return "", "", false
	}
	return s[1:end], s[end+1:], true
}

func integer(s string) (int64, error) {
	if n, err := strconv.ParseInt(s, 0, 64); err == nil {
		return n, nil
	}
	if n, err := strconv.ParseUint(s, 0, 64); err == nil && bits.UintSize == 64 {
		return int64(n), nil
	}
	return 0, fmt.Errorf("%q is not an integer", s)
}

func isName(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r >= 0x80
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

var general = map[string]bool{
	"AX": true, "BX": true, "CX": true, "DX": true, "SI": true, "DI": true, "BP": true, "SP": true,
	"R8": true, "R9": true, "R10": true, "R11": true, "R12": true, "R13": true, "R14": true, "R15": true,
}

func isGeneral(s string) bool { return general[s] }

// IsVector tells a vector register and its width in bytes; V and F are those of arm64.
func IsVector(reg string) (n int, width int, ok bool) {
	if reg == "" {
		return 0, 0, false
	}
	w, ok := map[byte]int{'X': 16, 'Y': 32, 'Z': 64, 'V': 16, 'F': 16}[reg[0]]
	if !ok || len(reg) < 2 {
		return 0, 0, false
	}
	n, err := strconv.Atoi(reg[1:])
	return n, w, err == nil && n >= 0 && n < 32 && strconv.Itoa(n) == reg[1:]
}

// IsMask tells a mask register.
func IsMask(reg string) bool { return len(reg) == 2 && reg[0] == 'K' && reg[1] >= '0' && reg[1] <= '7' }

func isRegister(s string) bool {
	_, _, vec := IsVector(s)
	vec = vec && s[0] >= 'X'
	return isGeneral(s) || vec || IsMask(s)
}
