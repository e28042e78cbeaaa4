package simd

import (
	"fmt"
	"math"

	"github.com/loopopt/loopopt/loopir"
)

// lanesGuard emits each side of a guard under the mask of its lanes; a side is jumped over
// when it has none.
func (e *emitter) lanesGuard(g *guard, depth int, last bool) error {
	sides := []struct {
		op   loopir.Op
		body []node
	}{{g.op, g.yes}, {inverseOp[g.op], g.no}}
	for i, side := range sides {
		if len(side.body) == 0 {
			continue
		}
		e.labels++
		name := fmt.Sprintf("guard_%d", e.labels)
		constant := g.at.aff.isZero()
		if !constant {
			bound := -g.at.disp // number > 0, or number <= lanes-1
			if side.op == loopir.Le {
				bound += g.lanes - 1
			}
			if bound > math.MaxInt32 || bound < math.MinInt32 {
				return unsupported(e.prog.span, "the constant %d is too large", bound)
			}
			e.to.skip(e.number(g.at.aff), side.op, bound, name)
		}
		if err := e.masked(g, side.op, side.body, depth, last && (i == 1 || len(g.no) == 0)); err != nil {
			return err
		}
		if !constant {
			e.label(name)
		}
	}
	return nil
}

var inverseOp = map[loopir.Op]loopir.Op{loopir.Gt: loopir.Le, loopir.Le: loopir.Gt}

// masked makes a mask for each vector of the guard's lanes, count op lane, and emits the
// body under it.
func (e *emitter) masked(g *guard, op loopir.Op, body []node, depth int, last bool) error {
	if e.isa == NEON {
		return unsupported(e.prog.span, "masked lanes")
	}
	count, limit := e.scratch(), e.gp.temps[1]
	e.gp.held[1] = nil
	if g.at.aff.isZero() {
		e.line("MOVQ $%d, %s", min(max(g.at.disp, 0), g.lanes), count)
	} else {
		e.line("MOVQ %s, %s", e.number(g.at.aff), count)
		if g.at.disp != 0 {
			e.line("ADDQ $%d, %s", g.at.disp, count)
		}
		e.line("MOVQ $%d, %s", g.lanes, limit)
		e.line("CMPQ %s, %s", count, limit)
		e.line("CMOVQGT %s, %s", limit, count)
		if op == loopir.Le { // of the other side it is known that the number is positive
			e.line("MOVQ $0, %s", limit)
			e.line("CMPQ %s, %s", count, limit)
			e.line("CMOVQLT %s, %s", limit, count)
		}
	}
	outer := e.vec.masks
	all, err := e.makeMasks(count, op, int((g.lanes+e.per()-1)/e.per()), outer)
	if err != nil {
		return err
	}
	e.vec.masks = all
	err = e.nodes(body, depth, last)
	e.vec.masks = outer
	e.freeMasks(all)
	return err
}

// makeMasks makes the masks of n vectors: of one size with AVX-512, whose masks fit lanes of
// any, of each size that the region has without.
func (e *emitter) makeMasks(count string, op loopir.Op, n int, outer masks) (masks, error) {
	out := masks{}
	if e.evex {
		list, err := e.masksOf(e.elem, count, op, n, outer[e.elem])
		for size := e.elem; size > 0; size /= 2 {
			out[size] = list
		}
		return out, err
	}
	for size := e.elem; size >= e.prog.narrow(); size /= 2 {
		if size < 4 {
			return nil, unsupported(e.prog.span, "masked lanes of %d bytes without AVX-512", size)
		}
		list, err := e.masksOf(size, count, op, n, outer[size])
		if err != nil {
			return nil, err
		}
		out[size] = list
	}
	return out, nil
}

// masksOf makes masks for lanes of a size.
func (e *emitter) masksOf(size int64, count string, op loopir.Op, n int, outer []mask) ([]mask, error) {
	letter, lanes := sized[size], int64(n)*e.per()
	if size == 1 && lanes > 127 {
		return nil, unsupported(e.prog.span, "more masked lanes than fit in a byte")
	}
	iota := e.data.iota(lanes, size, 1)
	v, ok := e.vec.take()
	if !ok {
		return nil, e.tooManyVectors()
	}
	if e.evex {
		e.line("VPBROADCAST%s %s, %s", letter, count, e.reg(v, size))
	} else {
		move := map[int64]string{4: "D", 8: "Q"}[size]
		e.line("VMOV%s %s, X%d", move, count, v)
		e.line("VPBROADCAST%s X%d, %s", letter, v, e.reg(v, size))
	}
	ones, pred := -1, map[loopir.Op]int{loopir.Gt: 6, loopir.Le: 2}[op]
	if !e.evex && op == loopir.Le { // what isn't greater
		if ones, ok = e.vec.take(); !ok {
			return nil, e.tooManyVectors()
		}
		s, t := selector{e: e}, e.maskType(size)
		e.line("%s %s(SB), %s", s.broadcastName(t), e.data.constant(1<<(8*size-1)<<1-1, size), e.reg(ones, size))
	}
	var out []mask
	for g := range n {
		at := fmt.Sprintf("%s<>+%d(SB)", iota, int64(g)*e.bytes(size))
		m, err := e.maskOf(size, g, at, v, ones, pred, outer)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	e.vec.give(v)
	if ones >= 0 {
		e.vec.give(ones)
	}
	return out, nil
}

// maskOf makes one mask: v compared with the numbers at a place, inverted if ones are given.
func (e *emitter) maskOf(size int64, g int, at string, v, ones, pred int, outer []mask) (mask, error) {
	letter := sized[size]
	if e.evex {
		k, ok := e.vec.takeK()
		if !ok {
			return 0, unsupported(e.prog.span, "more masks than the processor has")
		}
		under := ""
		if outer != nil {
			under = fmt.Sprintf("K%d, ", outer[g])
		}
		e.line("VPCMP%s $%d, %s, %s, %sK%d", letter, pred, at, e.reg(v, size), under, k)
		return mask(k), nil
	}
	r, ok := e.vec.take()
	if !ok {
		return 0, e.tooManyVectors()
	}
	name := func(op string) string { s := selector{e: e}; return s.bitwise(op, e.maskType(size)) }
	e.line("VPCMPGT%s %s, %s, %s", letter, at, e.reg(v, size), e.reg(r, size))
	if ones >= 0 {
		e.line("%s %s, %s, %s", name("XOR"), e.reg(ones, size), e.reg(r, size), e.reg(r, size))
	}
	if outer != nil {
		e.line("%s %s, %s, %s", name("AND"), e.reg(int(outer[g]), size), e.reg(r, size), e.reg(r, size))
	}
	return mask(r), nil
}

func (e *emitter) freeMasks(all masks) {
	for size, ms := range all {
		for _, m := range ms {
			switch {
			case !e.evex:
				e.vec.give(int(m))
			case size == e.elem:
				e.vec.giveK(int(m))
			}
		}
	}
}
