package transform

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// param defines a name: param X = e [in {a, b}].
func (r *replay) param(args *loopir.Cursor, sc *scope) error {
	name, err := args.Name()
	if err != nil {
		return err
	}
	if _, ok := sc.params[name.Text]; ok {
		return loopir.Rejectf(name.Span, "param: %s is already defined", name.Text)
	}
	if r.script.Kernel.Param(name.Text) != nil {
		return loopir.Rejectf(name.Span, "param: %s is a parameter of kernel %s: choose another name", name.Text, r.script.Kernel.Name)
	}
	if err := args.Expect("="); err != nil {
		return err
	}
	at := args.Peek().Span
	value, err := args.Int(sc.params)
	if err != nil {
		return err
	}
	given := r.args[name.Text]
	if given != nil && !sc.inner {
		value = given
	}
	choices, err := parseChoices(args, sc.params)
	if err != nil {
		return err
	}
	if err := args.Done(); err != nil {
		return err
	}
	sc.order = append(sc.order, name.Text)
	sc.params[name.Text] = &loopir.Int{Value: value, Type: loopir.Index}
	if len(choices) > 0 && !slices.ContainsFunc(choices, func(c *big.Int) bool { return c.Cmp(value) == 0 }) {
		return loopir.Rejectf(at, "param: %s = %s is not one of its choices %s", name.Text, value, fmt.Sprint(choices))
	}
	return nil
}

// parseChoices reads an optional: in {a, b}.
func parseChoices(args *loopir.Cursor, params map[string]loopir.Expr) ([]*big.Int, error) {
	if !args.Accept("in") {
		return nil, nil
	}
	if err := args.Expect("{"); err != nil {
		return nil, err
	}
	var out []*big.Int
	for {
		v, err := args.Int(params)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if !args.Accept(",") {
			return out, args.Expect("}")
		}
	}
}

func (r *replay) target(args *loopir.Cursor) error {
	name, err := args.Name()
	if err != nil {
		return err
	}
	for args.Accept("-") { // avx-512
		name.Text += "-" + args.Next().Text
	}
	if !slices.Contains(Targets, name.Text) {
		return loopir.Rejectf(name.Span, "target: there is no target %s%s", name.Text, legal("the targets are", name.Text, Targets))
	}
	if r.script.Target != "" && r.script.Target != name.Text {
		return loopir.Rejectf(name.Span, "target: the target is %s already", r.script.Target)
	}
	r.script.Target = name.Text
	if name.Text != "go" && args.Accept("strict") {
		r.script.Strict = true
	}
	return args.Done()
}
