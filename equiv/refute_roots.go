package equiv

import (
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// A zeroOf is a content of an array, or of a scalar, at which an integer divisor of a
// kernel is 0 where all other data is 0 or 1.
type zeroOf struct {
	name string
	at   int64
}

const (
	maxZeros     = 4 // contents that are tried
	rootFillings = 4 // ways to spread each of them
)

// lookForZeros solves the divisors of k for what they are computed from: B[i]*7 - 35007 is
// 0 where B[i] is 5001, which no filling hits by chance.
func (l *filler) lookForZeros(k *loopir.Kernel) {
	of := map[string]loopir.Expr{} // scalars that are set once, by name
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		switch s := s.(type) {
		case *loopir.Let:
			of[s.Name] = s.Value
		case *loopir.Local:
			if s.Init != nil {
				of[s.Name] = s.Init
			}
		case *loopir.Assign:
			delete(of, s.LHS.Name)
		}
		return true
	})
	loopir.Walk(k.Body, func(s loopir.Stmt) bool {
		if a, ok := s.(*loopir.Assign); ok && a.Op == loopir.DivTo && a.LHS.Type.IsInteger() {
			l.zerosOf(a.RHS, of)
		}
		for _, e := range loopir.StmtExprs(s) {
			loopir.WalkExpr(e, func(e loopir.Expr) bool {
				if b, ok := e.(*loopir.Binary); ok && (b.Op == loopir.Div || b.Op == loopir.Mod) && b.Type.IsInteger() {
					l.zerosOf(b.Y, of)
				}
				return true
			})
		}
		return true
	})
}

// zerosOf takes a divisor for a polynomial in one cell, up to the second degree.
func (l *filler) zerosOf(by loopir.Expr, of map[string]loopir.Expr) {
	var reads []*loopir.Read
	var collect func(e loopir.Expr, depth int)
	collect = func(e loopir.Expr, depth int) {
		loopir.WalkExpr(e, func(e loopir.Expr) bool {
			r, ok := e.(*loopir.Read)
			switch {
			case !ok:
			case of[r.Name] != nil && depth > 0:
				collect(of[r.Name], depth-1)
			default:
				reads = append(reads, r)
			}
			return !ok
		})
	}
	const depth = 4
	collect(by, depth)
	for _, r := range reads {
		for other := range int64(2) {
			f := func(x *big.Int) (*big.Int, bool) {
				return valueWhere(by, of, depth, func(q *loopir.Read) *big.Int {
					if q.Name == r.Name {
						return x
					}
					return big.NewInt(other)
				})
			}
			for _, x := range integerRoots(f) {
				z := zeroOf{r.Name, x}
				if len(l.zeros) < maxZeros && !slices.Contains(l.zeros, z) {
					l.zeros = append(l.zeros, z)
					l.largest = max(l.largest, float64(max(x, -x)))
				}
			}
		}
	}
}

// valueWhere computes an integer expression, in numbers of any size.
func valueWhere(e loopir.Expr, of map[string]loopir.Expr, depth int, data func(*loopir.Read) *big.Int) (*big.Int, bool) {
	sub := func(e loopir.Expr) (*big.Int, bool) { return valueWhere(e, of, depth, data) }
	switch e := e.(type) {
	case *loopir.Int:
		return e.Value, true
	case *loopir.Var:
		return new(big.Int), true
	case *loopir.Cast:
		return sub(e.X)
	case *loopir.Read:
		if x := of[e.Name]; x != nil && depth > 0 {
			return valueWhere(x, of, depth-1, data)
		}
		return data(e), true
	case *loopir.Unary:
		if x, ok := sub(e.X); ok && e.Op == loopir.Neg {
			return new(big.Int).Neg(x), true
		}
	case *loopir.Binary:
		x, ok := sub(e.X)
		y, ok2 := sub(e.Y)
		if !ok || !ok2 {
			return nil, false
		}
		switch e.Op {
		case loopir.Add:
			return new(big.Int).Add(x, y), true
		case loopir.Sub:
			return new(big.Int).Sub(x, y), true
		case loopir.Mul:
			return new(big.Int).Mul(x, y), true
		}
	}
	return nil, false
}

// integerRoots solves f(x) = 0 for a polynomial f of degree 2 at most.
func integerRoots(f func(*big.Int) (*big.Int, bool)) []int64 {
	var v [3]*big.Int
	for i := range v {
		x, ok := f(big.NewInt(int64(i)))
		if !ok {
			return nil
		}
		v[i] = x
	}
	// f = a*x*(x-1)/2 + b*x + v[0], so 2*f = a*x*x + (2*b-a)*x + 2*v[0]
	b := new(big.Int).Sub(v[1], v[0])
	a := new(big.Int).Sub(new(big.Int).Sub(v[2], v[1]), b)
	lin, c := new(big.Int).Sub(new(big.Int).Lsh(b, 1), a), new(big.Int).Lsh(v[0], 1)
	var tops []*big.Int
	bottom := new(big.Int).Lsh(a, 1)
	if a.Sign() == 0 {
		tops, bottom = []*big.Int{new(big.Int).Neg(c)}, lin
	} else if d := new(big.Int).Sub(new(big.Int).Mul(lin, lin), new(big.Int).Lsh(new(big.Int).Mul(a, c), 2)); d.Sign() >= 0 {
		d.Sqrt(d)
		minus := new(big.Int).Neg(lin)
		tops = []*big.Int{new(big.Int).Add(minus, d), new(big.Int).Sub(minus, d)}
	}
	if bottom.Sign() == 0 {
		return nil
	}
	var out []int64
	for _, top := range tops {
		x, rest := new(big.Int).QuoRem(top, bottom, new(big.Int))
		if y, ok := f(x); rest.Sign() == 0 && ok && y.Sign() == 0 && x.IsInt64() {
			out = append(out, x.Int64())
		}
	}
	return out
}

// nearZero is a content of filling number n of those that make divisors 0: half of the cells
// of the array do, the others are small.
func (l *filler) nearZero(t loopir.Type, name string, index []int64, n int) interp.Value {
	z := l.zeros[n/rootFillings]
	if z.name == name && (fillHash(name, index, farFilling+n%rootFillings)>>4%2 == 0 || len(index) == 0) {
		return interp.Integer(t, z.at)
	}
	return fillValue(t, name, index, []int{signedFilling, zerosFilling, positiveFilling, halvesFilling}[n%rootFillings])
}
