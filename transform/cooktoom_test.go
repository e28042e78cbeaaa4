package transform

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/loopopt/loopopt/loopir"
)

// TestCookToom computes correlations by the matrices of usual and of random points, in exact
// rational numbers, and wants what multiplies at run time to be exact in binary.
func TestCookToom(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	number := func() *big.Rat { return big.NewRat(rng.Int64N(19)-9, 1+rng.Int64N(5)) }
	for m := 1; m <= 6; m++ {
		for r := 1; r <= 5; r++ {
			var points []point
			for len(points) < m+r-1 {
				p := point(number())
				if len(points) == 0 && m%2 == 0 {
					p = nil
				}
				if !hasPoint(points, p) {
					points = append(points, p)
				}
			}
			for _, points := range [][]point{usualPoints(m + r - 1), points} {
				k := newCookToom(m, r, points)
				var d, g []*big.Rat
				for range m + r - 1 {
					d = append(d, number())
				}
				for range r {
					g = append(g, number())
				}
				products := applied(k.filter, g)
				for j, v := range applied(k.input, d) {
					products[j].Mul(products[j], v)
				}
				for i, y := range applied(k.inverse, products) {
					want := new(big.Rat)
					for j := range g {
						want.Add(want, new(big.Rat).Mul(g[j], d[i+j]))
					}
					if y.Cmp(want) != 0 {
						t.Fatalf("m=%d r=%d points %v: cell %d is %v, want %v", m, r, points, i, y, want)
					}
				}
				for _, rows := range [][][]*big.Rat{k.input, k.inverse} {
					for _, row := range rows {
						for _, v := range row {
							if !isDyadic(v) {
								t.Errorf("m=%d r=%d points %v: %v is not exact in binary", m, r, points, v)
							}
						}
					}
				}
			}
		}
	}
}

func applied(rows [][]*big.Rat, x []*big.Rat) []*big.Rat {
	out := make([]*big.Rat, len(rows))
	for i, row := range rows {
		out[i] = new(big.Rat)
		for j, v := range row {
			out[i].Add(out[i], new(big.Rat).Mul(v, x[j]))
		}
	}
	return out
}

// TestCombination writes sums so that each literal is exact.
func TestCombination(t *testing.T) {
	cell := func(i int) loopir.Expr {
		return &loopir.Read{Name: "d", Index: []loopir.Expr{lit(int64(i))}, Type: loopir.F32}
	}
	for _, c := range []struct{ coefs, want string }{
		{"1/6 -1/6 1/6", "(d[0] - d[1] + d[2]) / 6"},
		{"-1/24 -1/12 0", "(-d[0] - 2*d[1]) / 24"},
		{"2/45 4/45 8/45", "2 * (d[0] + 2*d[1] + 4*d[2]) / 45"},
		{"1/2 0 -1/2", "0.5 * (d[0] - d[2])"},
		{"1 -21/4 1/32", "d[0] - 5.25*d[1] + 0.03125*d[2]"},
		{"-4 0 1", "d[2] - 4*d[0]"},
		{"0 -1 0", "-d[1]"},
		{"0 0 3", "3 * d[2]"},
	} {
		var coefs []*big.Rat
		var a [3]string
		if _, err := fmt.Sscan(c.coefs, &a[0], &a[1], &a[2]); err != nil {
			t.Fatal(err)
		}
		for _, s := range a {
			v, _ := new(big.Rat).SetString(s)
			coefs = append(coefs, v)
		}
		if got := loopir.FormatExpr(combination(coefs, loopir.F32, cell)); got != c.want {
			t.Errorf("%s is %s, want %s", c.coefs, got, c.want)
		}
	}
}
