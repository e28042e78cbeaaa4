package equiv

// MarshalText gives the stable words of JSON reports.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// MarshalText gives the stable words of JSON reports.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }
