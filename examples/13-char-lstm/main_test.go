package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLearns wants the loss to fall well below that of knowing only how often characters are.
func TestLearns(t *testing.T) {
	text, err := os.ReadFile("../../docs/language.md")
	if err != nil {
		t.Fatal(err)
	}
	m, err := newModel(string(text), 1)
	if err != nil {
		t.Fatal(err)
	}
	rounds := 120
	if testing.Short() {
		rounds = 4
	}
	var losses []float64
	for range rounds {
		loss, err := m.learn()
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, loss)
	}
	if first, last := losses[0], mean(losses[len(losses)*3/4:]); last >= first || !testing.Short() && (first < 4 || last > 2.9) {
		t.Errorf("from %v to %v", first, last)
	} else {
		t.Logf("from %.2f to %.2f", first, last)
	}
	said, err := m.write(30)
	if n := len([]rune(said)); err != nil || n != 30 {
		t.Errorf("%q, %v", said, err)
	}
}

func TestErrors(t *testing.T) {
	if err := run("nothing", "", 1); err == nil {
		t.Error("no error without a text")
	}
	short := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(short, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(short, "", 1); err == nil || !strings.Contains(err.Error(), "too short") {
		t.Error(err)
	}
}
