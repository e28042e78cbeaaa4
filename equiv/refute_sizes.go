package equiv

import (
	"context"
	"math/big"
	"slices"
	"sort"

	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/loopir"
)

// A sizeSearch lists size vectors worth running: small ones first, then those
// around the block constants of the programs, all within the where clauses.
type sizeSearch struct {
	names   []string               // in order of assignment: free sizes, then derived ones
	values  map[string][]int64     // candidates of a free size, most telling first
	derived map[string]loopir.Expr // sizes that an equation in where determines
	large   []int64                // constants of the programs beyond what is tried by default
	checks  [][]loopir.Expr        // conjuncts to test once names[:i+1] have values
}

// Limits of what a counterexample search tries.
const (
	maxSmallSize    = 4096    // a single size
	maxSmallCells   = 1 << 18 // cells of all arrays together
	randomVectors   = 400     // pseudo-random vectors after the systematic ones
	deepestLevel    = 4       // systematic vectors: sum of candidate ranks
	largestConstant = 512     // block constants above this are left alone
)

func newSizeSearch(ks ...*loopir.Kernel) *sizeSearch {
	s := &sizeSearch{values: map[string][]int64{}, derived: map[string]loopir.Expr{}}
	var where []loopir.Expr
	for _, k := range ks {
		for _, p := range k.Params {
			if p.Kind == loopir.SizeParam && !slices.Contains(s.names, p.Name) {
				s.names = append(s.names, p.Name)
			}
		}
		where = append(where, k.Where...)
	}
	s.derive(where)
	s.checks = make([][]loopir.Expr, len(s.names))
	for _, c := range where {
		if i := max(s.last(c), 0); i < len(s.checks) { // a clause without sizes may be false as well
			s.checks[i] = append(s.checks[i], c)
		}
	}
	bounds := boundaryValues(ks)
	for _, c := range indexLiterals(ks) {
		if c > largestConstant && c <= maxSmallCells {
			s.large = append(s.large, c)
		}
	}
	for i, n := range s.names {
		if s.derived[n] == nil {
			s.values[n] = s.candidates(i, where, bounds)
		}
	}
	return s
}

// last returns the position of the size of c that is assigned last, -1 for none.
func (s *sizeSearch) last(c loopir.Expr) int {
	at := -1
	for i, n := range s.names {
		if loopir.UsesVar(c, n) {
			at = i
		}
	}
	return at
}

// derive moves each size x with a conjunct x == e over other sizes behind them.
func (s *sizeSearch) derive(where []loopir.Expr) {
	var order []string
	for _, c := range where {
		b, ok := c.(*loopir.Binary)
		if !ok || b.Op != loopir.Eq {
			continue
		}
		for _, side := range [][2]loopir.Expr{{b.X, b.Y}, {b.Y, b.X}} {
			v, ok := side[0].(*loopir.Var)
			if !ok || s.derived[v.Name] != nil || loopir.UsesVar(side[1], v.Name) || s.usesDerived(side[1], v.Name) {
				continue
			}
			s.derived[v.Name] = side[1]
			order = append(order, v.Name)
			break
		}
	}
	s.names = slices.DeleteFunc(s.names, func(n string) bool { return slices.Contains(order, n) })
	for len(order) > 0 { // definitions before uses; usesDerived forbids cycles
		for i, n := range order {
			if !slices.ContainsFunc(order, func(m string) bool { return loopir.UsesVar(s.derived[n], m) }) {
				s.names = append(s.names, n)
				order = slices.Delete(order, i, i+1)
				break
			}
		}
	}
}

// usesDerived tells whether e needs name through the definitions made so far.
func (s *sizeSearch) usesDerived(e loopir.Expr, name string) bool {
	for n, d := range s.derived {
		if loopir.UsesVar(e, n) && (loopir.UsesVar(d, name) || s.usesDerived(d, name)) {
			return true
		}
	}
	return false
}

// boundaryValues lists the values around the constants that ks compute with
// (block sizes, strides, bounds), where tails and edges go wrong.
func boundaryValues(ks []*loopir.Kernel) []int64 {
	consts := indexLiterals(ks)
	var cs []int64
	for _, c := range consts {
		if c > 1 && c <= largestConstant {
			cs = append(cs, c)
		}
	}
	var out []int64
	for _, f := range []int64{1, 2} {
		for _, d := range []int64{1, 0, -1} {
			for _, c := range cs {
				out = append(out, f*c+d)
			}
		}
	}
	for i, c := range cs { // where two blockings meet
		for _, d := range cs[i+1:] {
			if c*d <= largestConstant {
				out = append(out, c*d)
			}
		}
	}
	return out
}

// indexLiterals lists the constants in the index expressions of ks, in order.
func indexLiterals(ks []*loopir.Kernel) []int64 {
	consts := map[int64]bool{}
	note := func(e loopir.Expr) {
		loopir.WalkExpr(e, func(e loopir.Expr) bool {
			if c, ok := e.(*loopir.Int); ok && c.Type == loopir.Index && c.Value.IsInt64() {
				consts[c.Value.Int64()] = true
			}
			return true
		})
	}
	for _, k := range ks {
		loopir.Walk(k.Body, func(s loopir.Stmt) bool {
			for _, e := range loopir.StmtExprs(s) {
				note(e)
			}
			return true
		})
		for _, p := range k.Params {
			for _, e := range p.Shape {
				note(e)
			}
		}
	}
	var cs []int64
	for c := range consts {
		cs = append(cs, c)
	}
	slices.Sort(cs)
	return cs
}

// far yields vectors in which one size is next to a constant too large for
// trying everything around it, the others being small.
func (s *sizeSearch) far(yield func(map[string]int64) bool) {
	for _, c := range s.large {
		for _, v := range []int64{c + 1, c, c - 1} {
			for at := range s.names {
				env := map[string]int64{}
				ok := true
				for i, n := range s.names {
					pick := &v
					if s.derived[n] != nil {
						pick = nil
					} else if i != at {
						if len(s.values[n]) == 0 {
							return
						}
						pick = &s.values[n][0]
					}
					ok = ok && s.set(i, pick, env)
				}
				if ok && !yield(env) {
					return
				}
			}
		}
	}
}

// candidates lists the values of size i that the conjuncts on it alone admit.
func (s *sizeSearch) candidates(i int, where []loopir.Expr, bounds []int64) []int64 {
	name := s.names[i]
	var alone []loopir.Expr
	for _, c := range where {
		others := false
		for _, n := range s.names {
			others = others || n != name && loopir.UsesVar(c, n)
		}
		if !others && loopir.UsesVar(c, name) {
			alone = append(alone, c)
		}
	}
	var out []int64
	add := func(v int64) bool {
		if slices.Contains(out, v) || !holds(alone, map[string]int64{name: v}) {
			return false
		}
		out = append(out, v)
		return true
	}
	for _, v := range []int64{1, 2, 0, 3} {
		add(v)
	}
	if len(out) < 3 { // a clause like K%16 == 0 or N >= 100: its smallest values
		for v, n := int64(0), 0; v <= maxSmallSize && n < 3; v++ {
			if add(v) {
				n++
			}
		}
		if len(out) > 2 && out[0] == 0 { // little happens at size 0
			out[0], out[1], out[2] = out[1], out[2], out[0]
		}
	}
	for j, v := range bounds {
		if add(v); j == 2 {
			add(5)
		}
	}
	add(4)
	add(7)
	for v, n := int64(0), 0; v <= maxSmallSize && n < moreValues; v++ {
		if add(v) {
			n++
		}
	}
	return out
}

// moreValues is how many of the smallest values a size has among its
// candidates, besides those that stand out.
const moreValues = 4

func holds(conds []loopir.Expr, env map[string]int64) bool {
	for _, c := range conds {
		if v, ok := evalInt(c, env); !ok || v == 0 {
			return false
		}
	}
	return true
}

// each yields size vectors without repetition until yield says false.
func (s *sizeSearch) each(models []map[string]*big.Int, yield func(map[string]int64) bool) {
	seen := map[string]bool{}
	again := true
	emit := func(env map[string]int64) bool {
		if key := vectorKey(s.names, env); again && !seen[key] {
			seen[key] = true
			again = yield(env)
		}
		return again
	}
	for _, m := range models {
		if env := s.fromModel(m); env != nil {
			emit(env)
		}
	}
	for l := 0; l <= 2 && again; l++ {
		s.level(0, l, map[string]int64{}, emit)
	}
	s.lines(emit)
	for l := 3; l <= deepestLevel && again; l++ {
		s.level(0, l, map[string]int64{}, emit)
	}
}

func vectorKey(names []string, env map[string]int64) string {
	var b []byte
	for _, n := range names {
		for v := env[n]; ; v >>= 8 {
			b = append(b, byte(v))
			if v>>8 == 0 {
				break
			}
		}
		b = append(b, ',', ';')
	}
	return string(b)
}

// seed asks the solver for sizes when where is too intricate for guessing.
func (s *sizeSearch) seed(ctx context.Context, pool *smt.Pool) map[string]*big.Int {
	guessed := false
	s.each(nil, func(map[string]int64) bool { guessed = true; return false })
	if guessed || pool == nil {
		return nil
	}
	for _, most := range []int64{8, 32, 128, maxSmallSize} {
		var hyps []loopir.Expr
		for i, n := range s.names {
			v := loopir.NewVar(n)
			hyps = append(append(hyps, ge(v, 0), loopir.Bin(loopir.Le, v, loopir.NewInt(most))), s.checks[i]...)
		}
		q, err := query("where/small", hyps, boolExpr(false))
		if err != nil {
			return nil
		}
		q.Want = smt.Sat
		if a := pool.Check(ctx, q); a.Status == smt.Sat {
			return a.Model
		}
	}
	return nil
}

// fromModel takes the sizes of a solver's model, nil when they are too large or
// do not satisfy where; a size the model leaves open is 1.
func (s *sizeSearch) fromModel(m map[string]*big.Int) map[string]int64 {
	env := map[string]int64{}
	for i, n := range s.names {
		v := big.NewInt(1)
		if m[n] != nil {
			v = m[n]
		} else if d := s.derived[n]; d != nil {
			w, _ := evalInt(d, env)
			v = big.NewInt(w)
		}
		if v.Sign() < 0 || !v.IsInt64() || v.Int64() > maxSmallSize {
			return nil
		}
		env[n] = v.Int64()
		if !holds(s.checks[i], env) {
			return nil
		}
	}
	return env
}

// level emits the vectors whose candidate ranks add up to rank, in order.
func (s *sizeSearch) level(i, rank int, env map[string]int64, emit func(map[string]int64) bool) bool {
	if i == len(s.names) {
		return rank > 0 || emit(cloneSizes(env))
	}
	n := s.names[i]
	if s.derived[n] != nil {
		return !s.set(i, nil, env) || s.level(i+1, rank, env, emit)
	}
	for r := 0; r <= rank && r < len(s.values[n]); r++ {
		if s.set(i, &s.values[n][r], env) && !s.level(i+1, rank-r, env, emit) {
			return false
		}
	}
	return true
}

// set gives size i the value v, or its derived one, and checks the conjuncts.
func (s *sizeSearch) set(i int, v *int64, env map[string]int64) bool {
	for _, later := range s.names[i:] {
		delete(env, later)
	}
	n := s.names[i]
	if v != nil {
		env[n] = *v
	} else if w, ok := evalInt(s.derived[n], env); ok && w >= 0 && w <= maxSmallSize {
		env[n] = w
	} else {
		return false
	}
	return holds(s.checks[i], env)
}

func cloneSizes(env map[string]int64) map[string]int64 {
	c := make(map[string]int64, len(env))
	for k, v := range env {
		c[k] = v
	}
	return c
}

// lines emits vectors that walk one size through its candidates, the others
// held at a common rank, then diagonals and pseudo-random vectors.
func (s *sizeSearch) lines(emit func(map[string]int64) bool) {
	try := func(rank func(i int) int) bool {
		env := map[string]int64{}
		for i, n := range s.names {
			var v *int64
			if vs := s.values[n]; s.derived[n] == nil {
				if len(vs) == 0 {
					return true
				}
				v = &vs[rank(i)%len(vs)]
			}
			if !s.set(i, v, env) {
				return true
			}
		}
		return emit(env)
	}
	most := 0
	for _, n := range s.names {
		most = max(most, len(s.values[n]))
	}
	for _, base := range []int{0, 1} {
		for r := range most {
			for walk := range s.names {
				if !try(func(i int) int {
					if i == walk {
						return r
					}
					return base
				}) {
					return
				}
			}
		}
	}
	for r := range most {
		if !try(func(int) int { return r }) {
			return
		}
	}
	state := uint64(1)
	for range randomVectors {
		if !try(func(int) int {
			state = state*6364136223846793005 + 1442695040888963407
			return int(state >> 33)
		}) {
			return
		}
	}
}

// fewCells tells whether the arrays of ks, with these sizes, fit a quick run.
func fewCells(env map[string]int64, ks ...*loopir.Kernel) bool {
	for _, k := range ks {
		total := int64(0)
		for _, p := range k.Params {
			if p.Kind != loopir.ArrayParam {
				continue
			}
			cells := int64(1)
			for _, e := range p.Shape {
				n, ok := evalInt(e, env)
				if !ok || n > maxSmallCells {
					return false
				}
				if cells *= max(n, 0); cells > maxSmallCells {
					return false
				}
			}
			total += cells
		}
		if total > maxSmallCells {
			return false
		}
	}
	return true
}

// sortedNames returns the keys of m in order, so that nothing depends on the
// order of a map.
func sortedNames[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
