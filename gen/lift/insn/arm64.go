package insn

import "github.com/loopopt/loopopt/loopir"

// arm64 instructions on vectors are named with the arrangement of their operands, and
// those that Go's assembler has no mnemonic for as golang.org/x/arch decodes them.
// FMAX and FMIN are the language's max and min: NaN if an operand is, and -0 < +0.
func init() {
	put := func(e Entry) {
		e.Arch, e.VEX, e.EVEX = "arm64", true, true
		table[e.Op] = &e
	}
	for arr, elem := range map[string]loopir.Type{".S4": loopir.F32, ".D2": loopir.F64} {
		for op, effect := range map[string]fun{
			"FADD": operator(loopir.Add), "FSUB": operator(loopir.Sub), "FMUL": operator(loopir.Mul), "FDIV": operator(loopir.Div),
			"FMAX": call("max"), "FMIN": call("min"),
		} {
			put(Entry{Op: op + arr, Kind: Lanes, Elem: elem, Args: 2, Effect: effect})
		}
		put(Entry{Op: "FSQRT" + arr, Kind: Lanes, Elem: elem, Args: 1, Effect: call("sqrt")})
		put(Entry{Op: "VFMLA" + arr, Kind: Lanes, Elem: elem, Args: 3, Dst: true, ByElement: true, Effect: func(x ...loopir.Expr) loopir.Expr { return fma(x[1], x[2], x[0]) }})
		put(Entry{Op: "VFMLS" + arr, Kind: Lanes, Elem: elem, Args: 3, Dst: true, Effect: func(x ...loopir.Expr) loopir.Expr { return fma(negate(x[1]), x[2], x[0]) }})
		for op, o := range map[string]loopir.Op{"VFCMEQ": loopir.Eq, "VFCMGE": loopir.Ge, "VFCMGT": loopir.Gt} {
			put(Entry{Op: op + arr, Kind: Compare, Elem: elem, Args: 2, Effect: truth(o)})
		}
		put(Entry{Op: "VDUP" + arr, Kind: Element, Elem: elem})
	}
	put(Entry{Op: "FMOVS", Kind: Move, Elem: loopir.F32, Scalar: true})
	put(Entry{Op: "FMOVD", Kind: Move, Elem: loopir.F64, Scalar: true})
	// What follows moves bits and combines them one by one, whatever the lanes are.
	whole := func(op string, kind Kind, args int, dst bool, effect fun) {
		put(Entry{Op: op, Kind: kind, Elem: loopir.F32, Any: true, Bitwise: kind == Lanes, Args: args, Dst: dst, Effect: effect})
	}
	whole("FMOVQ", Move, 0, false, nil)
	whole("VMOV.B16", Move, 0, false, nil)
	whole("VAND.B16", Lanes, 2, false, call(BitAnd))
	whole("VORR.B16", Lanes, 2, false, call(BitOr))
	whole("VEOR.B16", Lanes, 2, false, call(BitXor))
	whole("VMVN.B16", Lanes, 1, false, call(BitNot))
	whole("VBSL.B16", Lanes, 3, true, choice(0, 1, 2))
	whole("VBIT.B16", Lanes, 3, true, choice(2, 1, 0))
	whole("VBIF.B16", Lanes, 3, true, choice(2, 0, 1))
	put(Entry{Op: "MOVD", Kind: MoveInt})
	put(Entry{Op: "ADD", Kind: Arith, Effect: operator(loopir.Add)})
	put(Entry{Op: "SUB", Kind: Arith, Effect: operator(loopir.Sub)})
	put(Entry{Op: "SUBS", Kind: Arith, Effect: operator(loopir.Sub)})
	put(Entry{Op: "CMP", Kind: Flags})
	for cc, o := range map[string]loopir.Op{"GT": loopir.Gt, "GE": loopir.Ge, "LT": loopir.Lt, "LE": loopir.Le, "EQ": loopir.Eq, "NE": loopir.Ne} {
		put(Entry{Op: "B" + cc, Kind: Branch, Cond: o})
	}
	put(Entry{Op: "PRFM", Kind: Nothing})
}

// choice takes bits of x[yes] where those of x[mask] are set, of x[no] elsewhere.
func choice(mask, yes, no int) fun {
	return func(x ...loopir.Expr) loopir.Expr {
		return &loopir.Intrinsic{Name: BitSelect, Args: []loopir.Expr{x[mask], x[yes], x[no]}, Type: x[yes].TypeOf()}
	}
}
