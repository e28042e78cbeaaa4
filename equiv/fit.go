package equiv

import (
	"math/big"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A fit finds affine functions through samples: how one column depends on
// others, exactly.
type fit struct {
	width int
	basis []fitRow // reduced rows, each with a pivot of its own
}

type fitRow struct {
	pivot int
	cells []uint64 // width features and the value
}

// linear gives coefficients (as fractions over den) with which every sample's
// features combine to its value; features that come first are preferred.
func linear(features [][]int64, values []int64) (coeffs []int64, den int64, ok bool) {
	if len(features) == 0 {
		return nil, 0, false
	}
	f := &fit{width: len(features[0])}
	coeffs, den, ok = make([]int64, f.width), 1, true
	for again := true; again; { // what an early sample says may be lost to a later one
		again = false
		for i, x := range features {
			sum := int64(0)
			for k, c := range coeffs {
				sum += c * x[k]
			}
			if ok && sum == den*values[i] {
				continue
			}
			rank := len(f.basis)
			if !f.add(x, values[i]) {
				return nil, 0, false
			}
			again = again || len(f.basis) > rank
			coeffs, den, ok = f.solution() // few samples may have an odd one
		}
	}
	return coeffs, den, ok
}

// add takes in a sample; it reports a contradiction.
func (f *fit) add(features []int64, value int64) bool {
	cells := make([]uint64, f.width+1)
	for i, v := range features {
		cells[i] = intPrint(v)[0]
	}
	cells[f.width] = intPrint(value)[0]
	for _, b := range f.basis {
		reduceRow(cells, b)
	}
	for i := range f.width {
		if cells[i] == 0 {
			continue
		}
		inv := invField(cells[i])
		for k := range cells {
			cells[k] = mulField(cells[k], inv)
		}
		row := fitRow{i, cells}
		for k := range f.basis {
			reduceRow(f.basis[k].cells, row)
		}
		f.basis = append(f.basis, row)
		return true
	}
	return cells[f.width] == 0
}

func reduceRow(cells []uint64, b fitRow) {
	c := cells[b.pivot]
	if c == 0 {
		return
	}
	c = fieldPrime - c
	for k, v := range b.cells {
		cells[k] = addField(cells[k], mulField(c, v))
	}
}

// solution reads the coefficients off, features without a pivot being left out.
func (f *fit) solution() ([]int64, int64, bool) {
	coeffs := make([]int64, f.width)
	for den := int64(1); den <= maxDenominator; den++ {
		ok := true
		for _, b := range f.basis {
			v := mulField(b.cells[f.width], uint64(den))
			switch {
			case v <= maxCoefficient:
				coeffs[b.pivot] = int64(v)
			case fieldPrime-v <= maxCoefficient:
				coeffs[b.pivot] = -int64(fieldPrime - v)
			default:
				ok = false
			}
		}
		if ok {
			return coeffs, den, true
		}
	}
	return nil, 0, false
}

const (
	maxDenominator = 64
	maxCoefficient = 1 << 16
)

// combination is the sum of terms times coefficients, over den rounded down.
func combination(terms []loopir.Expr, coeffs []int64, den int64) loopir.Expr {
	var out loopir.Expr = loopir.NewInt(0)
	for i, c := range coeffs {
		if c != 0 {
			n := &loopir.Int{Value: big.NewInt(c), Type: loopir.Index}
			out = loopir.Bin(loopir.Add, out, loopir.Bin(loopir.Mul, n, terms[i]))
		}
	}
	if den != 1 {
		out = loopir.Bin(loopir.Div, out, loopir.NewInt(den))
	}
	return simplerIndex(out)
}

// simplerIndex is e in normal form.
func simplerIndex(e loopir.Expr) loopir.Expr {
	p, err := poly.FromExpr(e)
	if err != nil {
		return e
	}
	return p.Expr()
}
