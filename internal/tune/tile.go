package tune

import (
	"fmt"

	"github.com/loopopt/loopopt/loopir"
)

// A Tile is one iteration of an innermost loop that is not written out, in vectors: what a core
// has to do for it.
type Tile struct {
	FMAs       int `json:"fmas"` // multiply-adds, and other operations of the same ports
	Loads      int `json:"loads"`
	Broadcasts int `json:"broadcasts"`
	Stores     int `json:"stores"`
	Registers  int `json:"registers"` // of vectors, those that live from one tile to the next included
	Issued     int `json:"issued"`    // instructions

	Cycles  float64 `json:"cycles"`
	Bound   string  `json:"bound"`   // what takes as long
	Loading float64 `json:"loading"` // cycles of the loads
}

// A cell is one vector of an array, or one element, at an address.
type cell struct {
	name string
	at   int64
}

// A tiler collects the statements of one tile.
type tiler struct {
	w       *walker
	loop    bool // it is in a loop, and not around all of them
	fmas    float64
	extra   int // loads that are counted anew for each use: no lanes side by side
	vectors map[cell]int
	casts   map[cell]int // broadcasts
	stores  map[cell]bool
	chain   map[cell]int // operations on a register, one after the other
	arrays  map[string]bool
}

// lanes is a vectorized loop around a place.
type lanes struct {
	iter string
	at   interval // what it runs over
}

// statements expands what is written out.
func (t *tiler) statements(list []loopir.Stmt, v env, vec *lanes) {
	for _, s := range list {
		if t.w.left--; t.w.left < 0 {
			return
		}
		switch s := s.(type) {
		case *loopir.Local:
			t.w.declare(s, v)
			if s.Init != nil {
				t.assign(&loopir.Assign{LHS: &loopir.Read{Name: s.Name, Type: s.Type}, RHS: s.Init}, v, vec)
			}
		case *loopir.Assign:
			t.assign(s, v, vec)
		case *loopir.Prefetch:
			t.extra++
		case *loopir.If:
			switch {
			case never(s.Cond, v):
				t.statements(s.Else, v, vec)
			case always(s.Cond, v) || len(s.Else) == 0 || vec == nil:
				t.statements(s.Then, v, vec)
			default: // lanes choose: both are computed
				t.statements(s.Then, v, vec)
				t.statements(s.Else, v, vec)
			}
		case *loopir.For:
			lo, n, ok := trips(s, v)
			if !ok || n < 1 {
				continue
			}
			if s.Par == loopir.Vectorize {
				t.statements(s.Body, v.with(s.Iter, interval{lo, lo}), &lanes{s.Iter, interval{lo, lo + n - 1}})
				continue
			}
			for i := range n {
				t.statements(s.Body, v.with(s.Iter, interval{lo + i, lo + i}), vec)
			}
		}
	}
}

// assign counts one assignment, all lanes of it.
func (t *tiler) assign(s *loopir.Assign, v env, vec *lanes) {
	per := int64(1)
	if vec != nil {
		per = max(1, t.w.m.Bytes/bytesOf(s.LHS.Type))
	}
	for at := int64(0); vec == nil && at == 0 || vec != nil && at <= vec.at.hi-vec.at.lo; at += per {
		here := v
		if vec != nil {
			here = v.with(vec.iter, interval{vec.at.lo + at, vec.at.lo + at})
		}
		cost := t.operations(s.RHS, here, vec)
		if s.Op != loopir.Set {
			cost += 1
			t.read(s.LHS, here, vec)
		}
		t.fmas += cost
		c := cell{s.LHS.Name, t.w.address(s.LHS, here)}
		if t.w.registers[s.LHS.Name] {
			t.w.live[c] = true
			if cost > 0 {
				t.chain[c]++
			}
			continue
		}
		t.stores[c] = true
		t.arrays[s.LHS.Name] = true
	}
}

// operations counts those of a value, in multiply-adds, and notes what it reads.
func (t *tiler) operations(e loopir.Expr, v env, vec *lanes) float64 {
	cost := 0.0
	loopir.WalkExpr(e, func(e loopir.Expr) bool {
		switch e := e.(type) {
		case *loopir.Read:
			t.read(e, v, vec)
			return false
		case *loopir.Binary:
			switch {
			case e.Type == loopir.Index || e.Type == loopir.Bool && e.X.TypeOf() == loopir.Index:
				return false
			case e.Op == loopir.Div:
				cost += t.w.m.Divide
			default:
				cost++
			}
		case *loopir.Intrinsic:
			switch e.Name {
			case "sqrt":
				cost += t.w.m.Divide
			case "exp", "log", "tanh", "sigmoid": // assembly has none of them
				cost += t.w.m.Call
			default:
				cost++
			}
		case *loopir.Cast:
			cost++
		}
		return true
	})
	return cost
}

// read notes a cell that is read: side by side with those of the other lanes, the same for all of
// them, or neither.
func (t *tiler) read(r *loopir.Read, v env, vec *lanes) {
	c := cell{r.Name, t.w.address(r, v)}
	if t.w.registers[r.Name] {
		t.w.live[c] = true
		return
	}
	if len(r.Index) == 0 && t.w.shapes[r.Name] == nil { // a scalar parameter
		return
	}
	t.arrays[r.Name] = true
	if vec == nil {
		t.casts[c]++
		return
	}
	x := v[vec.iter]
	switch next := t.w.address(r, v.with(vec.iter, interval{x.lo + 1, x.lo + 1})); next - c.at {
	case 0:
		t.casts[c]++
	case 1:
		t.vectors[c]++
	default:
		t.extra += int(min(vec.at.hi-x.lo+1, max(1, t.w.m.Bytes/bytesOf(r.Type))))
	}
}

// tile adds it up.
func (t *tiler) tile() Tile {
	m := t.w.m
	live := len(t.w.live)
	out := Tile{FMAs: int(t.fmas + 0.5), Loads: len(t.vectors), Broadcasts: len(t.casts), Stores: len(t.stores), Registers: live}
	if len(t.vectors)+len(t.casts)+t.extra > 0 {
		out.Registers++ // one operand is on its way while the other one is in memory
	}
	alone := len(t.vectors) + len(t.casts) // the others are operands of what computes with them
	if kept := min(len(t.vectors), len(t.casts)); live > 0 && live+kept+1 > m.Registers {
		// There is no room for the vectors of one array to stay while those of the other pass: each
		// use of one of them reads it.
		many, each := uses(t.vectors), uses(t.casts)
		if isas[m.ISA].embedded && float64(len(t.vectors))/m.Loads+float64(each)/m.Broadcasts <= float64(many)/m.Loads+float64(len(t.casts))/m.Broadcasts {
			out.Broadcasts, alone = each, len(t.vectors)
		} else {
			out.Loads, alone = many, len(t.casts)
		}
	}
	out.Loads += t.extra
	out.Issued = out.FMAs + alone + t.extra + out.Stores
	if t.loop {
		out.Issued += 2 + len(t.arrays) // count, jump, pointers
	}
	out.Loading = float64(out.Loads)/m.Loads + float64(out.Broadcasts)/m.Broadcasts
	chain := 0
	for _, n := range t.chain {
		chain = max(chain, n)
	}
	for _, roof := range []struct {
		name   string
		cycles float64
	}{
		{"multiply-adds", t.fmas / m.FMAs},
		{"loads", out.Loading},
		{"stores", float64(out.Stores) / m.Stores},
		{"instructions", float64(out.Issued) / m.Issue},
		{"latency", m.Latency * float64(chain)},
	} {
		if roof.name == "latency" && !t.loop {
			continue // the next tile does not wait
		}
		if roof.cycles > out.Cycles {
			out.Cycles, out.Bound = roof.cycles, roof.name
		}
	}
	return out
}

func uses(m map[cell]int) int {
	n := 0
	for _, u := range m {
		n += u
	}
	return n
}

// String is for one line of a report.
func (t Tile) String() string {
	return fmt.Sprintf("%d multiply-adds, %d loads, %d broadcasts, %d stores, %d registers: %.3g cycles for %s",
		t.FMAs, t.Loads, t.Broadcasts, t.Stores, t.Registers, t.Cycles, t.Bound)
}
