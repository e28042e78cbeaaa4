package lift

import (
	"fmt"
	"slices"

	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/gen/lift/insn"
)

// effects tells which vector and mask registers an instruction reads and writes;
// vectors are named Z0 to Z31 whatever part is used.
func effects(in *asm.Inst) (reads []string, writes string) {
	e, ok := insn.Lookup(in.Op)
	if !ok || e.Kind >= insn.MoveInt {
		return nil, ""
	}
	args := in.Args
	if len(args) == 0 {
		return nil, ""
	}
	last := args[len(args)-1]
	if last.Kind == asm.Reg {
		writes = vectorName(last.Reg)
	} else if last.Kind == asm.Mem {
		writes = ""
	}
	if zeroing(in) {
		return nil, writes
	}
	masked := false
	for _, a := range args[:len(args)-1] {
		if a.Kind == asm.Reg {
			if n := vectorName(a.Reg); n != "" {
				reads = append(reads, n)
				masked = masked || n[0] == 'K'
			}
		}
	}
	merges := masked && !in.Has("Z") && writes != "" && writes[0] == 'Z' && e.Kind != insn.BlendM
	if writes != "" && (e.Dst || merges) {
		reads = append(reads, writes)
	}
	return reads, writes
}

// zeroing recognizes x ^ x, which reads nothing.
func zeroing(in *asm.Inst) bool {
	switch in.Op {
	case "VXORPS", "VXORPD", "VPXOR", "VPXORD", "VPXORQ", "VEOR.B16":
		return len(in.Args) == 3 && in.Args[0].Kind == asm.Reg && in.Args[0] == in.Args[1] && len(in.Sfx) == 0
	}
	return false
}

func vectorName(reg string) string {
	if n, _, ok := asm.IsVector(reg); ok {
		return fmt.Sprintf("Z%d", n)
	}
	if asm.IsMask(reg) {
		return reg
	}
	return ""
}

// A key is a register as a block finds or leaves it.
type key struct {
	block int
	reg   string
}

// Webs are the values of vector registers that live across blocks: definitions and
// the uses that they reach, joined. Each web becomes a local of the lifted program.
type webs struct {
	parent map[key]key // union-find over definitions
	defs   map[key]bool
	uses   map[key][]key // definitions that reach a use
	open   map[key]bool  // uses that the function's entry reaches too
	path   map[int][]int // the regions around a block, outermost first
}

type reaching map[string]map[key]bool

func (r reaching) clone() reaching {
	out := reaching{}
	for k, v := range r {
		m := map[key]bool{}
		for d := range v {
			m[d] = true
		}
		out[k] = m
	}
	return out
}

func (r reaching) join(o reaching) (changed bool) {
	for k, v := range o {
		if r[k] == nil {
			r[k] = map[key]bool{}
		}
		for d := range v {
			if !r[k][d] {
				r[k][d], changed = true, true
			}
		}
	}
	return changed
}

func findWebs(tree []*node) *webs {
	w := &webs{parent: map[key]key{}, defs: map[key]bool{}, uses: map[key][]key{}, open: map[key]bool{}, path: map[int][]int{}}
	entry := reaching{}
	for i := range 32 {
		entry[fmt.Sprintf("Z%d", i)] = map[key]bool{{}: true}
	}
	w.flow(tree, entry, []int{0})
	for u, ds := range w.uses {
		for _, d := range ds[1:] {
			w.parent[w.find(d)] = w.find(ds[0])
		}
		_ = u
	}
	return w
}

func (w *webs) flow(list []*node, in reaching, path []int) reaching {
	for _, n := range list {
		switch n.kind {
		case blockNode:
			w.path[n.id] = path
			w.block(n, in)
		case loopNode:
			inner := append(append([]int(nil), path...), n.id)
			for {
				out := w.flow(n.body, in.clone(), inner)
				if !in.join(out) {
					in = out
					break
				}
			}
		case branchNode:
			then := w.flow(n.body, in.clone(), append(append([]int(nil), path...), n.id))
			in = w.flow(n.orElse, in, append(append([]int(nil), path...), -n.id))
			in.join(then)
		}
	}
	return in
}

// block notes the uses that definitions outside reach, and the last definitions. What only updates
// a register that a loop around carries, as sums do, continues the web that it finds there.
func (w *webs) block(n *node, in reaching) {
	own, set := map[string]bool{}, map[string]bool{}
	for _, i := range n.insts {
		reads, write := effects(i)
		for _, r := range reads {
			if r[0] == 'K' || own[r] {
				continue
			}
			u := key{n.id, r}
			for d := range in[r] {
				if d == (key{}) {
					w.open[u] = true
				} else if !contains(w.uses[u], d) {
					w.uses[u] = append(w.uses[u], d)
				}
			}
		}
		if write != "" && write[0] == 'Z' {
			own[write] = true
			set[write] = set[write] || !slices.Contains(reads, write)
		}
	}
	for r := range own {
		d := key{n.id, r}
		carried := slices.ContainsFunc(w.uses[d], func(e key) bool { return e.block > d.block })
		if carried && !set[r] && !contains(w.uses[d], d) {
			w.uses[d] = append(w.uses[d], d)
		}
		w.defs[d] = true
		in[r] = map[key]bool{d: true}
	}
}

func contains(l []key, k key) bool {
	for _, x := range l {
		if x == k {
			return true
		}
	}
	return false
}

func (w *webs) find(k key) key {
	for {
		p, ok := w.parent[k]
		if !ok || p == k {
			return k
		}
		k = p
	}
}
