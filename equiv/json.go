package equiv

import "fmt"

// MarshalText gives the stable words of JSON reports.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// MarshalText gives the stable words of JSON reports.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (o *Outcome) UnmarshalText(text []byte) error {
	for _, x := range []Outcome{Unknown, Proved, Refuted} {
		if x.String() == string(text) {
			*o = x
			return nil
		}
	}
	return fmt.Errorf("%q is no outcome", text)
}

// UnmarshalText reads what MarshalText wrote.
func (v *Verdict) UnmarshalText(text []byte) error {
	for _, x := range []Verdict{NoVerdict, Exact, Reassociated, Algebraic, Approximate} {
		if x.String() == string(text) {
			*v = x
			return nil
		}
	}
	return fmt.Errorf("%q is no verdict", text)
}
