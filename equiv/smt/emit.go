package smt

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Script writes q as a complete SMT-LIB 2 file in the names of the query, for any solver:
// unsat means that the obligation holds.
func (q *Query) Script() string {
	want := q.Want
	if want == Unknown {
		want = Unsat
	}
	var b strings.Builder
	fmt.Fprintf(&b, "; obligation: %s\n", oneLine(q.Name))
	fmt.Fprintf(&b, "; expected: %s\n", want)
	b.WriteString(newProblem(lower(q.formula())).script())
	return b.String()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// emit writes q to dir. The file's name has a digest of its content, so two obligations of
// the same name are two files, whatever the order in which they come.
func emit(dir string, q *Query) error {
	text := q.Script()
	sum := sha256.Sum256([]byte(text))
	name := fileName(strings.Trim(q.Name, "."))
	if len(name) > 120 {
		name = name[:120]
	}
	if name == "" {
		name = "obligation"
	}
	path := filepath.Join(dir, name+"-"+hex.EncodeToString(sum[:6])+".smt2")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}
