package loopir

import "math/big"

// What a name or a call stands for is text that grows by a factor with each let
// or call of a chain. Index expressions are kept small by collecting equal terms;
// what stays large all the same is refused, before it is built.
const (
	maxPlainIndex = 64      // nodes of an index that is left as it was written
	maxIndex      = 4_000   // nodes of the value of an index let
	maxInlined    = 5_000   // statements of a kernel whose calls are inlined
	maxInlinedExp = 100_000 // nodes of its expressions
)

// larger tells whether es have more than limit nodes together; it visits no more.
func larger(limit int, es ...Expr) bool {
	left := limit
	for _, e := range es {
		WalkExpr(e, func(Expr) bool { left--; return left >= 0 })
	}
	return left < 0
}

// Compact gives a large sum of indices with equal terms collected: the same
// number, of linear size in the number of different terms. What is not large
// stays as it was written.
func Compact(e Expr) Expr {
	if e == nil || e.TypeOf() != Index || !larger(maxPlainIndex, e) {
		return e
	}
	s := &indexSum{constant: new(big.Int), at: map[string]int{}}
	s.add(e, big.NewInt(1))
	return s.expr(e.Source())
}

// compactAll is Compact for each index in e, which may be a value.
func compactAll(e Expr) Expr {
	if e == nil || e.TypeOf() == Index {
		return Compact(e)
	}
	return MapExpr(e, Compact)
}

// An indexSum is a constant and multiples of expressions, in the order in which
// they were met.
type indexSum struct {
	constant *big.Int
	terms    []indexTerm
	at       map[string]int // terms by text
}

type indexTerm struct {
	by *big.Int
	of Expr
}

func (s *indexSum) add(e Expr, by *big.Int) {
	switch n := e.(type) {
	case *Int:
		s.constant.Add(s.constant, new(big.Int).Mul(n.Value, by))
		return
	case *Unary:
		s.add(n.X, new(big.Int).Neg(by))
		return
	case *Binary:
		switch n.Op {
		case Add:
			s.add(n.X, by)
			s.add(n.Y, by)
			return
		case Sub:
			s.add(n.X, by)
			s.add(n.Y, new(big.Int).Neg(by))
			return
		case Mul:
			if v := constValue(n.X); v != nil {
				s.add(n.Y, new(big.Int).Mul(v, by))
				return
			} else if v := constValue(n.Y); v != nil {
				s.add(n.X, new(big.Int).Mul(v, by))
				return
			}
		}
	}
	key := FormatExpr(e)
	i, ok := s.at[key]
	if !ok {
		i = len(s.terms)
		s.at[key] = i
		s.terms = append(s.terms, indexTerm{new(big.Int), e})
	}
	s.terms[i].by.Add(s.terms[i].by, by)
}

// expr writes the sum. A quotient that cancels is kept, times 0: it may divide by 0.
func (s *indexSum) expr(at Span) Expr {
	var out Expr
	add := func(e Expr) {
		if out == nil {
			out = e
			return
		}
		out = &Binary{Op: Add, X: out, Y: e, Type: Index, Span: at}
	}
	for _, t := range s.terms {
		if _, plain := t.of.(*Var); plain && t.by.Sign() == 0 {
			continue
		}
		if t.by.IsInt64() && t.by.Int64() == 1 {
			add(t.of)
			continue
		}
		add(&Binary{Op: Mul, X: &Int{Value: t.by, Type: Index, Span: at}, Y: t.of, Type: Index, Span: at})
	}
	if s.constant.Sign() != 0 || out == nil {
		add(&Int{Value: s.constant, Type: Index, Span: at})
	}
	return out
}

// inlinedSize counts the statements of body with its calls inlined, up to one
// more than maxInlined; of holds the counts of kernels, those being counted too.
func (f *File) inlinedSize(body []Stmt, of map[string]int) int {
	n := 0
	Walk(body, func(s Stmt) bool {
		n++
		if c, ok := s.(*Call); ok {
			size, ok := of[c.Kernel]
			if k := f.Kernel(c.Kernel); !ok && k != nil {
				of[c.Kernel] = 1 // a kernel that calls itself is told of elsewhere
				size = f.inlinedSize(k.Body, of)
				of[c.Kernel] = size
			}
			n += size
		}
		n = min(n, maxInlined+1)
		return true
	})
	return n
}

// inlinable refuses what would be too large with its calls inlined.
func (f *File) inlinable(body []Stmt) error {
	if f.inlinedSize(body, map[string]int{}) <= maxInlined {
		return nil
	}
	var at Span
	Walk(body, func(s Stmt) bool {
		if c, ok := s.(*Call); ok && at == (Span{}) {
			at = c.Span
		}
		return true
	})
	e := Errorf(at, "with its calls inlined, this is more than %d statements, which is more than is proved", maxInlined)
	e.Kind = Undecided
	return e.Note(Span{}, "a call in a loop counts once; calls that are repeated are better written as one in a loop")
}

// smallEnough refuses the inlined body of c when arguments made its expressions large.
func smallEnough(c *Call, body []Stmt) error {
	var all []Expr
	Walk(body, func(s Stmt) bool { all = append(all, StmtExprs(s)...); return true })
	if !larger(maxInlinedExp, all...) {
		return nil
	}
	e := Errorf(c.Span, "with its arguments put in, %s has expressions of more than %d operations, which is more than is proved", c.Kernel, maxInlinedExp)
	e.Kind = Undecided
	return e
}

// SizedLocals lists the arrays that k makes outside of registers whose extents depend on
// sizes, and on nothing else that varies.
func SizedLocals(k *Kernel) []*Local {
	var out []*Local
	Walk(k.Body, func(s Stmt) bool {
		l, ok := s.(*Local)
		if !ok || l.Mem == Registers {
			return true
		}
		varies := false
		for _, e := range l.Shape {
			WalkExpr(e, func(e Expr) bool {
				v, isVar := e.(*Var)
				if _, isRead := e.(*Read); isRead || isVar && (k.Param(v.Name) == nil || k.Param(v.Name).Kind != SizeParam) {
					ok = false
				}
				varies = varies || isVar
				return ok
			})
		}
		if ok && varies {
			out = append(out, l)
		}
		return true
	})
	return out
}
