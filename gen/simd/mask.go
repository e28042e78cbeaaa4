package simd

import "fmt"

// masked makes a mask for each vector of the guard's lanes, lane < count, and
// emits the body under it.
func (e *emitter) masked(g *guard, depth int, last bool) error {
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
	}
	outer := e.vec.masks
	n := int((g.lanes*e.elem + e.width - 1) / e.width)
	masks, err := e.makeMasks(count, n, outer)
	if err != nil {
		return err
	}
	e.vec.masks = masks
	err = e.nodes(g.yes, depth, last)
	e.vec.masks = outer
	e.freeMasks(masks)
	return err
}

func (e *emitter) makeMasks(count string, n int, outer []mask) ([]mask, error) {
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
				e.line("VPCMP%s $6, %s, %s, K%d, K%d", letter, at, e.reg(v), outer[g], k)
			} else {
				e.line("VPCMP%s $6, %s, %s, K%d", letter, at, e.reg(v), k)
			}
		} else {
			r, ok := e.vec.take()
			if !ok {
				return nil, e.tooManyVectors()
			}
			m = mask(r)
			e.line("VPCMPGT%s %s, %s, %s", letter, at, e.reg(v), e.reg(r))
			if outer != nil {
				e.line("VANDP%s %s, %s, %s", map[int64]string{4: "S", 8: "D"}[e.elem], e.reg(int(outer[g])), e.reg(r), e.reg(r))
			}
		}
		out = append(out, m)
	}
	e.vec.give(v)
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
