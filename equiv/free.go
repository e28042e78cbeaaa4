package equiv

import "github.com/loopopt/loopopt/loopir"

// ownMark marks the iterators of a statement of after in the maps of a matching,
// whose other variables are those of the comparison.
const ownMark = "!s"

// chooseFree decides which of the instances that a hint names are meant where
// two sums are compared: those that update the cell in question.
func (m *matching) chooseFree() *failure {
	for i := range m.as {
		h := m.hints[i]
		env := h.at(m.as[i].s.Fresh(ownMark))
		if len(h.free) > 0 {
			chosen := m.chosen(h, env)
			if chosen == nil {
				return failf(m.as[i].s.Span, "this update of %s stands for updates of several cells before, none of which is known to be this one", m.cell.Name)
			}
			env = env.in(chosen)
		}
		m.envs = append(m.envs, env)
	}
	return nil
}

// chosen solves for the free iterators of h, of which env is an image.
func (m *matching) chosen(h *hint, env Env) Env {
	for j := range m.bs {
		b := &m.bs[j]
		if b.s != h.stmt {
			continue
		}
		sys := newSystem()
		for _, it := range h.free {
			sys.addUnknown(it+freeMark, nil)
		}
		vars := Env{}
		for it, e := range b.env {
			if v, ok := e.(*loopir.Var); ok && b.owns(v.Name) {
				vars[v.Name] = env[it]
			} else if !b.uses(e) {
				sys.equate(env[it], e)
			}
		}
		for _, e := range b.eqs {
			sys.equate(vars.at(e[0]), vars.at(e[1]))
		}
		sys.within(atAll(vars, b.conds))
		sys.solve()
		if sol, ok := sys.solution(); ok {
			return Env(sol)
		}
	}
	return nil
}

func (g *group) owns(name string) bool {
	for _, v := range g.vars {
		if v.name == name {
			return true
		}
	}
	return false
}

func (g *group) uses(e loopir.Expr) bool {
	for _, v := range g.vars {
		if loopir.UsesVar(e, v.name) {
			return true
		}
	}
	return false
}
