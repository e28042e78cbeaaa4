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
	n := int((g.lanes*e.elem + e.width - 1) / e.width)
	masks, err := e.makeMasks(count, op, n, outer)
	if err != nil {
		return err
	}
	e.vec.masks = masks
	err = e.nodes(body, depth, last)
	e.vec.masks = outer
	e.freeMasks(masks)
	return err
}

func (e *emitter) makeMasks(count string, op loopir.Op, n int, outer []mask) ([]mask, error) {
	letter := "D"
	if e.elem == 8 {
		letter = "Q"
	}
	iota := e.data.iota(int64(n) * e.width / e.elem)
	v, ok := e.vec.take()
	if !ok {
		return nil, e.tooManyVectors()
	}
	if e.evex {
		e.line("VPBROADCAST%s %s, %s", letter, count, e.reg(v))
	} else {
		e.line("VMOV%s %s, X%d", letter, count, v)
		e.line("VPBROADCAST%s X%d, %s", letter, v, e.reg(v))
	}
	ones, pred := -1, map[loopir.Op]int{loopir.Gt: 6, loopir.Le: 2}[op]
	if !e.evex && op == loopir.Le { // what isn't greater
		if ones, ok = e.vec.take(); !ok {
			return nil, e.tooManyVectors()
		}
		s := selector{e: e}
		e.line("%s %s(SB), %s", s.broadcastName(), e.data.constant(1<<(8*e.elem-1)<<1-1), e.reg(ones))
	}
	var out []mask
	for g := range n {
		var m mask
		at := fmt.Sprintf("%s<>+%d(SB)", iota, int64(g)*e.width)
		if e.evex {
			k, ok := e.vec.takeK()
			if !ok {
				return nil, unsupported(e.prog.span, "more masks than the processor has")
			}
			m = mask(k)
			if outer != nil {
				e.line("VPCMP%s $%d, %s, %s, K%d, K%d", letter, pred, at, e.reg(v), outer[g], k)
			} else {
				e.line("VPCMP%s $%d, %s, %s, K%d", letter, pred, at, e.reg(v), k)
			}
		} else {
			r, ok := e.vec.take()
			if !ok {
				return nil, e.tooManyVectors()
			}
			m = mask(r)
			e.line("VPCMPGT%s %s, %s, %s", letter, at, e.reg(v), e.reg(r))
			suffix := map[int64]string{4: "S", 8: "D"}[e.elem]
			if ones >= 0 {
				e.line("VXORP%s %s, %s, %s", suffix, e.reg(ones), e.reg(r), e.reg(r))
			}
			if outer != nil {
				e.line("VANDP%s %s, %s, %s", suffix, e.reg(int(outer[g])), e.reg(r), e.reg(r))
			}
		}
		out = append(out, m)
	}
	e.vec.give(v)
	if ones >= 0 {
		e.vec.give(ones)
	}
	return out, nil
}

func (e *emitter) freeMasks(ms []mask) {
	for _, m := range ms {
		if e.evex {
			e.vec.giveK(int(m))
		} else {
			e.vec.give(int(m))
		}
	}
}
