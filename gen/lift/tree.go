package lift

import (
	"fmt"

	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/gen/lift/insn"
)

// A node is a block, a loop or a branch of an assembly function.
type node struct {
	kind   nodeKind
	insts  []*asm.Inst // block
	label  string      // loop: its head
	end    *asm.Inst   // loop: the jump back; branch: the jump over then
	body   []*node     // loop, branch: what the jump skips
	orElse []*node     // branch: what runs when the jump is taken and then ends in a jump too
	id     int
}

type nodeKind uint8

const (
	blockNode nodeKind = iota
	loopNode
	branchNode
)

// A shaper finds counted loops and branches in the jumps of a function.
type shaper struct {
	file string
	arch string
	fn   *asm.Func
	back map[int]int // index of the first instruction of a loop to the jump back
	ids  int
}

func shape(f *asm.File, fn *asm.Func) ([]*node, error) {
	file := f.Name
	s := &shaper{file: file, arch: f.Arch, fn: fn, back: map[int]int{}}
	n := len(fn.Insts)
	if n == 0 || fn.Insts[n-1].Op != "RET" || len(fn.Insts[n-1].Args) > 0 {
		return nil, &asm.Error{File: file, Line: fn.Line, Msg: fn.Name + " does not end in RET"}
	}
	for j := range fn.Insts {
		// It clears the upper lanes of all vectors, which nothing here models.
		if fn.Insts[j].Op == "VZEROUPPER" && j != n-2 {
			return nil, s.errorf(&fn.Insts[j], "it may only stand before the last RET")
		}
		to, ok, err := s.target(j)
		if err != nil {
			return nil, err
		}
		if ok && to <= j {
			if _, twice := s.back[to]; twice {
				return nil, s.errorf(&fn.Insts[j], "two jumps go back to one place")
			}
			s.back[to] = j
		}
	}
	for name, at := range fn.Labels {
		if at == n-1 && n > 1 && fn.Insts[n-2].Op == "VZEROUPPER" {
			return nil, &asm.Error{File: file, Line: fn.Insts[n-1].Line, Msg: name + " leads past VZEROUPPER"}
		}
	}
	return s.list(0, n-1)
}

func (s *shaper) errorf(in *asm.Inst, format string, args ...any) error {
	return &asm.Error{File: s.file, Line: in.Line, Msg: in.Text + ": " + fmt.Sprintf(format, args...)}
}

// target gives where instruction j jumps to.
func (s *shaper) target(j int) (int, bool, error) {
	in := &s.fn.Insts[j]
	e, ok := insn.Lookup(in.Op)
	if !ok || e.Arch != "" && e.Arch != s.arch {
		return 0, false, s.errorf(in, "no instruction %s in the table", in.Op)
	}
	if e.Kind != insn.Branch && e.Kind != insn.Jump {
		return 0, false, nil
	}
	if len(in.Args) != 1 || in.Args[0].Kind != asm.Label || len(in.Sfx) > 0 {
		return 0, false, s.errorf(in, "a jump goes to a label")
	}
	to, ok := s.fn.Labels[in.Args[0].Name]
	if !ok {
		return 0, false, s.errorf(in, "there is no label %s", in.Args[0].Name)
	}
	return to, true, nil
}

func (s *shaper) node(kind nodeKind) *node {
	s.ids++
	return &node{kind: kind, id: s.ids}
}

// list shapes instructions lo to hi, hi left out.
func (s *shaper) list(lo, hi int) ([]*node, error) {
	var out []*node
	for i := lo; i < hi; {
		if end, ok := s.back[i]; ok {
			n, err := s.loop(i, end, hi)
			if err != nil {
				return nil, err
			}
			out, i = append(out, n), end+1
			continue
		}
		in := &s.fn.Insts[i]
		to, jumps, _ := s.target(i)
		if jumps {
			n, next, err := s.branch(i, to, hi)
			if err != nil {
				return nil, err
			}
			out, i = append(out, n), next
			continue
		}
		if in.Op == "RET" {
			return nil, s.errorf(in, "only the last instruction may return")
		}
		if len(out) == 0 || out[len(out)-1].kind != blockNode {
			out = append(out, s.node(blockNode))
		}
		b := out[len(out)-1]
		b.insts = append(b.insts, in)
		i++
	}
	return out, nil
}

func (s *shaper) loop(i, end, hi int) (*node, error) {
	in := &s.fn.Insts[end]
	if e, _ := insn.Lookup(in.Op); end >= hi || e.Kind != insn.Branch {
		return nil, s.errorf(in, "this jump back makes no counted loop")
	}
	n := s.node(loopNode)
	n.label, n.end = in.Args[0].Name, in
	delete(s.back, i)
	body, err := s.list(i, end)
	s.back[i] = end
	n.body = body
	return n, err
}

// branch shapes a jump forward over code, which may end in a jump over the other
// case.
func (s *shaper) branch(i, to, hi int) (*node, int, error) {
	in := &s.fn.Insts[i]
	if e, _ := insn.Lookup(in.Op); e.Kind != insn.Branch || to > hi {
		return nil, 0, s.errorf(in, "this jump is neither a loop nor a branch")
	}
	n := s.node(branchNode)
	n.end = in
	end, next := to, to
	if to-1 > i && s.fn.Insts[to-1].Op == "JMP" {
		over, _, err := s.target(to - 1)
		if err != nil || over < to || over > hi {
			return nil, 0, s.errorf(&s.fn.Insts[to-1], "this jump leaves the branch")
		}
		end, next = to-1, over
		if n.orElse, err = s.list(to, over); err != nil {
			return nil, 0, err
		}
	}
	body, err := s.list(i+1, end)
	n.body = body
	return n, next, err
}
