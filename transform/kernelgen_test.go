package transform_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// A kernelGen makes random kernels and steps.
type kernelGen struct {
	r     *rand.Rand
	b     strings.Builder
	loops []string
	fresh int
}

func (g *kernelGen) pick(of ...string) string { return of[g.r.IntN(len(of))] }

func (g *kernelGen) name() string {
	g.fresh++
	return fmt.Sprintf("x%d", g.fresh)
}

func (g *kernelGen) kernel() string {
	g.b.WriteString("kernel k(N, M: size, in X: i32[9], in Y: i32[11][13], inout A: i32[17], inout B: i32[7][5]) {\n")
	g.loop(nil)
	if g.r.IntN(2) == 0 {
		g.loop(nil)
	}
	g.b.WriteString("}\n")
	return g.b.String()
}

func (g *kernelGen) loop(outer []string) {
	i := g.name()
	g.loops = append(g.loops, i)
	ranges := []string{"0..N", "1..M+2", "0..4", "0..M", "2..N+3 step 2", "N..M"}
	if len(outer) > 0 {
		o := outer[g.r.IntN(len(outer))]
		ranges = append(ranges, o+"..N", "0.."+o+"+1", o+".."+o+"+3", fmt.Sprintf("max(0, %s-2)..min(M, %s+2)", o, o), o+"/2..N+"+o)
	}
	fmt.Fprintf(&g.b, "for %s in %s {\n", i, g.pick(ranges...))
	in := append(slices.Clone(outer), i)
	for n := 1 + g.r.IntN(2); n > 0; n-- {
		switch {
		case len(in) < 3 && g.r.IntN(3) > 0:
			g.loop(in)
		case g.r.IntN(5) == 0:
			fmt.Fprintf(&g.b, "if %s {\n", g.pick(g.index(in)+" % 2 == 0", "N > M", g.index(in)+" < M"))
			g.stmt(in)
			if g.r.IntN(2) == 0 {
				g.b.WriteString("} else {\n")
				g.stmt(in)
			}
			g.b.WriteString("}\n")
		case g.r.IntN(4) == 0:
			v := g.name()
			fmt.Fprintf(&g.b, "var %s: i32\n%s = X[(%s)%%9]\n", v, v, g.index(in))
			fmt.Fprintf(&g.b, "A[(%s)%%17] += %s\n", g.index(in), v)
		default:
			g.stmt(in)
		}
	}
	g.b.WriteString("}\n")
}

func (g *kernelGen) stmt(in []string) {
	g.b.WriteString(g.pick(
		fmt.Sprintf("A[(%s)%%17]", g.index(in)),
		fmt.Sprintf("B[(%s)%%7][(%s)%%5]", g.index(in), g.index(in))))
	fmt.Fprintf(&g.b, " += %s * i32(%s)\n", g.pick(
		fmt.Sprintf("X[(%s)%%9]", g.index(in)),
		fmt.Sprintf("Y[(%s)%%11][(%s)%%13]", g.index(in), g.index(in))), g.index(in))
}

func (g *kernelGen) index(in []string) string {
	i, j := g.pick(in...), g.pick(in...)
	return g.pick(i, fmt.Sprintf("%s+2*%s", i, j), fmt.Sprintf("%s-%s", i, j), i+"+M", fmt.Sprintf("3*%s+1", j))
}

func (g *kernelGen) step() string {
	i, j := g.pick(g.loops...), g.pick(g.loops...)
	tail := g.pick("guard", "min", "mask", "peel", "peel into "+g.name()+", "+g.name())
	switch g.r.IntN(18) {
	case 0, 1:
		return fmt.Sprintf("block %s by %d into %s, %s tail %s", i, 1+g.r.IntN(4), g.name(), g.pick(g.name(), i), tail)
	case 2, 3, 4:
		order := slices.Clone(g.loops)
		g.r.Shuffle(len(order), func(a, b int) { order[a], order[b] = order[b], order[a] })
		return "reorder " + strings.Join(order[:1+g.r.IntN(len(order))], ", ")
	case 5:
		return fmt.Sprintf("peel %s %s %d", i, g.pick("first", "last"), g.r.IntN(3))
	case 6:
		return fmt.Sprintf("split %s at %s", i, g.pick("2", "M", "N-1", j))
	case 7:
		return fmt.Sprintf("shift %s by %s", i, g.pick("-1", "M", "3", j))
	case 8:
		return fmt.Sprintf("skew %s by %s into %s", i, g.pick(j, "2*"+j), g.name())
	case 9:
		return "reverse " + i
	case 10:
		return "unswitch " + i
	case 11:
		return fmt.Sprintf("specialize %s on %s", i, g.pick("N == 2", "M > N, N == 1", "M % 2 == 0"))
	case 12:
		return fmt.Sprintf("fission %s at 1", i)
	case 13:
		return fmt.Sprintf("fuse %s, %s", i, i)
	case 14, 15:
		n := g.r.IntN(len(g.loops))
		return fmt.Sprintf("fuse %s, %s into %s", g.loops[n], g.loops[min(n+1, len(g.loops)-1)], g.name())
	case 16:
		return fmt.Sprintf("unroll_and_jam %s by 2 into %s, %s tail %s", i, g.name(), g.name(), tail)
	}
	return "simplify"
}
