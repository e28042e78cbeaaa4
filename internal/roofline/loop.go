package roofline

import (
	"cmp"
	"slices"

	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/gen/lift/insn"
	"github.com/loopopt/loopopt/internal/tune"
)

// A Loop is what one turn of an innermost loop of emitted assembly has.
type Loop struct {
	File         string `json:"file"`
	Line         int    `json:"line"`
	Function     string `json:"function"`
	Instructions int    `json:"instructions"`
	FMAs         int    `json:"fmas"`
	Other        int    `json:"other_arithmetic"` // on floating-point numbers
	Loads        int    `json:"loads"`            // alone or as operands
	Stores       int    `json:"stores"`
	Registers    int    `json:"registers"` // of vectors, that it mentions
	Of           int    `json:"of_registers"`
}

// Loops are the innermost loops of an assembly file.
func Loops(name string, src []byte) ([]*Loop, error) {
	f, err := asm.Parse(name, src)
	if err != nil {
		return nil, err
	}
	var out []*Loop
	for _, fn := range f.Funcs {
		start := 0 // after the jump back of the loop before, which lies in this one if that begins earlier
		for i := range fn.Insts {
			to, ok := backTo(fn, i)
			if !ok {
				continue
			}
			if to >= start {
				l := count(fn, fn.Insts[to:i+1])
				l.File = name
				out = append(out, l)
			}
			start = i + 1
		}
	}
	return out, nil
}

// hottest is the loop with the most FMAs, but one with as many as the tile that the model sees most of
// the time go to is preferred. Of those that have none it is the one with the most arithmetic. It is
// nil if there are no loops.
func hottest(loops []*Loop, t tune.Tile) *Loop {
	if len(loops) == 0 {
		return nil
	}
	return slices.MaxFunc(loops, func(x, y *Loop) int {
		if a, b := x.FMAs == t.FMAs, y.FMAs == t.FMAs; a != b {
			if a {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(x.FMAs, y.FMAs), cmp.Compare(x.Other, y.Other), cmp.Compare(x.Instructions, y.Instructions))
	})
}

// backTo tells whether instruction i jumps back, and where to.
func backTo(fn *asm.Func, i int) (to int, ok bool) {
	for _, o := range fn.Insts[i].Args {
		if at, found := fn.Labels[o.Name]; found && o.Kind == asm.Label && at <= i {
			return at, true
		}
	}
	return 0, false
}

func count(fn *asm.Func, body []asm.Inst) *Loop {
	l := &Loop{Function: fn.Name, Line: body[0].Line, Instructions: len(body)}
	registers := map[int]bool{}
	for _, in := range body {
		e, ok := insn.Lookup(in.Op)
		if !ok {
			continue
		}
		switch {
		case e.Kind != insn.Lanes || e.Bitwise || !e.Elem.IsFloat():
		case e.Args == 3:
			l.FMAs++
		default:
			l.Other++
		}
		for j, o := range in.Args {
			if n, _, ok := asm.IsVector(o.Reg); ok {
				registers[n] = true
			}
			if e.Kind == insn.Nothing || o.Kind != asm.Mem && o.Kind != asm.Field && o.Kind != asm.Slot && o.Kind != asm.Sym {
				continue
			}
			if j > 0 && j == len(in.Args)-1 && e.Kind != insn.Flags {
				l.Stores++
			} else {
				l.Loads++
			}
		}
	}
	l.Registers = len(registers)
	return l
}
