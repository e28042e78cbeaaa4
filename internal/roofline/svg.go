package roofline

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Measures of the picture, in its own units.
const (
	width      = 560 // at least; many names make it wider
	left       = 50  // of the plot
	right      = 22  // beside it
	plotHeight = 300
	nameStep   = 15 // from one name to the next
	nameTilt   = 60 // degrees
	charWidth  = 6.2
	legendStep = 18
)

// colours of the instruction sets, for light and dark.
const style = `<style>
.roofline { --bg:#fff; --fg:#1d232b; --dim:#68727e; --line:#e3e7ec; --avx512:#1a7f37; --avx2:#2f6fb0; --neon:#b35900; --go:#7a828c; font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif; font-size:11px }
@media (prefers-color-scheme:dark) { .roofline { --bg:#14181d; --fg:#e3e7ec; --dim:#98a2ae; --line:#2b323a; --avx512:#4ac26b; --avx2:#6cabe8; --neon:#f0963c; --go:#98a2ae } }
.roofline .page { fill:var(--bg) } .roofline text { fill:var(--fg) } .roofline .dim { fill:var(--dim) }
.roofline .halo { paint-order:stroke; stroke:var(--bg); stroke-width:4px; stroke-linejoin:round }
.roofline .grid { stroke:var(--line) } .roofline .roof { fill:none; stroke:var(--fg); stroke-width:1.6 } .roofline .slope { stroke:var(--dim); stroke-width:1.2 }
.roofline .lead { fill:none; stroke:var(--dim); stroke-width:.7; opacity:.7 }
.roofline .mark { stroke:var(--bg); stroke-width:1 } .roofline .avx512 { fill:var(--avx512) } .roofline .avx2 { fill:var(--avx2) } .roofline .neon { fill:var(--neon) } .roofline .go { fill:var(--go) }
</style>`

// A scale maps numbers to places logarithmically.
type scale struct{ lo, hi, from, to float64 }

func (s scale) at(x float64) float64 {
	return s.from + (s.to-s.from)*math.Log(x/s.lo)/math.Log(s.hi/s.lo)
}

// ticks are 1, 2 and 5 times powers of ten, or those alone where there are many.
func (s scale) ticks() []float64 {
	steps := []float64{1, 2, 5}
	if s.hi/s.lo > 300 {
		steps = steps[:1]
	}
	var out []float64
	for e := math.Floor(math.Log10(s.lo)); e <= math.Log10(s.hi); e++ {
		for _, step := range steps {
			if x := step * math.Pow(10, e); x >= s.lo && x <= s.hi {
				out = append(out, x)
			}
		}
	}
	return out
}

// speed is where a row is drawn: at its share of the peak, as it was measured between the calls.
func (r *Row) speed() float64 {
	if r.Peak > 0 && r.Roof > 0 {
		return r.Peak * r.Roof
	}
	return r.GFLOPS
}

// A picture is a roofline being drawn.
type picture struct {
	strings.Builder
	report *Report
	rows   []*Row // that have a place
	roofs  []roof // the highest one first
	x, y   scale
	top    float64 // of the plot
}

// A roof is a peak of some rows.
type roof struct {
	gflops float64
	name   string
}

// SVG draws the roofline: both axes logarithmic, a mark for each row whose operations and bytes are
// known. Its colours follow the reader's preference for light or dark.
func (r *Report) SVG() string {
	p := &picture{report: r}
	for _, row := range r.Rows {
		if row.Intensity > 0 && row.speed() > 0 {
			p.rows = append(p.rows, row)
		}
	}
	p.findRoofs()
	names := p.names()
	longest := 0
	for _, n := range names {
		longest = max(longest, utf8.RuneCountInString(n.text))
	}
	sin, cos := math.Sincos(nameTilt * math.Pi / 180)
	p.top = 14 + sin*charWidth*float64(longest) + 34
	lean := cos * charWidth * float64(longest) // of the last name, to the right
	w := max(width, left+nameStep*float64(len(names))+right+lean)
	bottom := p.top + plotHeight
	height := bottom + 54 + legendStep*float64(3+len(r.Machines))
	p.scales(left, w-right, bottom)
	for i := range names {
		names[i].want = p.x.at(names[i].intensity)
	}
	spread(names, left+6, w-max(right, lean+4))

	title := "Roofline of " + r.Name
	fmt.Fprintf(p, `<svg xmlns="http://www.w3.org/2000/svg" class="roofline" viewBox="0 0 %.0f %.0f" role="img" aria-label="%s">`+"\n<title>%[3]s</title>\n%s\n", w, height, html.EscapeString(title), style)
	fmt.Fprintf(p, `<rect class="page" width="%.0f" height="%.0f"/>`+"\n", w, height)
	p.axes()
	p.lines()
	for _, n := range names {
		p.label(n)
	}
	for _, row := range p.rows {
		p.mark(row)
	}
	p.legend(bottom + 54)
	p.WriteString("</svg>\n")
	return p.String()
}

// findRoofs lists the peaks of the instruction sets, half of them for float64.
func (p *picture) findRoofs() {
	for _, m := range p.report.Machines {
		for _, half := range []bool{false, true} {
			o := roof{m.Peak, m.ISA + " peak"}
			if half {
				o = roof{m.Peak / 2, m.ISA + " peak of float64"}
			}
			if slices.ContainsFunc(p.rows, func(r *Row) bool { return r.Impl == m.ISA && near(r.Roof, o.gflops) }) {
				p.roofs = append(p.roofs, o)
			}
		}
	}
	slices.SortFunc(p.roofs, func(a, b roof) int { return cmp.Compare(b.gflops, a.gflops) })
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-6*b }

// scales has all marks in the picture, and where the slopes meet the roof.
func (p *picture) scales(from, to, bottom float64) {
	xs, ys := []float64{1, 10}, []float64{10, 100}
	for _, r := range p.rows {
		xs, ys = append(xs, r.Intensity/1.6, r.Intensity*1.6), append(ys, r.speed()/1.6, r.speed()*1.2)
	}
	for _, o := range p.roofs {
		ys = append(ys, o.gflops/12, o.gflops*1.5)
		for _, l := range p.levels() {
			xs = append(xs, o.gflops/l.Speed/1.6, o.gflops/l.Speed*1.6)
		}
	}
	p.x = scale{slices.Min(xs), slices.Max(xs), from, to}
	p.y = scale{slices.Min(ys), slices.Max(ys), bottom, bottom - plotHeight}
}

// levels are the slopes; those of one instruction set stand for all, which read from the same caches.
func (p *picture) levels() []Level {
	if len(p.report.Machines) == 0 {
		return nil
	}
	return p.report.Machines[0].Levels
}

func (p *picture) axes() {
	for _, v := range p.x.ticks() {
		x := p.x.at(v)
		fmt.Fprintf(p, `<line class="grid" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/><text class="dim" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n", x, p.y.to, x, p.y.from, x, p.y.from+14, short(v))
	}
	for _, v := range p.y.ticks() {
		y := p.y.at(v)
		fmt.Fprintf(p, `<line class="grid" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/><text class="dim" x="%.1f" y="%.1f" text-anchor="end">%s</text>`+"\n", p.x.from, y, p.x.to, y, p.x.from-5, y+4, short(v))
	}
	fmt.Fprintf(p, `<text x="%.1f" y="%.1f" text-anchor="middle">operations for each byte of the arguments</text>`+"\n", (p.x.from+p.x.to)/2, p.y.from+31)
	fmt.Fprintf(p, `<text x="12" y="%.1f" text-anchor="middle" transform="rotate(-90 12 %.1[1]f)">GFLOP/s</text>`+"\n", (p.y.from+p.y.to)/2)
}

// lines draws the peaks and the slopes under the highest of them.
func (p *picture) lines() {
	if len(p.roofs) == 0 {
		return
	}
	levels, high := p.levels(), p.roofs[0].gflops
	for i, l := range levels {
		from := max(p.x.lo, p.y.lo/l.Speed)
		x1, y1, x2, y2 := p.x.at(from), p.y.at(from*l.Speed), p.x.at(high/l.Speed), p.y.at(high)
		fmt.Fprintf(p, `<line class="slope" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", x1, y1, x2, y2)
		along, below := 8.0, -3
		if i > 1 { // the second and the third cache are nearly as fast
			along, below = 18, 12
		}
		length := math.Hypot(x2-x1, y2-y1)
		x, y := x1+(x2-x1)*along/length, y1+(y2-y1)*along/length
		fmt.Fprintf(p, `<text class="dim halo" x="%.1f" y="%.1f" transform="rotate(%.1f %.1[1]f %.1[2]f)" dy="%[4]d">%[5]s</text>`+"\n", x, y, math.Atan2(y2-y1, x2-x1)*180/math.Pi, below, html.EscapeString(l.Name))
	}
	for _, o := range p.roofs {
		x, y := p.x.at(o.gflops/levels[0].Speed), p.y.at(o.gflops)
		fmt.Fprintf(p, `<line class="roof" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", x, y, p.x.to, y)
		fmt.Fprintf(p, `<text class="halo" x="%.1f" y="%.1f">%s %.0f GFLOP/s</text>`+"\n", x+4, y-5, html.EscapeString(o.name), o.gflops)
	}
}

// A name is the label of all marks of one size, which lie above each other.
type name struct {
	text      string
	intensity float64
	speed     float64 // of the fastest
	want, x   float64 // where the marks are, and where the name goes
}

// names lists those of the marks by their intensity.
func (p *picture) names() []name {
	var out []name
	several := slices.ContainsFunc(p.rows, func(r *Row) bool { return r.Kernel != p.rows[0].Kernel })
	for _, r := range p.rows {
		n := name{text: r.Size, intensity: r.Intensity, speed: r.speed()}
		if several {
			n.text = r.name()
		}
		i := slices.IndexFunc(out, func(o name) bool { return o.text == n.text && near(o.intensity, n.intensity) })
		if i < 0 {
			out = append(out, n)
			continue
		}
		out[i].speed = max(out[i].speed, n.speed)
	}
	slices.SortStableFunc(out, func(a, b name) int { return cmp.Compare(a.intensity, b.intensity) })
	return out
}

// spread puts names, sorted by where they want to be, at least a step apart between from and to.
func spread(names []name, from, to float64) {
	at := from - nameStep
	for i := range names {
		at = max(names[i].want, at+nameStep)
		names[i].x = at
	}
	at = to + nameStep
	for i := len(names) - 1; i >= 0; i-- {
		at = min(names[i].x, at-nameStep)
		names[i].x = at
	}
}

// label writes a name over the plot and leads from there to its marks.
func (p *picture) label(n name) {
	y := p.top - 34
	fmt.Fprintf(p, `<polyline class="lead" points="%.1f,%.1f %.1f,%.1f %.1f,%.1f"/>`, n.x, y+3, n.want, p.top-4, n.want, p.y.at(n.speed))
	fmt.Fprintf(p, `<text class="name" x="%.1f" y="%.1f" transform="rotate(-%d %.1[1]f %.1[2]f)">%[4]s</text>`+"\n", n.x+3, y, nameTilt, html.EscapeString(n.text))
}

// mark draws a row, in the shape of its instruction set.
func (p *picture) mark(r *Row) {
	fmt.Fprintf(p, `<path class="mark %s" d="%s"><title>%s</title></path>`+"\n", r.Impl, shape(r.Impl, p.x.at(r.Intensity), p.y.at(r.speed())),
		html.EscapeString(fmt.Sprintf("%s, %s of %s: %s of the peak, %s operations a byte", r.name(), r.Schedule, r.Impl, percent(r.Peak), short(r.Intensity))))
}

// shape is a disc, square, triangle or diamond.
func shape(isa string, x, y float64) string {
	switch isa {
	case "avx512":
		return fmt.Sprintf("M%.1f %.1fa4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z", x-4.5, y)
	case "avx2":
		return fmt.Sprintf("M%.1f %.1fh8v8h-8z", x-4, y-4)
	case "neon":
		return fmt.Sprintf("M%.1f %.1fl5 9h-10z", x, y-5)
	}
	return fmt.Sprintf("M%.1f %.1fl5 5l-5 5l-5 -5z", x, y-5)
}

// legend tells what marks mean.
func (p *picture) legend(y float64) {
	for _, isa := range []string{"avx512", "avx2", "neon", "go"} {
		if slices.ContainsFunc(p.rows, func(r *Row) bool { return r.Impl == isa }) {
			fmt.Fprintf(p, `<path class="%s" d="%s"/><text x="%d" y="%.1f">%s</text>`+"\n", isa, shape(isa, left+5, y), left+16, y+4, map[bool]string{true: "Go", false: "assembly, " + isa}[isa == "go"])
			y += legendStep
		}
	}
	for _, line := range p.below() {
		fmt.Fprintf(p, `<text class="dim" x="%d" y="%.1f">%s</text>`+"\n", left, y+4, html.EscapeString(line))
		y += legendStep
	}
}

// below tells the speeds that the slopes are, and the processor.
func (p *picture) below() []string {
	var speeds []string
	for _, l := range p.levels() {
		speeds = append(speeds, fmt.Sprintf("%s %.0f", l.Name, l.Speed))
	}
	if len(speeds) == 0 {
		return []string{p.report.CPU}
	}
	return []string{"one core reads from " + strings.Join(speeds, ", ") + " GB/s", p.report.CPU}
}
