package tune

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/loopopt/loopopt/internal/timing"
)

func TestLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k.jsonl")
	l, err := OpenLog(path)
	if err != nil {
		t.Fatal(err)
	}
	timed := &Record{Digest: "a", Params: map[string]string{"V": "8"}, Outcome: Timed, Predicted: &Prediction{Seconds: 1, Share: 0.5}, Measured: &Measurement{Seconds: 2, Rounds: 7}, Ratio: 0.5}
	unknown := &Record{Digest: "b", Outcome: Unknown, Message: "the solver gave up"}
	for _, r := range []*Record{timed, unknown} {
		if err := l.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	// What was interrupted is cut off, and the next record begins a line of its own.
	torn, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := torn.WriteString(`{"digest":"c","outc`); err != nil {
		t.Fatal(err)
	}
	if err := torn.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = OpenLog(path); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(timed, l.Find("a")); diff != "" {
		t.Error(diff)
	}
	if l.Find("b") != nil {
		t.Error("what is unknown is not tried again")
	}
	if err := l.Add(&Record{Digest: "b", Outcome: Refuted}); err != nil {
		t.Fatal(err)
	}
	if l, err = OpenLog(path); err != nil {
		t.Fatal(err)
	}
	if r := l.Find("b"); r == nil || r.Outcome != Refuted {
		t.Errorf("b: %+v", r)
	}
	if err := os.WriteFile(path, []byte("{\"digest\":\"a\"}\nno json\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLog(path); err == nil || !strings.Contains(err.Error(), "k.jsonl:2: not a line of a log") {
		t.Errorf("broken: %v", err)
	}
}

func TestMedians(t *testing.T) {
	// The second round is slow, and so is the peak in it.
	m := Medians(&timing.Answer{Ops: 1e9, Seconds: []float64{0.010, 0.020, 0.011}, Peaks: []float64{200e9, 100e9, 200e9}})
	if m.Seconds != 0.011 || m.Share != 0.5 || m.Peak != 200 || m.Spread != 1 || m.Rounds != 3 {
		t.Errorf("%+v", m)
	}
	if r := Ratio(&Prediction{Share: 0.8}, m); r != 0.5/0.8 {
		t.Errorf("ratio %v", r)
	}
	// No peak is known of integers.
	m = Medians(&timing.Answer{Seconds: []float64{2, 2, 2}, Peaks: []float64{0, 0, 0}})
	if r := Ratio(&Prediction{Seconds: 1}, m); m.Share != 0 || r != 0.5 {
		t.Errorf("%+v, ratio %v", m, r)
	}
	if !m.Faster(&Measurement{Seconds: 3}) || (&Measurement{Share: 0.4, Seconds: 1}).Faster(&Measurement{Share: 0.5, Seconds: 2}) {
		t.Error("the order is wrong")
	}
}
