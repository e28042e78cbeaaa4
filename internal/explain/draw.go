package explain

import (
	"fmt"
	"html"
	"sort"
	"strings"

	"github.com/loopopt/loopopt/equiv"
)

// Measures of the drawing, in pixels.
const (
	nodeWidth  = 350
	nodeHeight = 26
	rowHeight  = 44
	margin     = 130 // beside the columns, for the arcs
	middle     = 150 // between the columns, for the matches
	labelChars = 47
)

// A graph is the dataflow of one program as a column: inputs on top, then the
// statements in textual order, then the outputs.
type graph struct {
	left    bool // arcs are drawn on the left
	x       int
	nodes   []node
	byStmt  map[int]int
	byInput map[string]int
	edges   map[edge]bool
}

type node struct {
	label string
	kind  string // input, stmt or output
	match int
}

type edge struct {
	from, to int
	update   bool
}

// draw makes the dataflow of both programs an SVG, with the matches in between.
func draw(x *equiv.Explanation, p colouring) string {
	before := newGraph(true, margin, x.Before, x.Reads, "before", p.before)
	after := newGraph(false, margin+nodeWidth+middle, x.After, x.Reads, "after", p.after)
	rows := max(len(before.nodes), len(after.nodes))
	width, height := 2*margin+2*nodeWidth+middle, rows*rowHeight+12
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" width="%d" role="img" aria-label="dataflow">`, width, height, width)
	b.WriteString(`<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" class="tip"/></marker></defs>`)
	for _, m := range x.Matches {
		before.link(&b, after, before.byStmt[m.Before], after.byStmt[m.After], p, m.Proved)
	}
	for i, n := range before.nodes {
		for j, o := range after.nodes {
			if n.kind != "stmt" && n.kind == o.kind && n.label == o.label {
				before.link(&b, after, i, j, p, true)
			}
		}
	}
	before.draw(&b, p)
	after.draw(&b, p)
	b.WriteString("</svg>")
	return b.String()
}

func newGraph(left bool, x int, stmts []equiv.StmtInfo, reads []equiv.ReadSource, side string, match map[int]int) *graph {
	g := &graph{left: left, x: x, byStmt: map[int]int{}, byInput: map[string]int{}, edges: map[edge]bool{}}
	used := map[string]bool{}
	for _, s := range reads {
		for _, p := range s.Pieces {
			if s.Side == side && p.Source < 0 && !strings.Contains(s.Array, "!") {
				used[s.Array] = true
			}
		}
	}
	var names []string
	for n := range used {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		g.byInput[n] = g.add(node{n, "input", 0})
	}
	for _, outputs := range []bool{false, true} {
		for _, s := range stmts {
			switch isOutput := s.Line == 0 && len(s.Loops) == 0 && strings.HasSuffix(s.Text, " at the end"); {
			case isOutput != outputs:
			case isOutput:
				g.byStmt[s.Index] = g.add(node{s.Text, "output", 0})
			default:
				g.byStmt[s.Index] = g.add(node{where(s), "stmt", match[s.Index]})
			}
		}
	}
	for _, s := range reads {
		if s.Side == side {
			g.connect(s)
		}
	}
	return g
}

func (g *graph) add(n node) int {
	g.nodes = append(g.nodes, n)
	return len(g.nodes) - 1
}

func (g *graph) connect(s equiv.ReadSource) {
	to := g.byStmt[s.Stmt]
	for _, p := range s.Pieces {
		if p.Source >= 0 {
			g.edges[edge{g.byStmt[p.Source], to, false}] = true
		} else if from, ok := g.byInput[s.Array]; ok {
			g.edges[edge{from, to, false}] = true
		}
		for _, u := range p.Updates {
			g.edges[edge{g.byStmt[u], to, true}] = true
		}
	}
}

func (g *graph) y(i int) int { return 6 + i*rowHeight + nodeHeight/2 }

// draw prints nodes and arcs.
func (g *graph) draw(b *strings.Builder, p colouring) {
	var edges []edge
	for e := range g.edges {
		edges = append(edges, e)
	}
	sort.Slice(edges, func(i, j int) bool {
		a, c := edges[i], edges[j]
		if a.from != c.from {
			return a.from < c.from
		}
		if a.to != c.to {
			return a.to < c.to
		}
		return !a.update && c.update
	})
	for _, e := range edges {
		g.arc(b, e)
	}
	for i, n := range g.nodes {
		style := ""
		if n.match > 0 {
			style = fmt.Sprintf(` style="--h:%d"`, p.hue(n.match))
		}
		class := n.kind
		if n.match > 0 {
			class += " matched"
		}
		fmt.Fprintf(b, `<g class="node %s" data-match="%d"%s><title>%s</title><rect x="%d" y="%d" width="%d" height="%d" rx="5"/><text x="%d" y="%d">%s</text></g>`,
			class, n.match, style, html.EscapeString(n.label), g.x, g.y(i)-nodeHeight/2, nodeWidth, nodeHeight, g.x+10, g.y(i)+4,
			html.EscapeString(shorten(n.label)))
	}
}

func shorten(s string) string {
	if r := []rune(s); len(r) > labelChars {
		return string(r[:labelChars-1]) + "…"
	}
	return s
}

// arc joins two nodes beside the column; what feeds itself makes a small loop.
func (g *graph) arc(b *strings.Builder, e edge) {
	x, out := g.x, -1
	if !g.left {
		x, out = g.x+nodeWidth, 1
	}
	span := e.to - e.from
	if span < 0 {
		span = -span
	}
	reach := out * min(margin-12, 22+14*span)
	y1, y2 := g.y(e.from)+3, g.y(e.to)-3
	if e.from == e.to {
		y1, y2 = g.y(e.from)+8, g.y(e.to)-8
	}
	class := "flow"
	if e.update {
		class = "flow update"
	}
	fmt.Fprintf(b, `<path class="%s" marker-end="url(#tip)" d="M%d %d C%d %d %d %d %d %d"/>`, class, x, y1, x+reach, y1, x+reach, y2, x+out, y2)
}

// link joins a node with its counterpart in the other program.
func (g *graph) link(b *strings.Builder, o *graph, i, j int, p colouring, proved bool) {
	class, style := "match", ""
	if h := p.hue(g.nodes[i].match); h >= 0 {
		style = fmt.Sprintf(` style="--h:%d"`, h)
		class += " matched"
	}
	if !proved {
		class += " guessed"
	}
	x1, x2 := g.x+nodeWidth, o.x
	fmt.Fprintf(b, `<path class="%s"%s data-match="%d" d="M%d %d C%d %d %d %d %d %d"/>`, class, style, g.nodes[i].match,
		x1, g.y(i), x1+middle/2, g.y(i), x2-middle/2, o.y(j), x2, o.y(j))
}
