package simd

import (
	"fmt"
	"strings"
)

// A dataTable collects read-only constants, named after the function.
type dataTable struct {
	prefix string
	consts []uint64
	lanes  int64 // length of the table 0, 1, 2, ...
}

func (d *dataTable) iota(n int64) string {
	d.lanes = max(d.lanes, n)
	return d.prefix + "_iota"
}

// constant gives the symbol of a floating-point constant.
func (d *dataTable) constant(bits uint64) string {
	found := false
	for _, c := range d.consts {
		found = found || c == bits
	}
	if !found {
		d.consts = append(d.consts, bits)
	}
	return fmt.Sprintf("%s_%x<>", d.prefix, bits)
}

func (d *dataTable) text(elem int64) string {
	var b strings.Builder
	for _, c := range d.consts {
		fmt.Fprintf(&b, "DATA %s_%x<>+0(SB)/%d, $%#x\n", d.prefix, c, elem, c)
		fmt.Fprintf(&b, "GLOBL %s_%x<>(SB), RODATA|NOPTR, $%d\n\n", d.prefix, c, elem)
	}
	for i := range d.lanes {
		fmt.Fprintf(&b, "DATA %s_iota<>+%d(SB)/%d, $%d\n", d.prefix, i*elem, elem, i)
	}
	if d.lanes > 0 {
		fmt.Fprintf(&b, "GLOBL %s_iota<>(SB), RODATA|NOPTR, $%d\n\n", d.prefix, d.lanes*elem)
	}
	return b.String()
}
