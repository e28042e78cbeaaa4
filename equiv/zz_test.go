package equiv

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

func TestZZ(t *testing.T) {
	a, b := os.Getenv("ZA"), os.Getenv("ZB")
	if a == "" {
		t.Skip()
	}
	pool, _ := smt.NewPool(smt.Options{NoCache: true})
	defer pool.Close()
	parse := func(name string) *loopir.File {
		src, _ := os.ReadFile(name)
		f, err := loopir.Parse(name, src)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	fb, fa := parse(a), parse(b)
	before, after := fb.Kernels[len(fb.Kernels)-1], fa.Kernels[len(fa.Kernels)-1]
	f := &loopir.File{Funcs: fb.Funcs, Kernels: append(fb.Kernels, fa.Kernels...)}
	st := time.Now()
	res, err := Check(context.Background(), f, before, after, Options{Pool: pool})
	fmt.Println(res.Outcome, res.Verdict, err, time.Since(st), len(res.Obligations), res.Counterexample)
	for _, e := range res.Failures {
		fmt.Println(e, e.Notes)
	}
	fmt.Println(pool.Stats())
}
