package insn

import (
	"fmt"

	"github.com/loopopt/loopopt/loopir"
)

// An intForm is a size of integers in lanes, and what instructions on it need.
type intForm struct {
	letter  string
	elem    loopir.Type
	feature string // of EVEX encodings
	small   bool   // there is no embedded broadcast, no form of a masked VEX move, ...
}

var intForms = []intForm{{"B", loopir.I8, "BW", true}, {"W", loopir.I16, "BW", true}, {"D", loopir.I32, "", false}, {"Q", loopir.I64, "", false}}

func truth(op loopir.Op) fun {
	return func(x ...loopir.Expr) loopir.Expr {
		return &loopir.Binary{Op: op, X: x[0], Y: x[1], Type: loopir.Bool}
	}
}

// integers adds what works on lanes of integers, which wrap around.
func integers() {
	for _, i := range intForms {
		lanes := func(op string, args int, vex, signed bool, feature string, effect fun) {
			add(Entry{Op: op + i.letter, Kind: Lanes, Elem: i.elem, Args: args, VEX: vex, EVEX: true, Signed: signed, Feature: feature, Effect: effect})
		}
		lanes("VPADD", 2, true, false, i.feature, operator(loopir.Add))
		lanes("VPSUB", 2, true, false, i.feature, operator(loopir.Sub))
		wide := i.letter == "Q"
		if i.letter != "B" {
			lanes("VPMULL", 2, !wide, false, map[bool]string{true: "DQ", false: i.feature}[wide], operator(loopir.Mul))
		}
		lanes("VPMINS", 2, !wide, true, i.feature, call("min"))
		lanes("VPMAXS", 2, !wide, true, i.feature, call("max"))
		lanes("VPABS", 1, !wide, true, i.feature, call("abs"))
		add(Entry{Op: "VPCMP" + i.letter, Kind: Compare, Elem: i.elem, Args: 2, EVEX: true, Signed: true, Feature: i.feature, Preds: intPreds})
		add(Entry{Op: "VPCMPGT" + i.letter, Kind: Compare, Elem: i.elem, Args: 2, VEX: true, Signed: true, Effect: truth(loopir.Gt)})
		add(Entry{Op: "VPCMPEQ" + i.letter, Kind: Compare, Elem: i.elem, Args: 2, VEX: true, Effect: truth(loopir.Eq)})
		add(Entry{Op: "VPBROADCAST" + i.letter, Kind: Broadcast, Elem: i.elem, VEX: true, EVEX: true, Feature: i.feature})
		add(Entry{Op: fmt.Sprintf("VMOVDQU%d", i.elem.Bits()), Kind: Move, Elem: i.elem, EVEX: true, Feature: i.feature})
		if i.letter != "B" {
			add(Entry{Op: "VPSLL" + i.letter, Kind: LanesImm, Elem: i.elem, Args: 1, VEX: true, EVEX: true, Feature: i.feature, Imm: shift("shl")})
			add(Entry{Op: "VPSRA" + i.letter, Kind: LanesImm, Elem: i.elem, Args: 1, VEX: !wide, EVEX: true, Signed: true, Feature: i.feature, Imm: shift("shr")})
		}
		add(Entry{Op: "VPBLENDM" + i.letter, Kind: BlendM, Elem: i.elem, EVEX: true, Feature: i.feature})
		if i.small {
			add(Entry{Op: "VPEXTR" + i.letter, Kind: Extract, Elem: i.elem, Scalar: true, VEX: true, EVEX: true, Feature: "BW"})
			continue
		}
		for op, name := range map[string]string{"VPAND": BitAnd, "VPOR": BitOr, "VPXOR": BitXor, "VPANDN": BitAndNot} {
			add(Entry{Op: op + i.letter, Kind: Lanes, Elem: i.elem, Args: 2, EVEX: true, Bitwise: true, Effect: call(name)})
		}
		add(Entry{Op: "VMOV" + i.letter, Kind: FromGeneral, Elem: i.elem, VEX: true, EVEX: true})
		add(Entry{Op: "VPMASKMOV" + i.letter, Kind: MaskMove, Elem: i.elem, VEX: true})
	}
	for op, name := range map[string]string{"VPAND": BitAnd, "VPOR": BitOr, "VPXOR": BitXor, "VPANDN": BitAndNot} {
		add(Entry{Op: op, Kind: Lanes, Elem: loopir.I32, Any: true, Args: 2, VEX: true, Bitwise: true, Effect: call(name)})
	}
	add(Entry{Op: "VMOVDQU", Kind: Move, Elem: loopir.I32, Any: true, VEX: true})
	add(Entry{Op: "VPBLENDVB", Kind: BlendV, Elem: loopir.I8, Any: true, VEX: true})
	add(Entry{Op: "VPMINUB", Kind: Lanes, Elem: loopir.U8, Args: 2, VEX: true, EVEX: true, Signed: true, Feature: "BW", Effect: call("min")})
	add(Entry{Op: "VPMAXUB", Kind: Lanes, Elem: loopir.U8, Args: 2, VEX: true, EVEX: true, Signed: true, Feature: "BW", Effect: call("max")})
	add(Entry{Op: "VPCMPUB", Kind: Compare, Elem: loopir.U8, Args: 2, EVEX: true, Signed: true, Feature: "BW", Preds: intPreds})
	add(Entry{Op: "VPERMD", Kind: Permute, Elem: loopir.I32, VEX: true, EVEX: true})
	add(Entry{Op: "VPERMQ", Kind: Permute, Elem: loopir.I64, EVEX: true}) // by an immediate where that comes first
	add(Entry{Op: "VPERMW", Kind: Permute, Elem: loopir.I16, EVEX: true, Feature: "BW"})
}

// conversions adds what makes lanes of one type from lanes of another.
func conversions() {
	convert := func(op string, from, to loopir.Type, vex bool, feature string) {
		add(Entry{Op: op, Kind: Convert, From: from, Elem: to, Args: 1, VEX: vex, EVEX: true, Feature: feature, Effect: func(x ...loopir.Expr) loopir.Expr {
			return &loopir.Cast{To: to, X: x[0]}
		}})
	}
	for i, a := range intForms {
		for _, b := range intForms[i+1:] {
			feature := ""
			if b.letter == "W" {
				feature = "BW"
			}
			convert("VPMOVSX"+a.letter+b.letter, a.elem, b.elem, true, feature)
			convert("VPMOV"+b.letter+a.letter, b.elem, a.elem, false, feature)
			if a.elem == loopir.I8 { // the language has no other unsigned type
				convert("VPMOVZX"+a.letter+b.letter, loopir.U8, b.elem, true, feature)
			}
		}
	}
	convert("VCVTDQ2PS", loopir.I32, loopir.F32, true, "")
	convert("VCVTDQ2PD", loopir.I32, loopir.F64, true, "")
	convert("VCVTPS2PD", loopir.F32, loopir.F64, true, "")
	convert("VCVTQQ2PD", loopir.I64, loopir.F64, false, "DQ")
	// The text tells the width of what becomes smaller.
	for sfx, width := range map[string]int{"": 64, "X": 16, "Y": 32} {
		convert("VCVTPD2PS"+sfx, loopir.F64, loopir.F32, sfx != "", "")
		convert("VCVTQQ2PS"+sfx, loopir.I64, loopir.F32, false, "DQ")
		table["VCVTPD2PS"+sfx].Width, table["VCVTQQ2PS"+sfx].Width = width, width
	}
}
