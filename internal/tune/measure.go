package tune

import (
	"slices"

	"github.com/loopopt/loopopt/internal/timing"
)

// Medians is what an answer says.
func Medians(a *timing.Answer) *Measurement {
	m := &Measurement{Rounds: len(a.Seconds), Against: a.Against, Distance: a.Distance}
	m.Seconds = median(a.Seconds)
	m.Spread = slices.Max(a.Seconds)/slices.Min(a.Seconds) - 1
	m.GFLOPS = a.Ops / m.Seconds / 1e9
	var shares []float64 // each by the peak of its own round: the two rise and fall together
	for i, s := range a.Seconds {
		if a.Peaks[i] > 0 {
			shares = append(shares, a.Ops/s/a.Peaks[i])
		}
	}
	if len(shares) > 0 {
		m.Share, m.Peak = median(shares), median(a.Peaks)/1e9
	}
	return m
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return s[len(s)/2]
}

// Ratio is the measured speed over the predicted one: of the shares of the peak, or of the times
// where no peak is known.
func Ratio(p *Prediction, m *Measurement) float64 {
	if p.Share > 0 && m.Share > 0 {
		return m.Share / p.Share
	}
	return p.Seconds / m.Seconds
}

// Faster orders measurements, the better one first.
func (m *Measurement) Faster(n *Measurement) bool {
	if m.Share > 0 && n.Share > 0 {
		return m.Share > n.Share
	}
	return m.Seconds < n.Seconds
}
