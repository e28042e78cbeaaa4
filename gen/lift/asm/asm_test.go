package asm

import (
	"strings"
	"testing"
)

const good = `#include "textflag.h"

DATA c<>+0(SB)/4, $0x3f800000
DATA c<>+4(SB)/4, $-1
GLOBL c<>(SB), RODATA|NOPTR, $8

// func f(a *fArgs)
TEXT ·f(SB), NOSPLIT, $16-8
	MOVQ a+0(FP), AX
	MOVQ fArgs_p(AX), SI // a comment
	MOVQ SI, s0-8(SP)
top:
	VMOVUPS.Z -64(SI)(DI*8), K1, Z31
	VADDPS c<>+4(SB), Y0, Y1
	JNE top
	RET
`

func TestParse(t *testing.T) {
	f, err := Parse("f.s", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	fn := f.Func("f")
	if fn == nil || fn.Frame != 16 || fn.Args != 8 || fn.Labels["top"] != 3 || len(fn.Insts) != 7 {
		t.Fatalf("%+v", fn)
	}
	load := fn.Insts[3]
	if want := (Operand{Kind: Mem, Reg: "SI", Index: "DI", Scale: 8, Off: -64}); load.Op != "VMOVUPS" || !load.Has("Z") || load.Args[0] != want || load.Line != 13 {
		t.Errorf("%+v", load)
	}
	if want := (Operand{Kind: Slot, Reg: "SP", Name: "s0", Off: -8}); fn.Insts[2].Args[1] != want {
		t.Errorf("%+v", fn.Insts[2].Args[1])
	}
	if d := f.Data["c<>"]; len(d.Bytes) != 8 || d.Bytes[3] != 0x3f || d.Bytes[7] != 0xff {
		t.Errorf("%+v", d)
	}
}

// TestErrors changes the good text; each change is an error that names its line.
func TestErrors(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"RODATA|NOPTR", "NOPTR", "f.s:5"},
		{"$8\n", "$12\n", "DATA fills 8 bytes"},
		{"c<>+4(SB)/4", "c<>+0(SB)/4", "fills a byte twice"},
		{"NOSPLIT", "0", "f.s:8"},
		{"top:", "top:\ntop:", "declared twice"},
		{"(DI*8)", "(DI*3)", "f.s:13"},
		{"(DI*8)", "(Z1*8)", "f.s:13"},
		{"\tRET", "\tRET; RET", "f.s:16"},
		{`"textflag.h"`, `"other.h"`, "f.s:1"},
		{"a+0(FP)", "a(FP)(AX*1)", "f.s:9"},
		{"Z31", "Z32", ""}, // reads as a label: the table has no such form
		{"MOVQ SI, s0", "BYTE $0x90; MOVQ SI, s0", "f.s:11"},
		{"GLOBL c<>(SB), RODATA|NOPTR, $8\n", "", "no GLOBL"},
		{"\tMOVQ a+0", "MOVQ2 top", ""},
	} {
		_, err := Parse("f.s", []byte(strings.Replace(good, c.old, c.new, 1)))
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q for %q: %v, want %q", c.new, c.old, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(goodARM64))
	f.Fuzz(func(_ *testing.T, src []byte) {
		_, _ = Parse("f.s", src)
		_, _ = Parse("f_arm64.s", src)
	})
}

const goodARM64 = `TEXT ·f(SB), NOSPLIT, $0-8
	MOVD a+0(FP), R0
	ADD R2<<3, R1, R3
	FMOVQ -16(R3), F31
	VDUP V31.S[3], V2.S4
	WORD $0x4f981349 // what is said here is not read
	RET
`

func TestARM64(t *testing.T) {
	f, err := Parse("f_arm64.s", []byte(goodARM64))
	if err != nil {
		t.Fatal(err)
	}
	in := f.Funcs[0].Insts
	if a := in[1].Args[0]; a.Reg != "R2" || a.Scale != 8 {
		t.Errorf("%+v", in[1])
	}
	if a := in[3].Args; in[3].Op != "VDUP.S4" || !a[0].IsElement() || a[0].Off != 3 || a[1].Reg != "V2" {
		t.Errorf("%+v", in[3])
	}
	if a := in[4].Args; in[4].Op != "VFMLA.S4" || a[0].Reg != "V24" || !a[0].IsElement() || a[1].Reg != "V26" || a[2].Reg != "V9" {
		t.Errorf("%+v", in[4])
	}
	for _, c := range []struct{ old, new, want string }{
		{"$0x4f981349", "$0", "no instruction"},
		{"$0x4f981349", "$0xd65f03c0", "only what works on vectors"}, // RET
		{"$0x4f981349", "0x4f981349", "wants $n"},
		{"V31.S[3]", ".S[3]", "f_arm64.s:5"},
		{"V31.S[3]", "V31.S", "f_arm64.s:5"},
		{"V31.S[3]", "V32.S[3]", "f_arm64.s:5"},
		{"V31.S[3], V2.S4", "V31.D2, V2.S4", "different arrangement"},
		{"R2<<3", "R2<<0", "f_arm64.s:3"},
		{"-16(R3)", "-16(R3)(R1*1)", "f_arm64.s:4"},
		{"-16(R3)", "-16(AX)", "f_arm64.s:4"},
	} {
		_, err := Parse("f_arm64.s", []byte(strings.Replace(goodARM64, c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q for %q: %v, want %q", c.new, c.old, err, c.want)
		}
	}
}
