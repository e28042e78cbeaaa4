package equiv

import (
	"fmt"
	"os"
	"testing"
	"time"

	"context"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

func TestYY(t *testing.T) {
	a, b := os.Getenv("ZA"), os.Getenv("ZB")
	if a == "" {
		t.Skip()
	}
	parse := func(name string) *loopir.File {
		src, _ := os.ReadFile(name)
		f, err := loopir.Parse(name, src)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	pool, _ := smt.NewPool(smt.Options{NoCache: true})
	defer pool.Close()
	fb, fa := parse(a), parse(b)
	before, after := fb.Kernels[len(fb.Kernels)-1], fa.Kernels[len(fa.Kernels)-1]
	old, _ := NewProgram(fb, before)
	now, _ := NewProgram(fa, after)
	proof := newProver(context.Background(), pool, old.Assume())
	st := time.Now()
	old, now = destage(old, proof), destage(now, proof)
	fmt.Println("destage", time.Since(st))
	st = time.Now()
	c := newChecker(proof, old, now)
	fmt.Println("infer", time.Since(st))
	st = time.Now()
	g := newGuesser(c)
	fmt.Println("guesser", time.Since(st))
	for _, r := range g.runs {
		n, m := 0, 0
		for _, x := range r.before.rows {
			n += len(x)
		}
		for _, x := range r.after.rows {
			m += len(x)
		}
		fmt.Println(r.sizes, n, m, r.before.left, r.after.left)
	}
	fmt.Println(g.differ())
	for _, s := range c.after.prog.Stmts {
		if s.ID == reader {
			continue
		}
		p := func(h *hint) string {
			if h == nil {
				return "none"
			}
			o := fmt.Sprint(h.stmt.ID, h.stmt.LHS.Name, "(", h.stmt.index, ")")
			for _, l := range h.stmt.Loops {
				o += " " + l.Iter + "=" + loopir.FormatExpr(h.env[l.Iter])
			}
			return o
		}
		st = time.Now()
		ps := g.parts(s, c.hints[s.index])
		fmt.Println(s.ID, s.Span, s.LHS.Name, "|", p(c.hints[s.index]), "=>", time.Since(st))
		for _, x := range ps {
			fmt.Println("     ", p(x.hint))
			for _, e := range x.guards {
				fmt.Println("          if ", loopir.FormatExpr(e))
			}
		}
	}
}
