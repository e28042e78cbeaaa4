package simd

import (
	"github.com/loopopt/loopopt/loopir"
)

// lowers tells whether the last region found has an assembly form. Scalars around it that
// it sets become cells if it then has one, since assembly is handed their values only.
func (f *finder) lowers() bool {
	r := f.found[len(f.found)-1]
	r.cells = r.outerScalars()
	p, err := Lower(r, f.isa)
	if err == nil {
		_, err = p.Emit(f.isa, "region")
	}
	if len(r.cells) > 0 {
		if r.why = err; err == nil {
			f.toCells(r)
		}
	}
	r.cells = nil
	return err == nil
}

// outerScalars are the scalar locals that the region sets and that statements around it declare.
func (r *Region) outerScalars() map[string]loopir.Type {
	out := map[string]loopir.Type{}
	for _, list := range r.around() {
		for _, s := range *list {
			d, ok := s.(*loopir.Local)
			if ok && d.Shape == nil && !isRegisters(d) && !(list == r.List && within(r, s)) && assigns(r.Stmts(), d.Name) {
				out[d.Name] = d.Type
			}
		}
	}
	return out
}

// around are the lists whose locals the region knows, outermost first.
func (r *Region) around() []*[]loopir.Stmt { return listsTo(&r.Kernel.Body, r.List) }

// listsTo are the lists that lead from one to another inside it, nil if none do.
func listsTo(from, to *[]loopir.Stmt) []*[]loopir.Stmt {
	if from == to {
		return []*[]loopir.Stmt{from}
	}
	for _, s := range *from {
		for _, b := range loopir.Bodies(s) {
			if inner := listsTo(b, to); inner != nil {
				return append([]*[]loopir.Stmt{from}, inner...)
			}
		}
	}
	return nil
}

// toCells makes cells of the region's outer scalars.
func (f *finder) toCells(r *Region) {
	for _, list := range r.around() {
		for at := 0; at < len(*list); at++ {
			d, ok := (*list)[at].(*loopir.Local)
			if !ok || d.Shape != nil || within(r, d) {
				continue
			}
			if _, outer := r.cells[d.Name]; !outer {
				continue
			}
			before := len(*list)
			toCell(list, at, at)
			f.moved(list, at, len(*list)-before)
		}
	}
}

// moved notes that the statements of a list that stood after a place stand n further on.
func (f *finder) moved(list *[]loopir.Stmt, at, n int) {
	for _, r := range f.found {
		if r.List == list && r.Lo > at {
			r.Lo, r.Hi = r.Lo+n, r.Hi+n
		}
	}
}
