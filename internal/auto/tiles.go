package auto

import (
	"fmt"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// tiles keeps the cells that a sum goes to in registers, while the loops of the sum run: some rows of
// lanes, so that what is read for the lanes serves all rows.
func (b *builder) tiles(u *update, x *loopir.For) []*form {
	var sum, rows []string
	for _, l := range u.loops {
		switch {
		case l.Iter == x.Iter:
		case u.reduces(l.Iter) || u.private(l.Iter) && u.depth(l.Iter) > u.local[u.stmt.LHS.Name]-1:
			sum = append(sum, l.Iter)
		default:
			rows = append(rows, l.Iter)
		}
	}
	assume, ok := b.sideBySide([]*update{u}, x.Iter, true)
	if !ok || len(sum) == 0 {
		return nil
	}
	var out []*form
	for i := len(rows) - 1; i >= 0; i-- {
		served := false
		for _, r := range u.reads() {
			s, _ := stepOf(r, x.Iter, b.request.Sizes)
			moved, _ := stepOf(r, rows[i], nil)
			served = served || s == unit && moved == still
		}
		if served && len(out) < 64 {
			out = append(out, b.tilesOf(u, x, rows[i], sum, assume)...)
		}
	}
	return append(out, b.tilesOf(u, x, "", sum, assume)...)
}

// tilesOf are the tiles of some rows, or of one where there is no loop of rows.
func (b *builder) tilesOf(u *update, x *loopir.For, row string, sum, assume []string) []*form {
	m := b.request.Machine
	v := b.lanes([]*update{u})
	wide := int64(maxVectors)
	if n := trips(x, b.request.Sizes); n > 0 {
		wide = min(wide, (n+v-1)/v)
	}
	sums := int64(len(b.together(u, x.Iter)))
	var out []*form
	for vectors := wide; vectors >= 1; vectors-- {
		if row == "" {
			out = append(out, b.tile(u, x, "", 1, vectors, sum, assume, false))
			continue
		}
		most := (int64(m.Registers) - 1 - vectors) / (vectors * sums)
		n := trips(u.loops[u.depth(row)], b.request.Sizes)
		heights := []int64{most}
		for d := min(most, n); n > 0 && d > 1; d-- {
			if n%d == 0 && d != most {
				heights = append(heights, d)
				break
			}
		}
		for _, h := range heights {
			if h > 1 && (n == 0 || h <= n) {
				out = append(out, b.tile(u, x, row, h, vectors, sum, assume, false))
				if len(b.scalarsIn(x)) == 0 { // those are private to what is outside
					out = append(out, b.tile(u, x, row, h, vectors, sum, assume, true))
				}
			}
		}
	}
	return out
}

// together are the names of the cells that the innermost loop of an update updates, lanes of loop x.
func (b *builder) together(u *update, x string) []string {
	innermost := u.loops[len(u.loops)-1]
	var out []string
	for _, w := range b.updates {
		if w.loops[len(w.loops)-1] == innermost && w.depth(x) >= 0 && !slices.Contains(out, w.stmt.LHS.Name) {
			out = append(out, w.stmt.LHS.Name)
		}
	}
	return out
}

// tile is the one of so many rows and vectors; columns has its columns outside of its rows.
func (b *builder) tile(u *update, x *loopir.For, row string, height, vectors int64, sum, assume []string, columns bool) *form {
	v := b.lanes([]*update{u})
	lane := x.Iter
	blocks, vector, rest, rest1, restBlocks := b.name(lane+"b"), b.name(lane+"v"), b.name(lane+"t"), b.name(lane+"1"), b.name(lane+"m")
	f := &form{about: slices.Concat([]string{lane}, sum), assume: assume, vectorize: []string{lane}, outer: map[string]string{lane: blocks}}
	f.what = fmt.Sprintf("tile of %s %s", plural(vectors, "vector"), lane)
	add := func(format string, args ...any) { f.steps = append(f.steps, fmt.Sprintf(format, args...)) }

	// Main part and rest of the lanes, each with its way from the blocks to the lanes.
	type part struct{ outside, inside []string }
	main := part{[]string{blocks}, []string{lane}}
	if vectors > 1 {
		add("block %s by %d into %s, %s tail peel into %s, %s", lane, v*vectors, blocks, lane, rest, rest1)
		add("block %s by %d into %s, %s", lane, v, vector, lane)
		main.inside = []string{vector, lane}
		f.unroll = append(f.unroll, vector)
	} else {
		add("block %s by %d into %s, %s tail peel into %s, %s", lane, v, blocks, lane, rest, rest1)
	}
	parts := []part{main}
	if b.masks() {
		add("block %s by %d into %s, %s tail mask", rest1, v, restBlocks, rest1)
		parts = append(parts, part{[]string{rest, restBlocks}, []string{rest1}})
	}
	scalars := map[string]bool{}
	for _, name := range b.scalarsIn(x) {
		scalars[name] = true
		add("expand %s by %s in registers", name, strings.Join(reversed(main.inside), ", "))
		if len(parts) > 1 {
			add("expand %s by %s in registers", name, rest1)
		}
	}
	ways := [][]string{{}} // from the blocks of rows to the rows: of the main part and of the rest
	within := [][]string{{}}
	if row != "" {
		rowBlocks, rowRest, row1 := b.name(row+"b"), b.name(row+"t"), b.name(row+"1")
		f.what = fmt.Sprintf("tile of %d rows %s by %s %s", height, row, plural(vectors, "vector"), lane)
		f.about = append(f.about, row)
		f.outer[row] = rowBlocks
		f.unroll = append(f.unroll, row)
		add("block %s by %d into %s, %s tail peel into %s, %s", row, height, rowBlocks, row, rowRest, row1)
		for _, name := range b.scalarsIn(x) {
			add("expand %s by %s in registers", name, row)
		}
		ways, within = [][]string{{rowBlocks}, {rowRest, row1}}, [][]string{{row}, {}}
		if columns {
			f.what += ", columns outside"
		}
	}
	// The loops around, but for those before the first that moves.
	var outside []string
	for i, l := range u.loops {
		if l.Iter == lane || l.Iter == row || slices.Contains(sum, l.Iter) {
			for _, l := range u.loops[i:] {
				if l.Iter != lane && l.Iter != row && !slices.Contains(sum, l.Iter) {
					outside = append(outside, l.Iter)
				}
			}
			break
		}
	}
	rowsFirst := row != "" && !columns
	for i, way := range ways {
		for _, p := range parts {
			order := b.placed(u, outside, row, lane, way, p.outside, rowsFirst)
			if columns && i == 0 && p.outside[0] == blocks && u.depth(row) < u.depth(lane) {
				f.outer[row] = order[0] // which is in its place now
			}
			add("reorder %s", strings.Join(slices.Concat(order, sum, within[i], p.inside), ", "))
		}
	}
	var inner []string // where tiles begin
	if columns {
		inner = []string{ways[0][0], ways[1][1]}
	} else {
		for _, p := range parts {
			inner = append(inner, p.outside[len(p.outside)-1])
		}
	}
	for _, name := range b.together(u, lane) {
		if scalars[name] {
			continue
		}
		for i, at := range inner {
			suffix := ""
			if i > 0 {
				suffix = "1"
			}
			add("stage %s in registers at %s as %s", name, at, b.name(name+"_"+lane+suffix))
		}
	}
	return f
}

// placed nests the loops outside of a tile as the kernel has them, blocks in the place of what they are
// blocks of; the blocks of rows and lanes change places unless rows are first.
func (b *builder) placed(u *update, outside []string, row, lane string, rows, lanes []string, rowsFirst bool) []string {
	var out []string
	last := lanes
	if !rowsFirst {
		last = rows
	}
	for _, l := range u.loops {
		switch {
		case l.Iter == row && rowsFirst:
			out = append(out, rows...)
		case l.Iter == row && row != "" || l.Iter == lane && rowsFirst || l.Iter == lane && row == "":
		case l.Iter == lane:
			out = append(out, lanes...)
		case slices.Contains(outside, l.Iter):
			out = append(out, l.Iter)
		}
	}
	if row == "" {
		last = lanes
	}
	return append(out, last...)
}

func plural(n int64, word string) string {
	if n != 1 {
		word += "s"
	}
	return fmt.Sprint(n, " ", word)
}

func reversed(list []string) []string {
	out := slices.Clone(list)
	slices.Reverse(out)
	return out
}

// timeTiles is for a stencil: the loop of steps around the loop of points, whose cells depend on their
// neighbours of the step before. Points are skewed by time, so that a tile of points takes several
// steps while it is in cache.
func (b *builder) timeTiles(u *update, t, x *loopir.For) []*form {
	if len(b.in(t.Iter)) != 1 || u.loops[len(u.loops)-1] != x || len(u.stmt.LHS.Index) == 0 {
		return nil
	}
	if s, _ := stepOf(u.stmt.LHS, x.Iter, nil); s != unit {
		return nil
	}
	reach := int64(0)
	for _, r := range u.reads() {
		if r.Name != u.stmt.LHS.Name {
			continue
		}
		if s, _ := stepOf(r, x.Iter, nil); s != unit {
			return nil
		}
		d, ok := poly.Must(r.Index[len(r.Index)-1]).Sub(poly.Must(u.stmt.LHS.Index[len(u.stmt.LHS.Index)-1])).Const()
		if !ok || !d.IsInt64() {
			return nil
		}
		reach = max(reach, d.Int64(), -d.Int64())
	}
	if reach == 0 {
		return nil
	}
	skewed, steps, points := b.name(x.Iter+"s"), b.name(t.Iter+"b"), b.name(x.Iter+"b")
	by := t.Iter
	if reach > 1 {
		by = fmt.Sprintf("%d*%s", reach, t.Iter)
	}
	return []*form{{
		what:  fmt.Sprintf("tiles of %d steps %s by %d points %s", timeSteps, t.Iter, timePoints, x.Iter),
		about: []string{t.Iter, x.Iter},
		steps: []string{
			fmt.Sprintf("skew %s by %s into %s", x.Iter, by, skewed),
			fmt.Sprintf("block %s by %d into %s, %s tail min", t.Iter, timeSteps, steps, t.Iter),
			fmt.Sprintf("block %s by %d into %s, %s tail min", skewed, timePoints, points, skewed),
			fmt.Sprintf("reorder %s, %s, %s, %s", steps, points, t.Iter, skewed),
		},
		vectorize: []string{skewed},
	}}
}
