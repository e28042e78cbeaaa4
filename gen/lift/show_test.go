package lift

import (
	"os"
	"testing"

	"github.com/loopopt/loopopt/loopir"
)

func TestShow(t *testing.T) {
	d, typ := os.Getenv("DIR"), os.Getenv("TYP")
	if d == "" {
		t.Skip()
	}
	p := load(t, d)
	for _, f := range p.Forms() {
		if f.Type != typ {
			continue
		}
		_, k, _ := p.target(f)
		l, duties, err := p.Lift(typ, k)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(loopir.FormatKernel(k))
		t.Log(loopir.FormatKernel(l))
		for _, d := range duties {
			t.Log(d.Span, d.What, loopir.FormatExpr(d.Goal))
		}
	}
}
