package equiv

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// A sign is what is known of a number, by the order of the reals.
type sign uint8

const (
	anySign sign = iota
	belowZero
	atMostZero
	atLeastZero
	aboveZero
)

// opposite is the sign of -x.
func (s sign) opposite() sign {
	return [...]sign{anySign, aboveZero, atLeastZero, atMostZero, belowZero}[s]
}

// A caseOrder is what a comparison that holds there, or does not, says of x - y.
type caseOrder struct {
	x, y     realPoly
	integers bool // x < y is not x - y < 0 for what wraps
	sign     sign
}

// orderOf is the order in the case that a comparison holds, or that it does not; nil where
// there is none, as where NaN may be compared.
func orderOf(cond *atom, holds bool) *caseOrder {
	strict, ok := cond.isOrder()
	if !ok || !cond.args[0].ordered() || !cond.args[1].ordered() {
		return nil
	}
	o := &caseOrder{x: cond.args[0], y: cond.args[1], sign: map[[2]bool]sign{
		{true, true}: belowZero, {true, false}: atLeastZero, {false, true}: atMostZero, {false, false}: aboveZero,
	}[[2]bool{strict, holds}]}
	for _, t := range []loopir.Type{loopir.I8, loopir.U8, loopir.I16, loopir.I32, loopir.I64} {
		o.integers = o.integers || strings.HasSuffix(cond.head, ":"+t.String())
	}
	return o
}

// isOrder tells whether a says x < y, or x <= y.
func (a *atom) isOrder() (strict, ok bool) {
	is := func(op loopir.Op) bool { return strings.HasPrefix(a.head, fmt.Sprintf("?%d:", op)) }
	return is(loopir.Lt), len(a.args) == 2 && (is(loopir.Lt) || is(loopir.Le))
}

// ordered tells whether p is a real number for all finite inputs.
func (p realPoly) ordered() bool {
	for _, t := range p {
		for _, a := range t.factors {
			if a.partial || a.read != nil || len(a.args) > 0 && !a.isTotal() {
				return false
			}
		}
	}
	return true
}

func (a *atom) isTotal() bool {
	if !strings.Contains(a.head, ":") && !totalFunctions[a.head] { // with : it is a conversion or a comparison
		return false
	}
	for _, p := range a.args {
		if !p.ordered() {
			return false
		}
	}
	return true
}

var totalFunctions = map[string]bool{
	"min": true, "max": true, "abs": true, "exp": true, "tanh": true, "sigmoid": true, "round": true,
	"floor": true, "ceil": true, "trunc": true, "select": true, "!": true,
}

// of is what the case says of p - q.
func (o *caseOrder) of(p, q realPoly) sign {
	if o == nil || !p.ordered() || !q.ordered() {
		return anySign
	}
	switch o.text(p, q) {
	case o.text(o.x, o.y):
		return o.sign
	case o.text(o.y, o.x):
		return o.sign.opposite()
	}
	return anySign
}

// text is the same for pairs with the same difference.
func (o *caseOrder) text(p, q realPoly) string {
	text := func(p realPoly) string { return (&canon{}).text(p, nil, 0) }
	if o.integers {
		return text(p) + " and " + text(q)
	}
	return text(append(p[:len(p):len(p)], q.scale(big.NewRat(-1, 1))...))
}

// says tells whether a comparison holds in the case.
func (o *caseOrder) says(cond *atom) (holds, known bool) {
	strict, ok := cond.isOrder()
	if !ok {
		return false, false
	}
	switch s := o.of(cond.args[0], cond.args[1]); {
	case s == belowZero || s == atMostZero && !strict:
		return true, true
	case s == aboveZero || s == atLeastZero && strict:
		return false, true
	}
	return false, false
}

// extremum is which of two values the larger or smaller one is in the case, if that is known.
func (o *caseOrder) extremum(a *atom) (p realPoly, known bool) {
	if a.head != "min" && a.head != "max" || len(a.args) != 2 {
		return nil, false
	}
	x, okX := a.args[0].constant()
	y, okY := a.args[1].constant()
	s := anySign
	switch {
	case !okX || !okY:
		if o != nil && a.float != o.integers {
			s = o.of(a.args[0], a.args[1])
		}
	case !a.float: // it wraps
	case x.Cmp(y) < 0:
		s = belowZero
	default:
		s = atLeastZero
	}
	switch s {
	case anySign:
		return nil, false
	case belowZero, atMostZero:
		return a.args[map[string]int{"min": 0, "max": 1}[a.head]], true
	}
	return a.args[map[string]int{"min": 1, "max": 0}[a.head]], true
}
