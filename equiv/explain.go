package equiv

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// An Explanation tells how a comparison went: which statements were matched and
// where each read gets its value. It is made from what the checker worked out
// anyway. After a failure it shows how far the matching came.
type Explanation struct {
	Before  []StmtInfo   `json:"before"`
	After   []StmtInfo   `json:"after"`
	Matches []Match      `json:"matches"`
	Reads   []ReadSource `json:"reads"`

	// Polynomials tells in what values were compared as polynomials over the reals, where
	// they were: the inputs, or those of matched statements.
	Polynomials string `json:"polynomials,omitempty"`
}

// A StmtInfo is an assignment of one of the programs, as the proof sees it: calls
// inlined, initialized locals as assignments.
type StmtInfo struct {
	Index int         `json:"index"`
	Text  string      `json:"text"`
	Loops []string    `json:"loops,omitempty"` // iterators around it, outermost first
	Line  int         `json:"line"`            // 0 for what has no place in the text
	Span  loopir.Span `json:"-"`
}

// A Match says that instances of statement After do what the instances of
// statement Before with the given iterators did.
type Match struct {
	After  int      `json:"after"`  // StmtInfo.Index
	Before int      `json:"before"` // StmtInfo.Index
	Same   string   `json:"same"`   // value, term or update: what they have in common; read: what they read
	Read   string   `json:"read,omitempty"`
	Iters  []string `json:"iters"`  // of Before, over those of After: c = 16*cb+c2
	Proved bool     `json:"proved"` // false: a guess, as the comparison failed or was not made

	// Exchanged is set where the proof went from Before to After: Iters are those of
	// After, over those of Before.
	Exchanged bool `json:"exchanged,omitempty"`
}

// A ReadSource tells where a read gets its value: one piece for each way.
type ReadSource struct {
	Side   string  `json:"side"` // before or after
	Stmt   int     `json:"stmt"` // StmtInfo.Index
	Read   string  `json:"read"`
	Array  string  `json:"array"`
	Line   int     `json:"line"`
	Pieces []Piece `json:"pieces"`
}

// A Piece is one origin of a value.
type Piece struct {
	When    []string `json:"when,omitempty"` // conditions over the reading instance
	Source  int      `json:"source"`         // StmtInfo.Index of the last set, -1: the initial content
	Iters   []string `json:"iters,omitempty"`
	Updates []int    `json:"updates,omitempty"` // statements that may have updated the cell since
}

// explain reads the checker's state after a run, or before any.
func (c *checker) explain(ran bool) *Explanation {
	failed := !ran || c.failed()
	x := &Explanation{Before: c.before.infos(), After: c.after.infos(), Matches: []Match{}}
	for _, s := range c.after.prog.Stmts {
		h := c.hints[s.index]
		if h == nil || s.ID == reader {
			continue
		}
		m := Match{After: s.index, Before: h.stmt.index, Same: "value", Iters: bindings(h.stmt, h.env)}
		asked := false
		for mode, word := range []string{sameWrite: "value", sameTerm: "term", sameUpdate: "update"} {
			if c.asked[matchKey{s.index, h.stmt.index, matchMode(mode)}] {
				asked = true
				m.Same, m.Proved = word, !failed
				x.Matches = append(x.Matches, m)
			}
		}
		for _, key := range c.readsOf(s) {
			asked = true
			m.Same, m.Read, m.Proved = "read", key.a, !failed
			x.Matches = append(x.Matches, m)
		}
		if !asked && failed {
			x.Matches = append(x.Matches, m)
		}
	}
	switch {
	case failed:
	case c.polynomials:
		x.Polynomials = "statements"
	case c.overInputs:
		x.Polynomials = "inputs"
	}
	if !c.exchanged {
		x.Reads = append(c.before.sources("before"), c.after.sources("after")...)
		return x
	}
	x.Before, x.After = x.After, x.Before
	for i := range x.Matches {
		m := &x.Matches[i]
		m.Before, m.After, m.Exchanged = m.After, m.Before, true
	}
	x.Reads = append(c.after.sources("before"), c.before.sources("after")...)
	return x
}

// readsOf lists the claims about reads of s.
func (c *checker) readsOf(s *Stmt) []readsKey {
	var out []readsKey
	for key := range c.reads {
		if key.after == s.index {
			out = append(out, key)
		}
	}
	slices.SortFunc(out, func(x, y readsKey) int { return strings.Compare(x.a+" "+x.b, y.a+" "+y.b) })
	return out
}

func (sd *side) infos() []StmtInfo {
	out := make([]StmtInfo, 0, len(sd.prog.Stmts))
	for _, s := range sd.prog.Stmts {
		i := StmtInfo{Index: s.index, Text: stmtText(s), Loops: iters(s.Loops), Line: s.Span.Start.Line, Span: s.Span}
		if s.ID == reader {
			i.Text, i.Line, i.Loops, i.Span = s.LHS.Name[:strings.IndexByte(s.LHS.Name, '!')]+" at the end", 0, nil, loopir.Span{}
		}
		out = append(out, i)
	}
	return out
}

func stmtText(s *Stmt) string {
	return strings.TrimSpace(loopir.FormatStmt(&loopir.Assign{Label: s.Label, LHS: s.LHS, Op: s.Op, RHS: readsOf(s.RHS)}))
}

func bindings(s *Stmt, env Env) []string {
	out := []string{}
	for _, it := range iters(s.Loops) {
		out = append(out, fmt.Sprintf("%s = %s", it, loopir.FormatExpr(env[it])))
	}
	return out
}

// sources lists the flows that were resolved, the plainest of each read.
func (sd *side) sources(name string) []ReadSource {
	type key struct {
		stmt int
		read *loopir.Read
	}
	best := map[key]flowKey{}
	rank := func(k flowKey) int {
		n := 0
		if k.last {
			n += 2
		}
		if k.wide {
			n++
		}
		return n
	}
	for k, f := range sd.flows {
		old, seen := best[key{k.stmt, k.read}]
		if f.err == nil && (!seen || rank(k) < rank(old)) {
			best[key{k.stmt, k.read}] = k
		}
	}
	out := sd.inputs(name)
	for at, k := range best {
		out = append(out, sd.source(name, at.stmt, at.read, sd.flows[k]))
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.Stmt != b.Stmt {
			return a.Stmt < b.Stmt
		}
		if a.Read != b.Read {
			return a.Read < b.Read
		}
		return len(a.Pieces) < len(b.Pieces)
	})
	return out
}

// inputs lists the reads of arrays that nothing writes.
func (sd *side) inputs(name string) []ReadSource {
	var out []ReadSource
	for _, s := range sd.prog.Stmts {
		loopir.WalkExpr(s.RHS, func(e loopir.Expr) bool {
			r, ok := e.(*loopir.Read)
			if ok && len(sd.sets[r.Name]) == 0 && len(sd.updates[r.Name]) == 0 {
				out = append(out, sd.source(name, s.index, r, &flow{pieces: []piece{{}}}))
			}
			return true
		})
	}
	return out
}

func (sd *side) source(name string, stmt int, r *loopir.Read, f *flow) ReadSource {
	out := ReadSource{Side: name, Stmt: stmt, Read: loopir.FormatExpr(r), Array: r.Name, Line: r.Span.Start.Line, Pieces: []Piece{}}
	if sd.prog.Stmts[stmt].ID == reader {
		out.Read = r.Name
	}
	facts := poly.KernelFacts(sd.prog.Kernel)
	for _, l := range sd.prog.Stmts[stmt].Loops {
		facts = facts.Enter(l)
	}
	for _, p := range f.pieces {
		piece := Piece{Source: -1}
		if len(f.pieces) > 1 {
			for _, g := range p.guards {
				if c, truth := poly.SimplifyCond(g, facts); truth != poly.True {
					piece.When = append(piece.When, loopir.FormatExpr(c))
				}
			}
		}
		if p.src != nil {
			piece.Source, piece.Iters = p.src.index, bindings(p.src, p.env)
		}
		for _, u := range p.updates {
			piece.Updates = append(piece.Updates, u.index)
		}
		out.Pieces = append(out.Pieces, piece)
	}
	return out
}
