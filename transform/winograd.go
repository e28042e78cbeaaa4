package transform

import (
	"math/big"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

var winograd = &Primitive{
	Name:   "winograd",
	Syntax: "winograd oj[, oi] by m into tj[, ti] as U, V, M [points a, b..]",
	Doc: `Computes a convolution of stride 1 in tiles of m by m cells, by fewer products: filter and
image are transformed, multiplied cell by cell, summed over channels, and transformed back.

	for k in 0..K, c in 0..C, i in 0..P, r in 0..3 {
		O[k][i] += I[c][i+r] * W[k][c][r]
	}
=>	var U: f32[4][K][C] in heap        // winograd i by 2 into t as U, V, M points 0, 1, -1, inf
	var V: f32[4][C][(P+1)/2] in heap
	var M: f32[4][K][(P+1)/2] in heap
	for k in 0..K, c in 0..C {
		U: U[0][k][c] = W[k][c][0]
		U[1][k][c] = 0.5*(W[k][c][0] + W[k][c][1] + W[k][c][2])
		U[2][k][c] = 0.5*(W[k][c][0] - W[k][c][1] + W[k][c][2])
		U[3][k][c] = W[k][c][2]
	}
	for c in 0..C, t in 0..(P+1)/2 {
		var d: f32[4]
		for x in 0..4 { d[x] = select(2*t + x < P + 2, I[c][2*t+x], 0.0) }
		V: V[0][c][t] = d[0] - d[2]
		V[1][c][t] = d[1] + d[2]
		V[2][c][t] = d[2] - d[1]
		V[3][c][t] = d[3] - d[1]
	}
	for x in 0..4, k in 0..K, t in 0..(P+1)/2 {
		M[x][k][t] = 0.0
		for c in 0..C { M: M[x][k][t] += V[x][c][t] * U[x][k][c] }
	}
	for k in 0..K, t in 0..(P+1)/2 {
		O: O[k][2*t] += M[0][k][t] + M[1][k][t] + M[2][k][t]
		if 2*t + 1 < P { O[k][2*t+1] += M[1][k][t] - M[2][k][t] + M[3][k][t] }
	}

The loops named contain one update O += image * filter and are in a nest with nothing else:
fission or reorder first. The image is read at oj + r, r being a loop over the rows of the filter,
of constant extent (say assume R == 3); conditions on oj + r, as those of padding, become zeros.
All other loops stay, and may stand in blocks. Labels tell the four nests apart: k@U, k@M, k@O.

A tile of m cells under a filter of r rows needs m+r-1 different points: rational numbers, inf
among them or not. Without points, 0, 1, -1, 2, -2, 1/2, -1/2.. and inf are taken. Larger tiles need fewer
products and round worse, by the bound that the proof states. The verdict is at best algebraic.`,
	Apply: applyWinograd,
}

// maxPoints bounds tile and filter together: transforms beyond are slower than what they save,
// and useless for their rounding errors.
const maxPoints = 16

// maxPointText is how long the text of a point may be: their powers are computed exactly.
const maxPointText = 12

// A tiling is what a winograd step asks for.
type tiling struct {
	loops   []Ref
	by      int
	byAt    loopir.Span
	into    []loopir.Token
	as      []loopir.Token // U, V, M
	points  []point        // nil: the usual ones
	pointAt []loopir.Span
}

func applyWinograd(c *Context, args *loopir.Cursor) error {
	w, err := c.parseTiling(args)
	if err != nil {
		return err
	}
	return c.EachLoop(w.loops[0], func(l *Loop) error {
		n, err := c.convolution(w, l)
		if err != nil {
			return err
		}
		with, err := n.rewritten()
		if err != nil {
			return err
		}
		c.Replace(n.root(), with...)
		return nil
	})
}

func (c *Context) parseTiling(args *loopir.Cursor) (*tiling, error) {
	w := &tiling{}
	var err error
	if w.loops, err = ParseRefs(args); err != nil {
		return nil, err
	}
	if len(w.loops) > 2 {
		return nil, c.Reject(w.loops[2].Name.Span, "tiles have one or two dimensions")
	}
	if err := args.Expect("by"); err != nil {
		return nil, err
	}
	w.byAt = args.Peek().Span
	by, err := args.Int(c.Params)
	if err != nil {
		return nil, err
	}
	if !by.IsInt64() || by.Int64() < 1 || by.Int64() >= maxPoints {
		return nil, c.Reject(w.byAt, "a tile has from 1 to %d cells in a row, not %v", maxPoints-1, by)
	}
	w.by = int(by.Int64())
	for _, part := range []struct {
		word  string
		names *[]loopir.Token
		n     int
		are   string
	}{{"into", &w.into, len(w.loops), "loops over tiles"}, {"as", &w.as, 3, "arrays: transformed filter, transformed image, products"}} {
		if err := args.Expect(part.word); err != nil {
			return nil, err
		}
		if *part.names, err = args.Names(); err != nil {
			return nil, err
		}
		if names := *part.names; len(names) != part.n {
			return nil, c.Reject(names[len(names)-1].Span, "%s takes %d %s, not %d", part.word, part.n, part.are, len(names))
		}
	}
	for i, t := range slices.Concat(w.as, w.into) {
		if slices.ContainsFunc(slices.Concat(w.as, w.into)[:i], func(u loopir.Token) bool { return u.Text == t.Text }) {
			return nil, c.Reject(t.Span, "%s stands here twice: loops and arrays need different names", t.Text)
		}
	}
	for _, t := range w.as {
		if err := c.CheckNewAnywhere(t); err != nil {
			return nil, err
		}
	}
	if args.Accept("points") {
		if err := c.parsePoints(args, w); err != nil {
			return nil, err
		}
	}
	return w, args.Done()
}

func (c *Context) parsePoints(args *loopir.Cursor, w *tiling) error {
	for {
		at := args.Peek().Span
		text := ""
		for args.Peek().Kind != loopir.TokEOF && args.Peek().Text != "," {
			text += args.Next().Text
		}
		var p point
		if text != "inf" {
			v, ok := new(big.Rat), len(text) <= maxPointText && !strings.ContainsAny(text, "eEpPxX_")
			if ok {
				_, ok = v.SetString(text)
			}
			if !ok {
				return c.Reject(at, "%q is no point: points are numbers such as 2, -1/2 or inf", text)
			}
			p = v
		}
		if hasPoint(w.points, p) {
			return c.Reject(at, "the point %s stands here twice", text)
		}
		w.points, w.pointAt = append(w.points, p), append(w.pointAt, at)
		if !args.Accept(",") {
			return nil
		}
	}
}
