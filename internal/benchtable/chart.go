package benchtable

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// A Series is one bar of each group of a chart: the best row of each size among
// those that Has admits.
type Series struct {
	Name, Colour string
	Table        *Table
	Has          func(Row) bool
}

// Shape of a chart, in its own units.
const (
	chartWidth, chartHeight = 860, 330
	plotLeft, plotTop       = 46, 62
	plotWidth, plotHeight   = 800, 212
	barShare                = 0.72 // of a group's width; the rest is air
)

// Chart draws the share of peak for each size as SVG: a group of bars a size, in the
// order of the first series.
func Chart(title string, series []Series) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="12">`+"\n", chartWidth, chartHeight)
	fmt.Fprintf(&b, `<title>%s</title>`+"\n", html.EscapeString(title))
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", chartWidth, chartHeight)
	fmt.Fprintf(&b, `<text x="%d" y="22" font-size="15" font-weight="600" fill="#1d232b">%s</text>`+"\n", plotLeft, html.EscapeString(title))
	legend(&b, series)
	for share := 0; share <= 100; share += 25 {
		y := plotTop + plotHeight - plotHeight*share/100
		fmt.Fprintf(&b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s"/>`+"\n", plotLeft, y, plotLeft+plotWidth, y, map[bool]string{true: "#68727e", false: "#dfe3e8"}[share == 0])
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end" fill="#68727e">%d %%</text>`+"\n", plotLeft-6, y+4, share)
	}
	sizes := sizesOf(series)
	group := float64(plotWidth) / float64(max(1, len(sizes)))
	width := group * barShare / float64(max(1, len(series)))
	for i, size := range sizes {
		left := plotLeft + group*(float64(i)+(1-barShare)/2)
		for j, s := range series {
			share, ok := s.best(size)
			bar(&b, left+width*float64(j), width, share, ok, s.Colour)
		}
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle" fill="#1d232b">%s</text>`+"\n", plotLeft+group*(float64(i)+0.5), plotTop+plotHeight+18, html.EscapeString(size))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" fill="#68727e" font-size="11">%s</text>`+"\n</svg>\n", plotLeft, chartHeight-12, html.EscapeString(origin(series)))
	return b.String()
}

func legend(b *strings.Builder, series []Series) {
	x := plotLeft
	for _, s := range series {
		fmt.Fprintf(b, `<rect x="%d" y="36" width="11" height="11" rx="2" fill="%s"/><text x="%d" y="46" fill="#1d232b">%s</text>`+"\n", x, s.Colour, x+16, html.EscapeString(s.Name))
		x += 34 + 7*len(s.Name)
	}
}

// bar draws one share with its number above; a share that was not measured is a dash.
func bar(b *strings.Builder, x, width, share float64, ok bool, colour string) {
	label, height := "-", 0.0
	if ok {
		label, height = fmt.Sprintf("%.0f", 100*share), max(1, float64(plotHeight)*min(share, 1))
		if share < 0.01 {
			label = fmt.Sprintf("%.1f", 100*share)
		}
	}
	y := plotTop + plotHeight - height
	fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, x+1, y, width-2, height, colour)
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle" font-size="10" fill="#1d232b">%s</text>`+"\n", x+width/2, y-3, label)
}

func sizesOf(series []Series) []string {
	var out []string
	for _, s := range series {
		for _, r := range s.Table.Rows() {
			if !slices.Contains(out, r.Size) {
				out = append(out, r.Size)
			}
		}
	}
	return out
}

// best is the share of the fastest row of a size. It refers to the highest peak of the
// processor: that of a narrower instruction set is scaled, and portable Go, beside which
// none is measured, is held against that of its table.
func (s Series) best(size string) (share float64, ok bool) {
	top := 0.0
	for _, p := range s.Table.peaks {
		top = max(top, median(p))
	}
	fastest := 0.0
	for _, r := range s.Table.Rows() {
		if r.Size != size || !s.Has(r) || r.GFLOPS <= fastest {
			continue
		}
		fastest = r.GFLOPS
		own := median(s.Table.peaks[r.Impl])
		switch {
		case r.Peak > 0 && own > 0:
			share = r.Peak * own / top
		case r.Peak > 0:
			share = r.Peak
		case top > 0:
			share = r.GFLOPS / top
		}
	}
	return share, share > 0
}

// origin tells the machines and libraries that the series were measured on.
func origin(series []Series) string {
	var said []string
	for _, s := range series {
		text := s.Table.CPU
		if s.Table.Package != "" && !strings.Contains(s.Table.Package, "/") { // a library, not a Go package
			text += ", " + s.Table.Package
		}
		if text != "" && !slices.Contains(said, text) {
			said = append(said, text)
		}
	}
	if len(said) > 1 && strings.HasPrefix(said[1], said[0]) { // one machine, named once
		said = said[1:]
	}
	return strings.Join(append(said, "one thread", "share of the FMA peak that is measured between the calls"), "; ")
}
