package lift

import (
	"go/ast"
	"sort"
	"strings"

	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/gen/lift/insn"
)

// needs lists the processor features that the assembly of a form uses.
func (p *Package) needs(f Form) []string {
	set := map[string]bool{}
	for _, m := range p.methods[f.Type] {
		ast.Inspect(m, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			id, ok := c.Fun.(*ast.Ident)
			if !ok || p.asm[id.Name] == nil {
				return true
			}
			fn := p.asm[id.Name].Func(id.Name)
			for i := range fn.Insts {
				for _, need := range featuresOf(&fn.Insts[i]) {
					set[need] = true
				}
			}
			return true
		})
	}
	out := sortedKeys(set)
	sort.Strings(out)
	return out
}

// featuresOf lists what an instruction needs, by its encoding: the assembler takes the
// older one where the operands allow it.
func featuresOf(in *asm.Inst) []string {
	e, ok := insn.Lookup(in.Op)
	if !ok || e.Kind >= insn.MoveInt {
		return nil
	}
	if e.Arch == "arm64" {
		return []string{"HasASIMD"}
	}
	byNumber := (in.Op == "VPERMPD" || in.Op == "VPERMQ") && len(in.Args) == 3 && in.Args[0].Kind == asm.Imm // as AVX2 has it
	evex, width := len(in.Sfx) > 0 || !e.VEX && !byNumber, 0
	for _, o := range in.Args {
		if o.Kind != asm.Reg {
			continue
		}
		n, w, isVec := asm.IsVector(o.Reg)
		width = max(width, w)
		general := !isVec && !asm.IsMask(o.Reg) && e.Kind == insn.Broadcast
		evex = evex || isVec && (n >= 16 || w == 64) || asm.IsMask(o.Reg) || general
	}
	if !evex {
		if strings.HasPrefix(in.Op, "VFM") || strings.HasPrefix(in.Op, "VFN") {
			return []string{"HasAVX2", "HasFMA"}
		}
		return []string{"HasAVX2"}
	}
	out := []string{"HasAVX512F"}
	if width < 64 && e.Kind != insn.MaskLogic && !e.Scalar {
		out = append(out, "HasAVX512VL")
	}
	if e.Feature != "" {
		out = append(out, "HasAVX512"+e.Feature)
	}
	return out
}
