package corpus

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/loopopt/loopopt/equiv"
)

// A Summary counts results.
type Summary struct {
	Cases     int     `json:"cases"`
	Positives int     `json:"positives"` // to be proved
	Proved    int     `json:"proved"`    // of these, as expected
	Negatives int     `json:"negatives"` // to be refuted
	Refuted   int     `json:"refuted"`   // of these
	Wrong     int     `json:"wrong"`
	Unknown   int     `json:"unknown"`
	Illegal   int     `json:"illegal,omitempty"` // programs that are not legal
	MedianMS  float64 `json:"median_ms"`
	SlowestMS float64 `json:"slowest_ms"`
	Slowest   string  `json:"slowest,omitempty"`
	PeakMB    float64 `json:"peak_mb,omitempty"` // resident memory of this process, where the system tells
}

// Summarize counts.
func Summarize(results []Result) Summary {
	s := Summary{Cases: len(results), PeakMB: peakMB()}
	var times []time.Duration
	for i := range results {
		r := &results[i]
		times = append(times, r.Time)
		if ms := millis(r.Time); s.Slowest == "" || ms > s.SlowestMS {
			s.Slowest, s.SlowestMS = r.Name, ms
		}
		met := 0
		switch r.Standing() {
		case Met:
			met = 1
		case Wrong:
			s.Wrong++
		case Illegal:
			s.Illegal++
		case Undecided:
			s.Unknown++
		}
		if r.Want.Outcome == equiv.Refuted {
			s.Negatives++
			s.Refuted += met
		} else {
			s.Positives++
			s.Proved += met
		}
	}
	if slices.Sort(times); len(times) > 0 {
		s.MedianMS = millis(times[len(times)/2])
	}
	return s
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// String tells the summary in four lines.
func (s Summary) String() string {
	illegal := ""
	if s.Illegal > 0 {
		illegal = fmt.Sprintf(", %d not legal", s.Illegal)
	}
	return fmt.Sprintf("%d cases: %d of %d positives proved, %d of %d negatives refuted\n%d wrong, %d unknown%s\n"+
		"median %.1f ms, slowest %.1f ms (%s)\npeak resident memory %.0f MB",
		s.Cases, s.Proved, s.Positives, s.Refuted, s.Negatives, s.Wrong, s.Unknown, illegal, s.MedianMS, s.SlowestMS, s.Slowest, s.PeakMB)
}

// peakMB is the most memory that this process ever held, 0 where /proc does not
// tell.
func peakMB() float64 {
	data, _ := os.ReadFile("/proc/self/status")
	for _, l := range strings.Split(string(data), "\n") {
		var kb float64
		if n, _ := fmt.Sscanf(l, "VmHWM: %f kB", &kb); n == 1 {
			return kb / 1024
		}
	}
	return 0
}

// Raw is the text that bench/ keeps: the machine, a line a case, the summary.
func Raw(results []Result, solver string, jobs int) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "goos: %s\ngoarch: %s\ncpu: %s\nsolver: %s\njobs: %d\n\n", runtime.GOOS, runtime.GOARCH, cpuName(), solver, jobs)
	for i := range results {
		r := &results[i]
		said := strings.TrimSpace(r.Outcome.String() + " " + r.Verdict.String())
		note := ""
		switch {
		case r.Err != nil:
			said = "error"
			note = r.Err.Error()
		case r.Standing() != Met:
			note = "expected " + r.Want.String()
		}
		fmt.Fprintf(&b, "%-64s %-20s %10.1f ms  %s\n", r.Name, said, millis(r.Time), firstLine(note))
	}
	fmt.Fprintf(&b, "\n%s\n", Summarize(results))
	return []byte(b.String())
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

func cpuName() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	defer f.Close() //nolint:errcheck // only read
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
		}
	}
	return "unknown"
}
