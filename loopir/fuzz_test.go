package loopir

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

func addSeeds(f *testing.F) {
	for _, src := range corpus(f) {
		f.Add(src)
	}
	names, _ := filepath.Glob("testdata/errors/*.txtar")
	for _, n := range names {
		ar, err := txtar.ParseFile(n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(ar.Files[0].Data)
	}
	for _, s := range []string{"kernel", "kernel f(", "{", "}{", "kernel f(){{{", "schedule a for b {{", "else", "func", "kernel f(){if 0==0{}else if", "\x00", "kernel f(){S:", "schedule s for any{a b{,}}"} {
		f.Add([]byte(s))
	}
}

// FuzzParse: no input makes Parse or Render panic.
func FuzzParse(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		_, err := Parse("in.loop", src)
		Render(err, map[string][]byte{"in.loop": src})
	})
}

// FuzzFormat: what parses, formats to a text that means the same.
func FuzzFormat(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		file, err := ParseSyntax("in.loop", src)
		if err != nil {
			return
		}
		checkFormat(t, file)
		if f, err := Parse("in.loop", src); err == nil {
			checkKernels(t, f)
		}
	})
}
