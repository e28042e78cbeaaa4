package poly

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/big"
	"math/rand"
	"strings"
	"sync"
	"testing"

	"github.com/loopopt/loopopt/loopir"
)

// parse reads Go syntax, which index expressions share.
func parse(t testing.TB, s string) loopir.Expr {
	t.Helper()
	e, err := parser.ParseExpr(s)
	if err != nil {
		t.Fatal(err)
	}
	return fromGo(e)
}

var ops = map[token.Token]loopir.Op{
	token.ADD: loopir.Add, token.SUB: loopir.Sub, token.MUL: loopir.Mul, token.QUO: loopir.Div,
	token.REM: loopir.Mod, token.EQL: loopir.Eq, token.NEQ: loopir.Ne, token.LSS: loopir.Lt,
	token.LEQ: loopir.Le, token.GTR: loopir.Gt, token.GEQ: loopir.Ge, token.LAND: loopir.And,
	token.LOR: loopir.Or,
}

func fromGo(e ast.Expr) loopir.Expr {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return fromGo(e.X)
	case *ast.Ident:
		return loopir.NewVar(e.Name)
	case *ast.BasicLit:
		v, _ := new(big.Int).SetString(e.Value, 10)
		return &loopir.Int{Value: v, Type: loopir.Index}
	case *ast.BinaryExpr:
		return loopir.Bin(ops[e.Op], fromGo(e.X), fromGo(e.Y))
	case *ast.UnaryExpr:
		if e.Op == token.NOT {
			return &loopir.Unary{Op: loopir.Not, X: fromGo(e.X), Type: loopir.Bool}
		}
		return &loopir.Unary{Op: loopir.Neg, X: fromGo(e.X), Type: loopir.Index}
	case *ast.CallExpr:
		in := &loopir.Intrinsic{Name: e.Fun.(*ast.Ident).Name, Type: loopir.Index}
		for _, a := range e.Args {
			in.Args = append(in.Args, fromGo(a))
		}
		return in
	}
	panic(fmt.Sprintf("%T", e))
}

var signs = []string{"+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "!", "-"}

// show writes every parenthesis but those of left-associated sums and products.
func show(e loopir.Expr) string { return showIn(e, 0) }

func showIn(e loopir.Expr, outer int) string {
	switch e := e.(type) {
	case *loopir.Int:
		return e.Value.String()
	case *loopir.Var:
		return e.Name
	case *loopir.Unary:
		return signs[e.Op] + showIn(e.X, 9)
	case *loopir.Binary:
		prec := []int{5, 5, 6, 6, 6, 3, 3, 3, 3, 3, 3, 2, 1}[e.Op]
		s := showIn(e.X, prec) + signs[e.Op] + showIn(e.Y, prec+1)
		if prec < outer {
			return "(" + s + ")"
		}
		return s
	case *loopir.Intrinsic:
		var args []string
		for _, a := range e.Args {
			args = append(args, show(a))
		}
		return e.Name + "(" + strings.Join(args, ",") + ")"
	}
	panic(fmt.Sprintf("%T", e))
}

func TestNormalForm(t *testing.T) {
	for _, c := range [][2]string{
		{"2*x-x-x", "0"},
		{"(a+b)*(a-b)", "a*a-b*b"},
		{"14*oib+q", "14*oib+q"},
		{"q+14*oib", "14*oib+q"},
		{"-N+3+M", "M-N+3"},
		{"n-16*ib", "n-16*ib"},
		{"(16*kb+k)/16", "kb+k/16"},
		{"(16*kb+k)%16", "k%16"},
		{"x/16*16+x%16", "x"},
		{"(i+17)%16", "(i+1)%16"},
		{"(n-1)/16+1", "(n+15)/16"},
		{"(n+15)/16", "(n+15)/16"},
		{"i/4/4", "i/16"},
		{"(i/4+j)/4", "(4*j+i)/16"},
		{"8*x/16", "x/2"},
		{"8*x%16", "8*(x%2)"},
		{"(8*x+3)/16", "x/2"},
		{"-7/2", "-4"},
		{"(0-7)%2", "1"},
		{"(-x)/16", "-x/16"},
		{"min(N,N+1,M)", "min(M,N)"},
		{"max(3,5)", "5"},
		{"min(16,N-16*ib)", "min(16,N-16*ib)"},
		{"c%16+c", "2*c-16*(c/16)"},
		{"3*(c%V)", "3*(c%V)"},
		{"x/0", "x/0"},
		{"min(min(a,b),c)", "min(a,b,c)"},
		{"stride*(P-1)+R", "P*stride+R-stride"},
	} {
		p, err := FromExpr(parse(t, c[0]))
		if err != nil {
			t.Fatal(err)
		}
		if got := show(p.Expr()); got != c[1] {
			t.Errorf("%s: %s, want %s (%s)", c[0], got, c[1], p)
		}
		if q := Must(p.Expr()); !q.Equal(p) {
			t.Errorf("%s: %s reads back as %s", c[0], p, q)
		}
	}
}

// facts reads "N, i in 0..N, N%16==0": a size, a range, conditions.
func facts(t testing.TB, s string) Facts {
	var f Facts
	for _, item := range strings.Split(s, ";") {
		item = strings.TrimSpace(item)
		name, bounds, isRange := strings.Cut(item, " in ")
		switch {
		case item == "":
		case isRange:
			lo, hi, _ := strings.Cut(bounds, "..")
			f = f.Range(name, parse(t, lo), parse(t, hi))
		case strings.ContainsAny(item, "=<>"):
			f = f.Assume(parse(t, item))
		default:
			f = f.Size(item)
		}
	}
	return f
}

func TestSimplify(t *testing.T) {
	const conv = "K; C; P; Q; R; S; stride; stride>=1; P>=1; Q>=1; K%16==0; C%16==0;" +
		"kb in 0..K/16; cb in 0..C/16; oj in 0..P; r in 0..R; k in 0..16; c in 0..16; k1 in 0..2"
	for _, c := range [][3]string{
		{conv, "(16*kb+k)/16", "kb"},
		{conv, "(16*kb+k)%16", "k"},
		{conv, "(32*kb+16*k1+k)/16", "2*kb+k1"},
		{conv, "K/16*16", "K"},
		{conv, "K/16", "K/16"},
		{conv, "K%16", "0"},
		{conv, "K%8", "0"},
		{conv, "(K+15)/16", "K/16"},
		{conv, "(K+3)/16", "K/16"},
		{conv, "(K*C)/16/16", "K*C/16/16"},
		{conv, "(k+16)/32", "0"},
		{conv, "(k-1)/16", "(k-1)/16"},
		{conv, "max(k,0)", "k"},
		{conv, "min(16,K-16*kb)", "16"},
		{conv, "min(P,oj)", "oj"},
		{conv, "max(1,P)", "P"},
		{conv, "stride*(P-1)+R", "stride*(P-1)+R"},
		{conv, "(stride*oj+r)-stride*oj", "r"},
		{"N; B; B>=1; ib in 0..N; i in 0..B", "(B*ib+i)/B", "ib"},
		{"N; B; B>=1; ib in 0..N; i in 0..B", "(B*ib+i)%B", "i"},
		{"N; B; ib in 0..N; i in 0..B", "(B*ib+i)/B", "ib"}, // i in 0..B has B >= 1
		{"N; B; ib in 0..N", "(B*ib)/B", "B*ib/B"},
		{"N; stride; stride==1; i in 0..N", "stride*i", "i"},
		{"N; stride; stride==1; i in 0..N", "i/stride", "i"},
		{"i in 0..1", "5*i+3", "3"},
		{"N; V; V>=1; N%V==0", "N/V*V", "N"},
		{"N; V; V>=1; N%V==0", "N/V", "N/V"},
		{"N; V; V%8==0; N%V==0", "N%8", "0"},
		{"N; 6*N%3==0", "3*N", "3*N"},
		{"N; 6*N%4==0; M", "4*(6*N/4)+M", "6*N+M"},
		{"N; M; (N+M)%4==0", "(N+M)/4*4", "N+M"},
		{"N; i in 0..N", "i/4*4+i%4", "i"},
		{"N; i in 0..4; j in 0..4", "(4*i+j)/8", "i/2"},
		{"N; ib in 0..(N+15)/16", "min(16,N-16*ib)", "min(16,N-16*ib)"},
		{"N; ib in 0..N/16", "min(16,N-16*ib)", "16"},
		{"i in 0-5..0", "i/5", "-1"},
		{"i in 0-5..0", "(i+5)/5", "0"},
	} {
		e := parse(t, c[1])
		if got := show(Simplify(e, facts(t, c[0]))); got != c[2] {
			t.Errorf("%s under %s: %s, want %s", c[1], c[0], got, c[2])
		}
	}
}

func TestCond(t *testing.T) {
	const blocked = "N; ib in 0..N/16; i in 0..16"
	const tail = "N; ib in 0..(N+15)/16; i in 0..16"
	for _, c := range [][3]string{
		{blocked, "16*ib+i<N", "true"},
		{tail, "16*ib+i<N", "16*ib+i<N"},
		{tail + "; 16*ib+i<N", "16*ib+i<N", "true"},
		{tail + "; 16*ib+i<N", "16*ib+i>=N || i<16", "true"},
		{tail, "i<16 && 16*ib+i<N", "16*ib+i<N"},
		{"N; n2 in N/16..(N+15)/16; i in 0..N%16", "16*n2+i<N", "true"},
		{"N; P; N>=P; i in 0..P", "i<N", "true"},
		{"N; i in 0..N; j in 0..i+1", "j<=i", "true"},
		{"N; i in 0..N; j in i+1..N", "j==i", "false"},
		{"N; i in 0..N", "2*i==2*N+1", "false"},
		{"P; Q; stride; P>=1; stride>=1; oj in 0..P; R; r in 0..R", "stride*oj+r<stride*(P-1)+R", "true"},
		{"P; Q; stride; P>=1; stride>=1; oj in 0..P; R; r in 0..R", "stride*oj+r>=0", "true"},
		{"P; stride; oj in 0..P; R; r in 0..R", "stride*oj+r<stride*P+R", "true"},
		{"N; !(N==0)", "N>=1", "true"},
		{"N; N!=0 && N<8", "N*N>=1", "true"},
		{"N; i in 0..min(N,16)", "i<N && i<16", "true"},
		{"N; i in 0..N; !(i<4 || i>9)", "i>=4 && i<=9", "true"},
		{"N; M; i in 0..N; j in 0..M", "i*M+j<N*M", "true"},
		{"N", "N%16>=0 && N%16<16", "true"},
		{"N; i in 0..N", "i/4<=i", "true"},
		{"N; V; V>=1", "N/V*V<=N", "true"},
		{"N; V; V>=1", "N%V<V", "true"},
		{"N", "N>3", "N>3"},
		{"N; M; N==M; i in 0..N", "i<M", "true"},
		{"N; q in 0..min(14,N)", "min(14,N)-q>0", "true"},
	} {
		e, truth := SimplifyCond(parse(t, c[1]), facts(t, c[0]))
		got := map[Truth]string{Open: show(e), True: "true", False: "false"}[truth]
		if got != c[2] {
			t.Errorf("%s under %s: %s, want %s", c[1], c[0], got, c[2])
		}
	}
}

func TestBounds(t *testing.T) {
	for _, c := range [][3]string{
		{"Q; oib in 0..Q", "min(14,Q-14*oib)", "nil 14"},
		{"Q; oib in 0..(Q+13)/14", "min(14,Q-14*oib)", "1 14"},
		{"i in 0..4; j in 0..i+1", "10*i-j", "0 30"},
		{"N", "N%16", "0 15"},
		{"N", "N", "0 nil"},
		{"N; i in 0..16", "(i+N*16)/16-N", "0 0"},
		{"i in 0-3..5", "3*i/2", "-5 6"},
		{"i in 0..4; j in 0..4", "i*j", "0 9"},
	} {
		lo, hi := facts(t, c[0]).Bounds(parse(t, c[1]))
		got := strings.ReplaceAll(fmt.Sprint(lo, hi), "<nil>", "nil")
		if got != c[2] {
			t.Errorf("%s under %s: %s, want %s", c[1], c[0], got, c[2])
		}
	}
}

// eval computes e; the language's own rules, written down a second time.
func eval(e loopir.Expr, env map[string]int64) (v int64, ok bool) {
	switch e := e.(type) {
	case *loopir.Int:
		return e.Value.Int64(), true
	case *loopir.Var:
		v, ok := env[e.Name]
		return v, ok
	case *loopir.Unary:
		v, ok := eval(e.X, env)
		return -v, ok
	case *loopir.Intrinsic:
		v, ok := eval(e.Args[0], env)
		for _, a := range e.Args[1:] {
			w, ok2 := eval(a, env)
			if e.Name == "min" {
				v = min(v, w)
			} else {
				v = max(v, w)
			}
			ok = ok && ok2
		}
		return v, ok
	case *loopir.Binary:
		x, okX := eval(e.X, env)
		y, okY := eval(e.Y, env)
		b := map[bool]int64{true: 1}
		switch e.Op {
		case loopir.Add:
			v = x + y
		case loopir.Sub:
			v = x - y
		case loopir.Mul:
			v = x * y
		case loopir.Div, loopir.Mod:
			if y <= 0 {
				return 0, false
			}
			m := ((x % y) + y) % y
			if v = m; e.Op == loopir.Div {
				v = (x - m) / y
			}
		case loopir.Eq:
			v = b[x == y]
		case loopir.Ne:
			v = b[x != y]
		case loopir.Lt:
			v = b[x < y]
		case loopir.Le:
			v = b[x <= y]
		case loopir.Gt:
			v = b[x > y]
		case loopir.Ge:
			v = b[x >= y]
		}
		return v, okX && okY
	}
	panic(fmt.Sprintf("%T", e))
}

func randomExpr(r *rand.Rand, vars []string, depth int) loopir.Expr {
	if depth == 0 || r.Intn(4) == 0 {
		if r.Intn(3) == 0 {
			return loopir.NewInt(int64(r.Intn(9) - 2))
		}
		return loopir.NewVar(vars[r.Intn(len(vars))])
	}
	x, y := randomExpr(r, vars, depth-1), randomExpr(r, vars, depth-1)
	switch r.Intn(9) {
	case 0, 1:
		return loopir.Bin(loopir.Add, x, y)
	case 2:
		return loopir.Bin(loopir.Sub, x, y)
	case 3, 4:
		return loopir.Bin(loopir.Mul, loopir.NewInt(int64(r.Intn(7)+1)), x)
	case 5:
		return loopir.Bin(loopir.Mul, x, y)
	case 6:
		return loopir.Bin(loopir.Div, x, randomDivisor(r))
	case 7:
		return loopir.Bin(loopir.Mod, x, randomDivisor(r))
	}
	return &loopir.Intrinsic{Name: []string{"min", "max"}[r.Intn(2)], Args: []loopir.Expr{x, y}, Type: loopir.Index}
}

func randomDivisor(r *rand.Rand) loopir.Expr {
	if r.Intn(3) == 0 {
		return loopir.NewVar("V")
	}
	return loopir.NewInt([]int64{2, 3, 4, 8, 16}[r.Intn(5)])
}

// TestSound evaluates random expressions and conditions before and after under
// all small assignments that satisfy the facts.
func TestSound(t *testing.T) {
	f := facts(t, "N; V; V>=1; N%V==0; N%2==0; i in 0..N; j in 0..i+1; k in 0-2..4; m in N/4..(N+3)/4; b in 0..min(3,N-i)")
	var envs []map[string]int64
	for n := int64(0); n <= 8; n += 2 {
		for v := int64(1); v <= 4; v++ {
			if n%v != 0 {
				continue
			}
			for i := int64(0); i < n; i++ {
				for j := int64(0); j <= i; j++ {
					for k := int64(-2); k < 4; k++ {
						for m := n / 4; m < (n+3)/4; m++ {
							for b := int64(0); b < min(3, n-i); b++ {
								envs = append(envs, map[string]int64{"N": n, "V": v, "i": i, "j": j, "k": k, "m": m, "b": b})
							}
						}
					}
				}
			}
		}
	}
	r := rand.New(rand.NewSource(1))
	vars := []string{"N", "V", "i", "j", "k", "m", "b"}
	rounds, decided := 300, 0
	if testing.Short() {
		rounds = 60
	}
	for range rounds {
		e := randomExpr(r, vars, 3)
		s := Simplify(e, f)
		p := Must(e)
		n := p.Expr()
		red := f.Reduce(p).Expr()
		lo, hi := f.Bounds(e)
		cond := loopir.Bin(loopir.Op(int(loopir.Eq)+r.Intn(6)), e, randomExpr(r, vars, 2))
		_, truth := SimplifyCond(cond, f)
		if truth != Open {
			decided++
		}
		for range 300 {
			env := envs[r.Intn(len(envs))]
			want, ok := eval(e, env)
			if !ok {
				continue
			}
			for what, x := range map[string]loopir.Expr{"simplified": s, "normal form": n, "reduced": red} {
				if got, ok := eval(x, env); !ok || got != want {
					t.Fatalf("%s %s of %s: %d (%t), want %d at %v", what, show(x), show(e), got, ok, want, env)
				}
			}
			if v := big.NewInt(want); lo != nil && v.Cmp(lo) < 0 || hi != nil && v.Cmp(hi) > 0 {
				t.Fatalf("bounds %v %v of %s: %d at %v", lo, hi, show(e), want, env)
			}
			if got, ok := eval(cond, env); ok && truth != Open && (got == 1) != (truth == True) {
				t.Fatalf("%s decided %v at %v", show(cond), truth, env)
			}
		}
	}
	if decided < rounds/20 {
		t.Errorf("only %d conditions decided", decided)
	}
}

func TestCoeff(t *testing.T) {
	p := Must(parse(t, "stride*oj+3*oj+r-1"))
	coeff, rest, ok := p.Coeff("oj")
	if !ok || !coeff.Equal(Must(parse(t, "stride+3"))) || !rest.Equal(Must(parse(t, "r-1"))) {
		t.Error(coeff, rest, ok)
	}
	for _, s := range []string{"i*i", "i/2", "i*(i/2)"} {
		if _, _, ok := Must(parse(t, s)).Coeff("i"); ok {
			t.Error(s, "is linear in i")
		}
	}
	if q := p.Subst(map[string]Poly{"oj": Int(2)}); !q.Equal(Must(parse(t, "2*stride+5+r"))) {
		t.Error(q)
	}
}

func TestNotIndex(t *testing.T) {
	if _, err := FromExpr(&loopir.Read{Name: "A"}); err == nil {
		t.Error("a read is no index expression")
	}
	big := parse(t, "a+b+c+d+e+f+g+h")
	e := big
	for range 12 {
		e = loopir.Bin(loopir.Mul, e, e)
	}
	if _, err := FromExpr(e); err == nil {
		t.Error("a huge product was expanded")
	}
}

// TestShared uses the same facts from several goroutines, as equiv does.
func TestShared(t *testing.T) {
	f := facts(t, "N; ib in 0..(N+15)/16; i in 0..16; 16*ib+i<N")
	e := parse(t, "(16*ib+i)/16+N%16")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if got := show(Simplify(e, f)); got != "ib+N%16" {
				t.Error(got)
			}
			if !f.Holds(fromGo(&ast.BinaryExpr{X: &ast.Ident{Name: "ib"}, Op: token.LSS, Y: &ast.Ident{Name: "N"}})) {
				t.Error("ib < N is not found")
			}
		})
	}
	wg.Wait()
}

func BenchmarkSimplify(b *testing.B) {
	f := facts(b, "N; ib in 0..(N+15)/16; i in 0..16; 16*ib+i<N")
	e := parse(b, "(16*ib+i)/16")
	for b.Loop() {
		Simplify(e, f.Size("M"))
	}
}
