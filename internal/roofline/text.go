package roofline

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// header names the columns that a table and a page have.
var header = []string{"size", "schedule", "code", "flops/byte", "bound by", "instr./FMA", "loads/FMA", "registers", "predicted", "measured"}

// Cells are what the columns show.
func (r *Row) Cells() []string {
	intensity, limit, instructions, loads, registers, predicted := "-", "-", "-", "-", "-", "-"
	if r.Intensity > 0 {
		intensity = short(r.Intensity)
	}
	if r.Limit != "" {
		limit = r.Limit
	}
	if l := r.Loop; l != nil {
		registers = fmt.Sprintf("%d of %d", l.Registers, l.Of)
		if l.FMAs > 0 {
			instructions = fmt.Sprintf("%.2f", float64(l.Instructions)/float64(l.FMAs))
			loads = fmt.Sprintf("%.2f", float64(l.Loads)/float64(l.FMAs))
		}
	}
	if r.Predicted != nil {
		predicted = percent(r.Predicted.Share)
	}
	return []string{r.name(), r.Schedule, r.Impl, intensity, limit, instructions, loads, registers, predicted, percent(r.Peak)}
}

func (r *Row) name() string { return r.Kernel + " " + r.Size }

// Text is the report for a terminal: a table, and a sentence for each row.
func (r *Report) Text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(header, "\t"))
	for _, row := range r.Rows {
		fmt.Fprintln(w, strings.Join(row.Cells(), "\t"))
	}
	_ = w.Flush()
	b.WriteString("\n")
	for _, row := range r.Rows {
		fmt.Fprintf(&b, "%s, %s: %s\n", row.name(), row.Impl, row.Why)
	}
	b.WriteString("The model does not know pages, cache lines that collide, and what other programs do meanwhile.\n")
	return b.String()
}
