// Package library holds elementary functions written in the language, and how far each
// is from the function of real numbers, which was measured over all inputs. A
// measurement belongs to the text of a function and of the functions that it calls.
package library

import (
	"crypto/sha256"
	_ "embed" // of the files
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/loopopt/loopopt/loopir"
)

//go:embed functions.loop
var source string

//go:embed measured.txt
var measured string

//go:embed reference.go
var reference string

// ReferenceSource is the Go text of References and Off.
func ReferenceSource() string { return reference }

// Source is the text of the library.
func Source() string { return source }

// File is the library; it must not be changed.
var File = sync.OnceValue(func() *loopir.File {
	f, err := loopir.Parse("functions.loop", []byte(source))
	if err != nil {
		panic(fmt.Sprintf("library: %v", err)) // the tests read it
	}
	return f
})

// A Measurement says how far a function is from one of real numbers at most.
type Measurement struct {
	Name, Of string
	Ulps     float64 // in units in the last place of the result
	At       uint32  // the bits of the argument where it is
	Digest   string  // of the text that was measured
}

// Roundings is how many roundings the error counts for: a unit in the last place is at
// most twice what a result may be off by when it is rounded.
func (m Measurement) Roundings() int { return int(math.Ceil(2 * m.Ulps)) }

// Table is what was measured.
var Table = sync.OnceValue(func() []Measurement {
	out, err := Read(measured)
	if err != nil {
		panic(fmt.Sprintf("library: %v", err))
	}
	return out
})

// Read reads a table: a line for each function with its name, what it is to be, the
// error, the argument where it is and the digest of the text.
func Read(text string) ([]Measurement, error) {
	var out []Measurement
	for n, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Fields(line)
		if len(f) != 5 {
			return nil, fmt.Errorf("line %d of the table: %d words, not 5", n+1, len(f))
		}
		ulps, err := strconv.ParseFloat(f[2], 64)
		if err != nil || !(ulps >= 0.5) || math.IsInf(ulps, 0) {
			return nil, fmt.Errorf("line %d of the table: %s is no error", n+1, f[2])
		}
		at, err := strconv.ParseUint(f[3], 0, 32)
		if err != nil {
			return nil, fmt.Errorf("line %d of the table: %s is no argument", n+1, f[3])
		}
		out = append(out, Measurement{f[0], f[1], ulps, uint32(at), f[4]})
	}
	return out, nil
}

// With gives fn, a function of f, behind those with bodies that it calls, in the order of
// the text. It reports false where one has no body.
func With(f *loopir.File, fn *loopir.Func) ([]*loopir.Func, bool) {
	needed := map[string]bool{}
	var visit func(fn *loopir.Func) bool
	visit = func(fn *loopir.Func) bool {
		needed[fn.Name] = true
		whole := fn.Value != nil
		for _, e := range fn.Exprs() {
			loopir.WalkExpr(e, func(e loopir.Expr) bool {
				call, ok := e.(*loopir.Intrinsic)
				if ok && loopir.Builtin(call.Name) == nil && !needed[call.Name] {
					callee := f.Func(call.Name)
					whole = whole && callee != nil && visit(callee)
				}
				return whole
			})
		}
		return whole
	}
	if !visit(fn) {
		return nil, false
	}
	return slices.DeleteFunc(slices.Clone(f.Funcs), func(g *loopir.Func) bool { return !needed[g.Name] }), true
}

// Digest identifies the text of fn, a function of f, and of what it calls; it is empty
// where something has no body.
func Digest(f *loopir.File, fn *loopir.Func) string {
	funcs, ok := With(f, fn)
	if !ok {
		return ""
	}
	h := sha256.Sum256(loopir.Format(&loopir.File{Funcs: funcs}))
	return fmt.Sprintf("%x", h[:12])
}

// Of is what was measured of fn, a function of f with one f32 parameter. It reports false
// where its text is not what was measured.
func Of(f *loopir.File, fn *loopir.Func) (Measurement, bool) {
	if fn.Value == nil || len(fn.Params) != 1 || fn.Params[0] != loopir.F32 || fn.Result != loopir.F32 {
		return Measurement{}, false
	}
	for _, m := range Table() {
		if m.Name == fn.Name {
			d := Digest(f, fn)
			return m, d != "" && d == m.Digest
		}
	}
	return Measurement{}, false
}
