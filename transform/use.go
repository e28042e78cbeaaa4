package transform

import "github.com/loopopt/loopopt/loopir"

// maxUse bounds the depth of schedules that use schedules.
const maxUse = 20

// use applies a reusable schedule: use name(16, k). An int parameter takes an
// expression, every other one takes the name that is written.
func (r *replay) use(args *loopir.Cursor, sc *scope) error {
	name, err := args.Name()
	if err != nil {
		return err
	}
	s := r.reusable(name.Text)
	if s == nil {
		var names []string
		for _, s := range r.script.File.Schedules {
			names = append(names, s.Name)
		}
		return loopir.Rejectf(name.Span, "use: there is no schedule %s%s", name.Text, legal("the schedules are", name.Text, names))
	}
	if s.Kernel != "any" && s.Kernel != r.script.Kernel.Name {
		return loopir.Rejectf(name.Span, "use: schedule %s is for kernel %s; one for any could be used here", s.Name, s.Kernel).
			Note(s.Span, "schedule %s", s.Name)
	}
	if r.depth >= maxUse {
		return loopir.Rejectf(name.Span, "use: schedules use one another more than %d deep; does %s use itself?", maxUse, s.Name)
	}
	inner, err := bind(s, name, args, sc.params)
	if err != nil {
		return err
	}
	if err := args.Done(); err != nil {
		return err
	}
	failed := len(r.errs)
	r.depth++
	r.run(s.Items, inner)
	r.depth--
	for _, e := range r.errs[failed:] {
		e.Note(name.Span, "in schedule %s, used here", s.Name)
	}
	return nil
}

func (r *replay) reusable(name string) *loopir.Schedule {
	for _, s := range r.script.File.Schedules {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// bind reads (arg, arg) for the formal parameters of s.
func bind(s *loopir.Schedule, name loopir.Token, args *loopir.Cursor, params map[string]loopir.Expr) (*scope, error) {
	sc := &scope{params: map[string]loopir.Expr{}, words: map[string][]loopir.Token{}, inner: true}
	given, formal := 0, formals(s)
	if args.Accept("(") && !args.Accept(")") {
		for {
			if given == len(formal) {
				return nil, loopir.Rejectf(args.Peek().Span, "use: schedule %s takes %d arguments", s.Name, len(formal))
			}
			p := formal[given]
			given++
			sc.order = append(sc.order, p.Name)
			if p.Type == "int" {
				e, err := args.Expr(params)
				if err != nil {
					return nil, err
				}
				sc.params[p.Name] = e
			} else {
				t, err := args.Name()
				if err != nil {
					return nil, err
				}
				sc.words[p.Name] = []loopir.Token{t}
			}
			if args.Accept(")") {
				break
			}
			if err := args.Expect(","); err != nil {
				return nil, err
			}
		}
	}
	if given < len(formal) {
		p := formal[given]
		return nil, loopir.Rejectf(name.Span, "use: schedule %s also needs %s: %s", s.Name, p.Name, p.Type).
			Note(s.Span, "it takes %d arguments", len(formal))
	}
	return sc, nil
}
