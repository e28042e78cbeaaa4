package transform

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"

	"github.com/loopopt/loopopt/loopir"
)

// param defines a name: param X = e [in {a, b}], which stands for a number, or
// param X = word [in {word, word}], which stands for that name in later steps.
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
	value, err := parseValue(args, sc.params)
	if err != nil {
		return err
	}
	choices, err := parseChoices(args, sc.params, value)
	if err != nil {
		return err
	}
	if err := args.Done(); err != nil {
		return err
	}
	sc.order = append(sc.order, name.Text)
	at := value.at
	if given, ok := r.args[name.Text]; ok && !sc.inner {
		if value, err = value.replaced(name.Text, given); err != nil {
			return err
		}
	}
	if value.number != nil {
		sc.params[name.Text] = &loopir.Int{Value: value.number, Type: loopir.Index}
	} else {
		sc.words[name.Text] = []loopir.Token{{Kind: loopir.TokIdent, Text: value.word}}
	}
	if len(choices) > 0 && !slices.ContainsFunc(choices, value.same) {
		return loopir.Rejectf(at, "param: %s = %s is not one of its choices %s", name.Text, value, fmt.Sprint(choices))
	}
	return nil
}

// A value is what a param stands for: a number, or else a word.
type value struct {
	number *big.Int
	word   string
	at     loopir.Span
}

func (v value) String() string {
	if v.number != nil {
		return v.number.String()
	}
	return v.word
}

func (v value) same(w value) bool { return v.String() == w.String() }

// parseValue reads a number, or a name that is not that of a number.
func parseValue(args *loopir.Cursor, params map[string]loopir.Expr) (value, error) {
	t := args.Peek()
	if _, number := params[t.Text]; t.Kind == loopir.TokIdent && !number && !loopir.IsReserved(t.Text) {
		args.Next()
		return value{word: t.Text, at: t.Span}, nil
	}
	n, err := args.Int(params)
	return value{number: n, at: t.Span}, err
}

// replaced is the value of the same kind that was given from outside.
func (v value) replaced(name, given string) (value, error) {
	if v.number == nil {
		if !isName(given) {
			return v, loopir.Rejectf(v.at, "param: %s stands for a name, and %s is none", name, given)
		}
		return value{word: given, at: v.at}, nil
	}
	n, ok := new(big.Int).SetString(given, 10)
	if !ok {
		return v, loopir.Rejectf(v.at, "param: %s stands for a number: %s must be an integer", name, given)
	}
	return value{number: n, at: v.at}, nil
}

var nameOnly = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func isName(s string) bool { return nameOnly.MatchString(s) && !loopir.IsReserved(s) }

// parseChoices reads an optional: in {a, b}, all of the kind of the default.
func parseChoices(args *loopir.Cursor, params map[string]loopir.Expr, def value) ([]value, error) {
	if !args.Accept("in") {
		return nil, nil
	}
	if err := args.Expect("{"); err != nil {
		return nil, err
	}
	var out []value
	for {
		v, err := parseValue(args, params)
		if err != nil {
			return nil, err
		}
		if (v.number == nil) != (def.number == nil) {
			return nil, loopir.Rejectf(v.at, "param: %s and %s: choices are all numbers or all names", def, v)
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
