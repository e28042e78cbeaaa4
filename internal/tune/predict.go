package tune

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// A Prediction is what the model says of one schedule on some sizes.
type Prediction struct {
	Seconds   float64            `json:"seconds"`
	Share     float64            `json:"share"`     // of the peak of multiply-adds
	Bound     string             `json:"bound"`     // what takes as long
	Core      float64            `json:"core"`      // seconds, were all data in the first cache
	Calls     float64            `json:"calls"`     // of these, those of entering assembly
	Loading   float64            `json:"loading"`   // seconds of the loads from there
	Levels    map[string]float64 `json:"levels"`    // seconds in which others hand over what they have
	Tile      Tile               `json:"tile"`      // that most of the time goes to
	Registers int                `json:"registers"` // of vectors, most that a tile needs
}

// Predict is the model: flat is the scheduled kernel, calls and functions written out, entries are
// its statements at which Go calls assembly, and ops the operations that a run is worth, as for
// float32.
func Predict(flat *loopir.Kernel, entries []loopir.Stmt, sizes map[string]int64, ops float64, m *Machine) (*Prediction, error) {
	w := &walker{m: m, shapes: map[string][]loopir.Expr{}, types: map[string]loopir.Type{}, registers: map[string]bool{}, live: map[cell]bool{}, entries: map[loopir.Stmt]bool{}, left: maxStatements}
	for _, s := range entries {
		w.entries[s] = true
	}
	v := env{}
	for _, p := range flat.Params {
		switch p.Kind {
		case loopir.SizeParam:
			v[p.Name] = interval{sizes[p.Name], sizes[p.Name]}
		case loopir.ArrayParam:
			w.shapes[p.Name], w.types[p.Name] = p.Shape, p.Type
		}
	}
	w.list(flat.Body, v, nil, 1, false)
	if w.left < 0 {
		return nil, fmt.Errorf("more than %d statements are written out", maxStatements)
	}
	calls := w.entered * m.Entry / m.Hz
	p := &Prediction{Core: w.cycles/m.Hz + calls, Calls: calls, Loading: w.loading/m.Hz + calls, Tile: w.most, Registers: w.tallest, Levels: map[string]float64{}}
	p.Seconds, p.Bound = p.Core, w.most.Bound
	w.levels(flat.Body, v, p)
	if 2*calls > p.Seconds {
		p.Bound = "calls of assembly"
	}
	if p.Seconds <= 0 {
		return nil, fmt.Errorf("nothing runs on these sizes")
	}
	p.Share = ops / p.Seconds / m.Peak()
	return p, nil
}

// levels adds what the levels of the memory hierarchy take.
func (w *walker) levels(body []loopir.Stmt, v env, p *Prediction) {
	roof := func(seconds float64, name string) {
		if seconds > p.Seconds {
			p.Seconds, p.Bound = seconds, name
		}
	}
	waiting, most, slowest := p.Loading, 0.0, ""
	_, all := w.footprint(body, v)
	for i, l := range w.m.Caches[:len(w.m.Caches)-1] {
		if all <= float64(l.Size) {
			break // it is all there from the run before
		}
		traffic := w.traffic(body, v, l.Size)
		var moved amount
		for _, name := range slices.Sorted(maps.Keys(traffic)) { // sums of floats depend on the order
			moved = moved.plus(traffic[name])
		}
		from := w.m.Caches[i+1]
		p.Levels[from.Name] = moved.bytes / from.Speed
		roof(p.Levels[from.Name], "data from "+from.Name)
		wait := moved.pieces / from.Speed
		if waiting += wait; wait > most {
			most, slowest = wait, " and waiting for "+from.Name
		}
	}
	roof(waiting, "loads"+slowest)
}

// Hopeless says why a prediction is not worth a proof, or nothing.
func (p *Prediction) Hopeless(m *Machine) string {
	if p.Registers > m.Registers {
		return fmt.Sprintf("a tile needs %d vector registers, %s has %d: make it smaller", p.Registers, m.ISA, m.Registers)
	}
	return ""
}

// Explain tells what the prediction is made of.
func (p *Prediction) Explain() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s; core %s, loads %s", p.Tile, micros(p.Core), micros(p.Loading))
	for _, name := range behind {
		if s, ok := p.Levels[name]; ok {
			fmt.Fprintf(&b, ", %s %s", name, micros(s))
		}
	}
	return b.String()
}

func micros(s float64) string { return fmt.Sprintf("%.0f us", s*1e6) }

// Before orders predictions: the faster one first; where both take as long, that whose other
// resources have more time to spare.
func (p *Prediction) Before(q *Prediction) bool {
	if p.Seconds != q.Seconds {
		return p.Seconds < q.Seconds
	}
	return p.sum() < q.sum()
}

func (p *Prediction) sum() float64 {
	s := p.Core
	for _, name := range behind {
		s += p.Levels[name]
	}
	return s
}

// behind are the levels that the nearest cache reads from.
var behind = []string{"L2", "L3", "memory"}
