// Package goname gives the names of .loop files their form in Go. The emitters write it
// and the reader of generated code looks it up: no two names share one.
package goname

import (
	"go/token"
	"go/types"
	"regexp"
	"strings"
)

// Of is the Go identifier of a .loop name. Names of inlined code carry dots; and Go, the
// run-time support and the emitted code itself use names that .loop does not reserve.
// Such a name gets _ behind it, and so does what would then be equal to it.
func Of(name string) string {
	n := strings.ReplaceAll(name, ".", "_")
	stem := strings.TrimRight(n, "_")
	if Taken(stem) || made.MatchString(stem) {
		n += "_"
	}
	if stem == "" { // _ is no name of a variable
		n += "_"
	}
	return n
}

// own are the identifiers of emitted methods and functions, of the packages they import
// and of the run-time support (goname_test.go looks there).
var own = func() map[string]bool {
	m := map[string]bool{}
	for _, n := range strings.Fields(`c w at lo hi which over ok err run runRange threads init main
		fmt math bits slices unsafe runtime sync atomic time cpu flat
		maxSize maxElems ShapeError shapeError checkSize checkLen checkRoom addInt subInt mulInt overlap floorDiv floorMod trip
		fma32 fma32Odd exp32 log32 tanh32 sqrt32 abs32 sigmoid64 sigmoid32 round32 floor32 ceil32 trunc32 bits32 bits64 float32of float64of opaque absInt truncTo inRange scratch
		BF16 F16 fromBF16 fromF16 toBF16 toF16 narrow
		task spin job part worker workersMu workers jobs parallelFor staff`) {
		m[n] = true
	}
	return m
}()

// made are the names that are numbered or composed: par0, sel1, A_dim1, A_row2, A_cell3, callConvNaive.
var made = regexp.MustCompile(`^(par|sel|buf)\d+$|_(dim|row|cell)\d+$|^(call|has)[A-Z]|(Calls|Scratch|Scratches|Args|Region\d+)$`)

// Taken tells a name that no declaration of a generated package may have but the run-time
// support's.
func Taken(name string) bool {
	return own[name] || token.IsKeyword(name) || types.Universe.Lookup(name) != nil
}
