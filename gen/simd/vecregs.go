package simd

import (
	"fmt"

	"github.com/loopopt/loopopt/loopir"
)

// A mask is a mask register (AVX-512) or a vector register whose active lanes
// are all ones.
type mask int

// vecRegs hands out vector and mask registers. Cells of locals keep theirs from
// the first use to the end of the local's scope; what is left is for the
// temporaries of a block.
type vecRegs struct {
	used  []bool
	usedK [8]bool
	lastK int
	cells map[cellKey]int
	fresh map[int]bool // registers of cells that nothing was written to yet
	masks masks        // of the guards around; nil: no mask
}

// masks are those of each vector of lanes, by the size of a lane where it matters.
type masks map[int64][]mask

func (m masks) of(t loopir.Type, group int64) mask { return m[size(t)][group] }

// A cellKey is a cell of a local and one vector of its lanes.
type cellKey struct {
	loc   *local
	index string
	group int64
}

func (r *vecRegs) init(many bool) {
	r.used = make([]bool, 16)
	if many {
		r.used = make([]bool, 32)
	}
	r.usedK[0] = true // K0 means no mask
	r.cells, r.fresh = map[cellKey]int{}, map[int]bool{}
}

func (r *vecRegs) take() (int, bool) {
	for i, u := range r.used {
		if !u {
			r.used[i] = true
			return i, true
		}
	}
	return 0, false
}

func (r *vecRegs) give(i int) { r.used[i] = false }

// takeK takes the one that was free for longest, so that few instructions have to wait for one.
func (r *vecRegs) takeK() (int, bool) {
	for range r.usedK {
		r.lastK = (r.lastK + 1) % len(r.usedK)
		if !r.usedK[r.lastK] {
			r.usedK[r.lastK] = true
			return r.lastK, true
		}
	}
	return 0, false
}

func (r *vecRegs) giveK(i int) { r.usedK[i] = false }

// groupOf is the vector of v's cell that vector group of the statement uses.
func (e *emitter) groupOf(v *value, group int64) int64 {
	if v.op == opLane {
		return v.cell.off / e.per()
	}
	return group
}

// cell gives the register of vector group of a cell.
func (e *emitter) cell(c cell, group int64) (int, error) {
	k := cellKey{c.loc, c.index, group}
	per := e.per()
	switch {
	case !c.vec:
		k.group = 0
	case c.one:
	case c.off%per != 0:
		return 0, unsupported(c.loc.span, "lanes of %s that start at %d, in the middle of a vector of %d", c.loc.name, c.off, per)
	default:
		k.group += c.off / per
	}
	if r, ok := e.vec.cells[k]; ok {
		return r, nil
	}
	r, ok := e.vec.take()
	if !ok {
		return 0, e.tooManyVectors()
	}
	e.vec.cells[k], e.vec.fresh[r] = r, true
	return r, nil
}

// end frees the registers of loc.
func (e *emitter) end(loc *local) {
	for k, r := range e.vec.cells {
		if k.loc == loc {
			e.vec.give(r)
			delete(e.vec.cells, k)
		}
	}
}

// dying are the registers of the locals whose ends the list begins with.
func (e *emitter) dying(list []*stmt) map[int]bool {
	regs := map[int]bool{}
	for _, s := range list {
		if s.end == nil {
			break
		}
		for k, r := range e.vec.cells {
			if k.loc == s.end {
				regs[r] = true
			}
		}
	}
	return regs
}

// reserveCells gives registers to the cells of a loop's body whose locals were
// declared before it, since such a cell lives from one iteration to the next.
func (e *emitter) reserveCells(body []node) error {
	inner := map[*local]bool{}
	eachStmt(body, func(s *stmt) error {
		if s.end != nil {
			inner[s.end] = true
		}
		return nil
	})
	return eachStmt(body, func(s *stmt) error {
		for g := range e.groups(s) {
			for _, v := range []*value{s.dst, s.rhs} {
				if err := e.reserve(v, g, inner); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (e *emitter) reserve(v *value, group int64, inner map[*local]bool) error {
	if v == nil {
		return nil
	}
	if (v.op == opCell || v.op == opLane) && !inner[v.cell.loc] {
		r, err := e.cell(v.cell, e.groupOf(v, group))
		if err != nil {
			return err
		}
		if e.vec.fresh[r] {
			// A masked write inside must keep what an earlier iteration wrote.
			s := selector{e: e}
			i := &inst{op: s.bitwise("XOR", v.typ), size: e.elem, imm: -1, dst: operand{kind: vector, n: r}}
			if err := e.to.print(i); err != nil {
				return err
			}
			delete(e.vec.fresh, r)
		}
	}
	for _, a := range v.args {
		if err := e.reserve(a, group, inner); err != nil {
			return err
		}
	}
	return nil
}

// groups is the number of vectors that s works on.
func (e *emitter) groups(s *stmt) int64 {
	return max(1, (s.lanes+e.per()-1)/e.per())
}

func eachStmt(body []node, f func(*stmt) error) error {
	for _, n := range body {
		var err error
		switch n := n.(type) {
		case *block:
			for _, s := range n.stmts {
				if err = f(s); err != nil {
					return err
				}
			}
		case *loop:
			err = eachStmt(n.body, f)
		case *guard:
			if err = eachStmt(n.yes, f); err == nil {
				err = eachStmt(n.no, f)
			}
		default:
			panic(fmt.Sprintf("simd: unexpected node %T", n))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
