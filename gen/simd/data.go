package simd

import (
	"fmt"
	"slices"
	"strings"
)

// A dataTable collects read-only constants, named after the function.
type dataTable struct {
	prefix string
	elem   int64 // the size of constants whose names do not tell it
	consts []literal
	tables []iotaTable
}

type literal struct {
	bits uint64
	size int64
}

// An iotaTable is the multiples 0, step, 2*step, ... of lanes.
type iotaTable struct {
	name              string
	size, step, lanes int64
}

func (d *dataTable) sized(name string, size int64) string {
	if size != d.elem {
		name = fmt.Sprintf("%s_%d", name, size)
	}
	return name
}

// iota gives the symbol of the first n multiples of step.
func (d *dataTable) iota(n, size, step int64) string {
	for i, t := range d.tables {
		if t.size == size && t.step == step {
			d.tables[i].lanes = max(t.lanes, n)
			return t.name
		}
	}
	name := d.sized(d.prefix+"_iota", size)
	if step != 1 {
		name += strings.ReplaceAll(fmt.Sprintf("_by%d", step), "-", "_")
	}
	d.tables = append(d.tables, iotaTable{name, size, step, n})
	return name
}

// constant gives the symbol of a constant.
func (d *dataTable) constant(bits uint64, size int64) string {
	c := literal{bits, size}
	if !slices.Contains(d.consts, c) {
		d.consts = append(d.consts, c)
	}
	return d.name(c) + "<>"
}

func (d *dataTable) name(c literal) string {
	return d.sized(fmt.Sprintf("%s_%x", d.prefix, c.bits), c.size)
}

func (d *dataTable) text() string {
	var b strings.Builder
	for _, c := range d.consts {
		fmt.Fprintf(&b, "DATA %s<>+0(SB)/%d, $%#x\n", d.name(c), c.size, c.bits)
		fmt.Fprintf(&b, "GLOBL %s<>(SB), RODATA|NOPTR, $%d\n\n", d.name(c), c.size)
	}
	for _, t := range d.tables {
		for i := range t.lanes {
			v := i * t.step
			if t.size < 8 {
				v &= 1<<(8*t.size) - 1
			}
			fmt.Fprintf(&b, "DATA %s<>+%d(SB)/%d, $%d\n", t.name, i*t.size, t.size, v)
		}
		fmt.Fprintf(&b, "GLOBL %s<>(SB), RODATA|NOPTR, $%d\n\n", t.name, t.lanes*t.size)
	}
	return b.String()
}
