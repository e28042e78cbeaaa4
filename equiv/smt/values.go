package smt

import (
	"errors"
	"math/big"
	"strings"
)

// parseValues reads the values of (get-value ...): ((x 1) (|y| (- 3)) (b true)).
func parseValues(reply string) ([]*big.Int, error) {
	toks := tokens(reply)
	bad := errors.New("malformed")
	next := taker(&toks)
	if next() != "(" {
		return nil, bad
	}
	var out []*big.Int
	for {
		switch next() {
		case ")":
			if len(toks) > 0 {
				return nil, bad
			}
			return out, nil
		case "(":
		default:
			return nil, bad
		}
		next() // the name
		v, ok := parseValue(next)
		if !ok || next() != ")" {
			return nil, bad
		}
		out = append(out, v)
	}
}

// taker takes one token after the other, then "".
func taker(toks *[]string) func() string {
	return func() string {
		if len(*toks) == 0 {
			return ""
		}
		t := (*toks)[0]
		*toks = (*toks)[1:]
		return t
	}
}

// parseValue reads a numeral, (- numeral), true or false.
func parseValue(next func() string) (*big.Int, bool) {
	switch t := next(); t {
	case "true":
		return big.NewInt(1), true
	case "false":
		return new(big.Int), true
	case "(":
		if next() != "-" {
			return nil, false
		}
		v, ok := parseValue(next)
		if !ok || next() != ")" {
			return nil, false
		}
		return v.Neg(v), true
	default:
		return new(big.Int).SetString(t, 10)
	}
}

// tokens splits an S-expression; a quoted symbol is one token.
func tokens(s string) []string {
	var out []string
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			i++
		case c == '(' || c == ')':
			out = append(out, string(c))
			i++
		case c == '|':
			j := strings.IndexByte(s[i+1:], '|')
			if j < 0 {
				return nil
			}
			out = append(out, s[i:i+j+2])
			i += j + 2
		default:
			j := i
			for j < len(s) && !strings.ContainsRune(" \n\t\r()|", rune(s[j])) {
				j++
			}
			out = append(out, s[i:j])
			i = j
		}
	}
	return out
}
