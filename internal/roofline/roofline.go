// Package roofline tells of each measured form of a generated package what keeps it from the
// machine's peak: it lays beside the measurement what the emitted assembly has in its hottest
// loop and what the model of package tune predicts, and draws the roofline of S. Williams,
// A. Waterman and D. Patterson, CACM 52(4), 2009.
package roofline

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/loopopt/loopopt/internal/benchtable"
	"github.com/loopopt/loopopt/internal/opcount"
	"github.com/loopopt/loopopt/internal/tune"
	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/interp"
)

// A Report is what is known of all forms of a package that were measured.
type Report struct {
	Name     string     `json:"package"`
	CPU      string     `json:"cpu"`
	Machines []*Machine `json:"machines"` // one for each instruction set among the rows
	Rows     []*Row     `json:"rows"`
}

// A Machine is the roof over the forms of one instruction set.
type Machine struct {
	ISA    string  `json:"isa"`
	Peak   float64 `json:"peak_gflops"` // of float32
	Levels []Level `json:"levels"`      // the nearest one first

	model *tune.Machine
}

// A Level is one level of the memory hierarchy, by the speed at which one core reads from it.
type Level struct {
	Name  string  `json:"name"`
	Speed float64 `json:"gb_per_s"`
}

// A Row is one form on one size.
type Row struct {
	benchtable.Row
	Intensity float64          `json:"flops_per_byte"`      // of the arguments, each input and output once; 0: unknown
	Roof      float64          `json:"roof_gflops"`         // the peak for its mix of types; 0: unknown
	Limit     string           `json:"limit"`               // what binds, as predicted; "" where nothing is
	Loop      *Loop            `json:"loop,omitempty"`      // the hottest one; nil for Go
	Predicted *tune.Prediction `json:"predicted,omitempty"` // nil where the model makes nothing of it
	Why       string           `json:"why"`
}

// Explain looks at each row of a table. A form in Go is among them where no assembly was measured on
// the same size. Machine gives the model of an instruction set.
func (p *Package) Explain(t *benchtable.Table, machine func(isa string) (*tune.Machine, error)) (*Report, error) {
	report := &Report{Name: filepath.Base(p.dir), CPU: t.CPU}
	rows := t.Rows()
	for _, row := range rows {
		assembly := slices.ContainsFunc(rows, func(x benchtable.Row) bool {
			return x.Kernel == row.Kernel && x.Size == row.Size && x.Impl != "go"
		})
		if p.kernels[row.Kernel] == nil || row.Impl == "go" && assembly {
			continue
		}
		m, err := report.machine(row.Impl, t, machine)
		if err != nil {
			return nil, err
		}
		r, err := p.row(row, m)
		if err != nil {
			return nil, err
		}
		report.Rows = append(report.Rows, r)
	}
	if len(report.Rows) == 0 {
		return nil, errors.New("none of the benchmarks that ran is of a generated kernel: there is nothing to explain")
	}
	return report, nil
}

// machine finds or makes the roof of an instruction set, nil for Go.
func (r *Report) machine(isa string, t *benchtable.Table, model func(string) (*tune.Machine, error)) (*Machine, error) {
	if isa == "go" {
		return nil, nil
	}
	for _, m := range r.Machines {
		if m.ISA == isa {
			return m, nil
		}
	}
	m, err := model(isa)
	if err != nil {
		return nil, err
	}
	out := &Machine{ISA: isa, Peak: t.Peak(isa), model: m}
	if out.Peak == 0 {
		out.Peak = m.Peak() / 1e9
	}
	for _, l := range m.Caches {
		out.Levels = append(out.Levels, Level{l.Name, l.Speed / 1e9})
	}
	r.Machines = append(r.Machines, out)
	return out, nil
}

// row explains one measurement; m is nil for Go.
func (p *Package) row(b benchtable.Row, m *Machine) (*Row, error) {
	k := p.kernels[b.Kernel]
	f, sizes, err := k.find(b)
	if err != nil {
		return nil, err
	}
	_, naive, err := p.load(k.forms[0])
	if err != nil {
		return nil, err
	}
	file, scheduled, err := p.load(f)
	if err != nil {
		return nil, err
	}
	ops := opcount.Count(naive, sizes)
	r := &Row{Row: b}
	if bytes := bytesOf(scheduled, sizes); bytes > 0 {
		r.Intensity = ops.All() / bytes
	}
	if m == nil {
		r.Why = r.why(nil)
		return r, nil
	}
	r.Roof = ops.Peak(m.Peak)
	loops, err := p.loops(f)
	if err != nil {
		return nil, err
	}
	var tile tune.Tile
	if r.Predicted, err = predict(file, f, sizes, ops.F32+2*ops.F64, m.model); err == nil {
		r.Limit, tile = limit(r.Predicted.Bound), r.Predicted.Tile
	}
	if r.Loop = hottest(loops, tile); r.Loop != nil {
		r.Loop.Of = m.model.Registers
	}
	if err != nil {
		r.Why = fmt.Sprintf("at %s of the peak: there is no prediction, since %v", percent(r.Peak), err)
		return r, nil
	}
	r.Why = r.why(m.model)
	return r, nil
}

// bytesOf is how many bytes a call reads and writes at least, as `loopopt bench` counts them.
func bytesOf(k *loopir.Kernel, sizes map[string]int64) float64 {
	total := 0.0
	for _, p := range k.Params {
		if p.Kind != loopir.ArrayParam {
			continue
		}
		n := float64(p.Type.Bits() / 8)
		for _, x := range p.Shape {
			extent, err := interp.EvalIndex(x, sizes)
			if err != nil {
				return 0
			}
			n *= float64(extent)
		}
		if p.Dir == loopir.InOut {
			n *= 2
		}
		total += n
	}
	return total
}
