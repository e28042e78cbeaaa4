package insn

import (
	"cmp"
	"fmt"

	"github.com/loopopt/loopopt/loopir"
)

// forms lists the ways to write an entry at one width, with what each is to give.
func forms(e *Entry, r string, width int, wide bool) []trial {
	bits := e.Elem.Bits()
	var out []trial
	add := func(text string, evex bool, lane func(in *input, i int) uint64) {
		n := 1
		if !e.Scalar && bits > 0 {
			n = width * 8 / bits
		}
		out = append(out, trial{entry: e, text: text, width: width, wide: evex, want: func(in *input) ([]byte, uint64) {
			b := make([]byte, n*bits/8)
			for i := range n {
				put(b, i, bits, lane(in, i))
			}
			return b, 0
		}})
	}
	masked := func(text string, lane func(in *input, i int) uint64) { // text has one %s for the suffix, one for the mask
		add(fmt.Sprintf(text, "", ""), wide, lane)
		if !wide {
			return
		}
		add(fmt.Sprintf(text, "", "K1, "), true, func(in *input, i int) uint64 {
			if in.k1>>i&1 == 0 {
				return in.lane(0, i, bits)
			}
			return lane(in, i)
		})
		add(fmt.Sprintf(text, ".Z", "K1, "), true, func(in *input, i int) uint64 {
			if in.k1>>i&1 == 0 {
				return 0
			}
			return lane(in, i)
		})
	}
	switch e.Kind {
	case Lanes:
		lanesForms(e, r, wide, bits, masked)
	case LanesImm:
		immediates := []int64{8, 9, 10, 11} // of roundings
		if e.Elem.IsInteger() {
			immediates = []int64{0, 1, 7, int64(bits - 1)}
		}
		for _, n := range immediates {
			of := func(v int) func(in *input, i int) uint64 {
				return func(in *input, i int) uint64 {
					return eval(e.Imm(n, leaf(0, e.Elem)), map[string]uint64{"x0": in.lane(v, i, bits)})
				}
			}
			masked(fmt.Sprintf("%s%%s $%d, %s2, %%s%s0", e.Op, n, r, r), of(2))
			if wide {
				masked(fmt.Sprintf("%s%%s $%d, 64(AX), %%s%s0", e.Op, n, r), of(1))
			}
		}
	case Compare:
		out = append(out, compareForms(e, r, width, wide)...)
	case Move:
		masked(e.Op+"%s 64(AX), %s"+r+"0", func(in *input, i int) uint64 { return in.lane(1, i, bits) })
		if !e.Scalar {
			masked(e.Op+"%s "+r+"2, %s"+r+"0", func(in *input, i int) uint64 { return in.lane(2, i, bits) })
			add(e.Op+" "+r+"2, 64(AX)\n\tVMOVUPS 64(AX), "+r+"0", wide, func(in *input, i int) uint64 { return in.lane(2, i, bits) })
		} else {
			add(e.Op+" X2, 64(AX)\n\tVMOVUPS 64(AX), X0", false, func(in *input, i int) uint64 { return in.lane(2, 0, bits) })
		}
	case Broadcast:
		if r == "X" && bits == 64 && e.Elem.IsFloat() {
			return nil // there is none
		}
		masked(e.Op+"%s X2, %s"+r+"0", func(in *input, _ int) uint64 { return in.lane(2, 0, bits) })
		masked(e.Op+"%s 64(AX), %s"+r+"0", func(in *input, _ int) uint64 { return in.lane(1, 0, bits) })
		if !e.Elem.IsFloat() && wide {
			masked(e.Op+"%s CX, %s"+r+"0", func(in *input, _ int) uint64 { return in.cx })
		}
	case MaskMove:
		if r == "X" {
			return nil
		}
		on := func(in *input, i int) bool { return in.lane(3, i, bits)>>(bits-1) == 1 }
		add(e.Op+" 64(AX), "+r+"3, "+r+"0", false, func(in *input, i int) uint64 {
			if on(in, i) {
				return in.lane(1, i, bits)
			}
			return 0
		})
		add(e.Op+" "+r+"2, "+r+"3, 64(AX)\n\tVMOVUPS 64(AX), "+r+"0", false, func(in *input, i int) uint64 {
			if on(in, i) {
				return in.lane(2, i, bits)
			}
			return in.lane(1, i, bits)
		})
	case Permute:
		if r == "X" {
			return nil
		}
		n := width * 8 / bits
		if bits == 32 || wide {
			add(e.Op+" "+r+"2, "+r+"3, "+r+"0", wide, func(in *input, i int) uint64 { return in.lane(2, int(in.lane(3, i, bits)%uint64(n)), bits) })
		}
		if bits == 64 && r == "Z" {
			for _, imm := range []int{0, 85, 170, 255} {
				out = append(out, trial{entry: e, text: fmt.Sprintf("%s $%d, Y2, Y0", e.Op, imm), width: 32, want: func(in *input) ([]byte, uint64) {
					b := make([]byte, 32)
					for i := range 4 {
						put(b, i, 64, in.lane(2, imm&3, 64))
					}
					return b, 0
				}})
			}
		}
	case BlendV:
		add(e.Op+" "+r+"3, "+r+"2, "+r+"1, "+r+"0", false, func(in *input, i int) uint64 {
			if in.lane(3, i, bits)>>(bits-1) == 1 {
				return in.lane(2, i, bits)
			}
			return in.lane(1, i, bits)
		})
	case BlendM:
		add(e.Op+" "+r+"2, "+r+"1, K1, "+r+"0", true, func(in *input, i int) uint64 {
			if in.k1>>i&1 == 1 {
				return in.lane(2, i, bits)
			}
			return in.lane(1, i, bits)
		})
	case Convert:
		return convertForms(e, r, width, wide)
	case Extract:
		out = append(out, trial{entry: e, text: e.Op + " $0, X2, 64(AX)\n\tVMOVUPS 64(AX), X0", width: 16, want: func(in *input) ([]byte, uint64) { return lowest(in, bits/8), 0 }})
	case FromGeneral:
		if r == "X" {
			add(e.Op+" 64(AX), X0", false, func(in *input, i int) uint64 {
				if i == 0 {
					return in.lane(1, 0, bits)
				}
				return 0
			})
			out = append(out, trial{entry: e, text: e.Op + " X2, 64(AX)\n\tVMOVUPS 64(AX), X0", width: 16, want: func(in *input) ([]byte, uint64) { return lowest(in, bits/8), 0 }})
			add(e.Op+" CX, X0", false, func(in *input, i int) uint64 {
				if i == 0 {
					return in.cx
				}
				return 0
			})
		}
	case MaskLogic:
		if wide {
			out = append(out, logicForms(e)...)
		}
	}
	return out
}

// lanesForms tries registers, memory, an embedded broadcast and masks.
func lanesForms(e *Entry, r string, wide bool, bits int, masked func(string, func(*input, int) uint64)) {
	n := e.Args
	if e.Dst {
		n--
	}
	var args []loopir.Expr
	for i := range e.Args {
		args = append(args, leaf(i, e.Elem))
	}
	effect := e.Effect(args...)
	// The manual's order: destination if it is read, first source, second source.
	value := func(last func(in *input, i int) uint64) func(in *input, i int) uint64 {
		return func(in *input, i int) uint64 {
			env := map[string]uint64{}
			k := 0
			if e.Dst {
				env["x0"] = in.lane(0, i, bits)
				k = 1
			}
			if n == 2 {
				env[fmt.Sprint("x", k)] = in.lane(2, i, bits)
				k++
			}
			env[fmt.Sprint("x", k)] = last(in, i)
			return eval(effect, env)
		}
	}
	mid := ""
	if n == 2 {
		mid = r + "2, "
	}
	masked(e.Op+"%s "+r+"3, "+mid+"%s"+r+"0", value(func(in *input, i int) uint64 { return in.lane(3, i, bits) }))
	masked(e.Op+"%s 64(AX), "+mid+"%s"+r+"0", value(func(in *input, i int) uint64 { return in.lane(1, i, bits) }))
	if wide && bits >= 32 {
		masked(e.Op+".BCST%s 64(AX), "+mid+"%s"+r+"0", value(func(in *input, _ int) uint64 { return in.lane(1, 0, bits) }))
	}
}

func compareForms(e *Entry, r string, width int, wide bool) []trial {
	bits := e.Elem.Bits()
	n := width * 8 / bits
	var out []trial
	one := func(pred, src, under string, op fun, last func(in *input, i int) uint64) {
		truth := op(leaf(0, e.Elem), leaf(1, e.Elem))
		dst := r + "0"
		if wide {
			dst = "K2"
		}
		out = append(out, trial{entry: e, text: e.Op + src2(src) + " " + pred + src1(src) + ", " + r + "2, " + under + dst, width: width, wide: wide, mask: wide, want: func(in *input) ([]byte, uint64) {
			b, k := make([]byte, width), uint64(0)
			for i := range n {
				x := eval(truth, map[string]uint64{"x0": in.lane(2, i, bits), "x1": last(in, i)})
				if under != "" {
					x &= in.k1 >> i
				}
				x &= 1
				k |= x << i
				put(b, i, bits, -x)
			}
			return b, k
		}})
	}
	add := func(pred, src string, op fun, last func(in *input, i int) uint64) {
		one(pred, src, "", op, last)
		if wide {
			one(pred, src, "K1, ", op, last)
		}
	}
	each := func(pred string, op fun) {
		add(pred, r+"3", op, func(in *input, i int) uint64 { return in.lane(3, i, bits) })
		add(pred, "64(AX)", op, func(in *input, i int) uint64 { return in.lane(1, i, bits) })
		if wide && bits >= 32 {
			add(pred, ".BCST 64(AX)", op, func(in *input, _ int) uint64 { return in.lane(1, 0, bits) })
		}
	}
	if e.Preds == nil {
		each("", e.Effect)
		return out
	}
	for imm, op := range e.Preds {
		each(fmt.Sprintf("$%d, ", imm), func(x ...loopir.Expr) loopir.Expr {
			return &loopir.Binary{Op: op, X: x[0], Y: x[1], Type: loopir.Bool}
		})
	}
	return out
}

// src2 is the suffix of an operand written ".BCST 64(AX)", src1 the operand.
func src2(s string) string {
	if s[0] == '.' {
		return ".BCST"
	}
	return ""
}

func src1(s string) string {
	if s[0] == '.' {
		return s[len(".BCST "):]
	}
	return s
}

func logicForms(e *Entry) []trial {
	n := map[byte]int{'W': 16, 'D': 32, 'Q': 64}[e.Op[len(e.Op)-1]]
	text := e.Op + " K3, K1, K2"
	args := []loopir.Expr{leaf(0, loopir.Bool), leaf(1, loopir.Bool)}
	if e.Args == 1 {
		text = e.Op + " K1, K2"
		args = args[:1]
	}
	effect := e.Effect(args...)
	return []trial{{entry: e, text: text, width: 64, wide: true, mask: true, want: func(in *input) ([]byte, uint64) {
		k := uint64(0)
		for i := range n {
			k |= eval(effect, map[string]uint64{"x0": in.k1 >> i & 1, "x1": in.k3 >> i & 1}) << i
		}
		return nil, k
	}}}
}

// lowest is the memory where its first n bytes are those of the third vector.
func lowest(in *input, n int) []byte {
	b := append([]byte(nil), in.v[1][:16]...)
	copy(b, in.v[2][:n])
	return b
}

// convertForms tries registers and memory; vectors of the type that has more bits are as
// wide as asked for.
func convertForms(e *Entry, r string, width int, wide bool) []trial {
	from, to := e.From.Bits(), e.Elem.Bits()
	if e.Width != 0 && e.Width != width {
		return nil
	}
	n := width * 8 / max(from, to)
	name := func(bits int) string { return map[int]string{32: "Y", 64: "Z"}[n*bits/8] }
	src, dst := cmp.Or(name(from), "X"), cmp.Or(name(to), "X")
	effect := e.Effect(leaf(0, e.From))
	var out []trial
	add := func(text string, v int, merge, mask bool) {
		out = append(out, trial{entry: e, text: text, width: width, wide: wide || !e.VEX, want: func(in *input) ([]byte, uint64) {
			b := make([]byte, n*to/8)
			for i := range n {
				x := eval(effect, map[string]uint64{"x0": in.lane(v, i, from)})
				if mask && in.k1>>i&1 == 0 {
					x = 0
					if merge {
						x = in.lane(0, i, to)
					}
				}
				put(b, i, to, x)
			}
			return b, 0
		}})
	}
	add(e.Op+" "+src+"2, "+dst+"0", 2, false, false)
	if to > from {
		add(e.Op+" 64(AX), "+dst+"0", 1, false, false)
	}
	if wide {
		add(e.Op+" "+src+"2, K1, "+dst+"0", 2, true, true)
		add(e.Op+".Z "+src+"2, K1, "+dst+"0", 2, false, true)
	}
	return out
}
