package simd

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// neon writes for arm64. Vector instructions work on registers only; memory is
// loaded and stored at a register plus a constant. The registers R18 and R26 to
// R30 belong to Go and its assembler.
type neon struct {
	e    *emitter
	next int // of the scratch registers for addresses, the one to be used next
}

const neonArg = "R25" // scratch for arguments

// neonAddress are scratch registers for base + index; emitter.gp.held says of
// which affine.
var neonAddress = [2]string{"R16", "R17"}

func (*neon) argReg() string { return "R0" }

func (*neon) pool() []string {
	var out []string
	for i := 1; i <= 24; i++ {
		if i < 16 || i > 18 {
			out = append(out, "R"+strconv.Itoa(i))
		}
	}
	return out
}

func (n *neon) set(src, dst string) { n.e.line("MOVD %s, %s", src, dst) }

func (n *neon) add(a amount, dst string, minus bool) {
	op, src := "ADD", fmt.Sprintf("$%d", a.imm)
	if minus {
		op = "SUB"
	}
	if a.arg != "" {
		src = neonArg
		n.set(n.e.arg(a.arg), src)
	}
	n.e.line("%s %s, %s", op, src, dst)
}

func (n *neon) skip(x string, op loopir.Op, k int64, label string) {
	if strings.HasSuffix(x, ")") {
		n.set(x, neonArg)
		x = neonArg
	}
	n.e.line("CMP $%d, %s", k, x)
	n.e.line("B%s %s", inverse[op], label)
}

func (n *neon) enter(x, label string) { n.skip(x, loopir.Gt, 0, label) }

func (n *neon) countDown(counter, label string) {
	n.e.line("SUBS $1, %s", counter)
	n.e.line("BNE %s", label)
}

// address is disp(base); a base with an index is added up first.
func (n *neon) address(p place) string {
	disp := ""
	if p.disp != 0 {
		disp = strconv.FormatInt(p.disp, 10)
	}
	by := p.aff.by
	if by == nil {
		return fmt.Sprintf("%s(%s)", disp, n.e.gp.home[p.aff])
	}
	held := &n.e.gp.held
	for i, a := range held {
		if a == p.aff {
			return fmt.Sprintf("%s(%s)", disp, neonAddress[i])
		}
	}
	i := n.next
	n.next = 1 - i
	held[i] = p.aff
	index := n.e.gp.home[by.number]
	if by.scale > 1 {
		index += map[int64]string{2: "<<1", 4: "<<2", 8: "<<3"}[by.scale]
	}
	n.e.line("ADD %s, %s, %s", index, n.e.gp.home[by.at], neonAddress[i])
	return fmt.Sprintf("%s(%s)", disp, neonAddress[i])
}

func (n *neon) leave() { n.e.text.WriteString("\tRET\n") }

// byElement lets multiply-adds take a broadcast factor from the first lane of a vector,
// where all its uses are such: nothing copies it to the other lanes then.
func byElement(ops []*inst) {
	one := map[int]*inst{}
	for _, op := range ops {
		if op.dst.kind == temp && op.load && len(op.src) == 1 && op.src[0].cast {
			one[op.dst.n] = op
		}
	}
	for _, op := range ops {
		for i, o := range op.src {
			other := op.src[min(1, len(op.src)-1)]
			if o.kind == temp && (!op.fma || i == 2 || i == 0 && other.kind == temp && one[other.n] != nil) {
				delete(one, o.n)
			}
		}
	}
	for _, op := range ops {
		if !op.fma {
			continue
		}
		if x := op.src[0]; x.kind == temp && one[x.n] != nil {
			op.src[0], op.src[1] = op.src[1], x
		}
		if y := op.src[1]; y.kind == temp && one[y.n] != nil {
			op.one, one[y.n].one = true, true
		}
	}
}

// fma has one form, dst += x*y.
func (n *neon) fma(a *allocation, pos int, op *inst, temps []operand) error {
	x, y, z := op.src[0], op.src[1], op.src[2]
	last := operand{kind: none}
	if op.dst.kind == temp {
		t := op.dst.n
		if temps[2].kind == temp && len(a.uses[temps[2].n]) == 0 {
			for m, r := range a.reg {
				if r == z.n && m != t {
					delete(a.reg, m)
				}
			}
			op.dst, a.reg[t] = z, z.n
			a.free[z.n] = len(a.uses[t]) == 0
		} else {
			r, err := a.apart(pos, temps, x, y)
			if err != nil {
				return err
			}
			op.dst, a.reg[t] = operand{kind: vector, n: r}, r
			a.free[r] = len(a.uses[t]) == 0
		}
	} else if op.dst != z && (op.dst == x || op.dst == y) {
		r, err := a.apart(pos, temps, x, y)
		if err != nil {
			return err
		}
		a.free[r] = true
		last, op.dst = op.dst, operand{kind: vector, n: r}
	}
	if op.dst != z {
		a.out = append(a.out, &inst{op: "VMOVAPS", imm: -1, dst: op.dst, src: []operand{z}})
	}
	op.src = []operand{x, y}
	a.out = append(a.out, op)
	if last.kind != none {
		a.out = append(a.out, &inst{op: "VMOVAPS", imm: -1, dst: last, src: []operand{op.dst}})
	}
	return nil
}

// apart finds a register other than those that x and y are in, even if these are
// free from here on.
func (a *allocation) apart(pos int, temps []operand, x, y operand) (int, error) {
	was := [2]bool{a.free[x.n], a.free[y.n]}
	a.free[x.n], a.free[y.n] = false, false
	r, err := a.take(pos, temps)
	if was[0] {
		a.free[x.n] = true
	}
	if was[1] {
		a.free[y.n] = true
	}
	return r, err
}
