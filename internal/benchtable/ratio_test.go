package benchtable_test

import (
	"strings"
	"testing"

	"github.com/loopopt/loopopt/internal/benchtable"
)

func TestRatios(t *testing.T) {
	got, err := benchtable.Ratios(strings.NewReader("cpu: x\nratio exp/L1 go 30.1\nratio exp/L1 limit 0.9\nratio log/L1 go 12\n"))
	want := "| case | go | limit |\n|---|---|---|\n| exp/L1 | 30.1 | 0.9 |\n| log/L1 | 12 | - |\n"
	if err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	if _, err := benchtable.Ratios(strings.NewReader("ratio a b\n")); err == nil {
		t.Error("a ratio without a value is taken")
	}
}
