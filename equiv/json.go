package equiv

import (
	"encoding/json"

	"github.com/loopopt/loopopt/loopir"
)

// MarshalText gives the stable words of JSON reports.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// MarshalText gives the stable words of JSON reports.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// MarshalJSON gives the stable form {"f32": "C*R*S + 1"}.
func (r Roundings) MarshalJSON() ([]byte, error) {
	out := map[string]string{}
	for t, s := range r {
		if len(s.terms) > 0 {
			out[t.String()] = s.String()
		}
	}
	return json.Marshal(out)
}

// MarshalJSON gives the stable form {array, bound, before, after, magnitude,
// provided} or {array, reason}.
func (b *Bound) MarshalJSON() ([]byte, error) {
	if b.Reason != "" {
		return json.Marshal(struct {
			Array  string `json:"array"`
			Reason string `json:"reason"`
		}{b.Array, b.Reason})
	}
	return json.Marshal(struct {
		Array     string    `json:"array"`
		Bound     string    `json:"bound"`
		Before    Roundings `json:"before"`
		After     Roundings `json:"after"`
		Magnitude string    `json:"magnitude,omitempty"`
		Provided  []string  `json:"provided,omitempty"`
	}{b.Array, b.String(), b.Before, b.After, b.Magnitude, b.Provided})
}

// MarshalJSON gives the stable form {before, after}, kernels as .loop text.
func (m *Magnitudes) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Before string `json:"before"`
		After  string `json:"after"`
	}{loopir.FormatKernel(m.Before), loopir.FormatKernel(m.After)})
}
