package rt

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
	"testing"
)

// TestWidthOfInt wants the support to compile only where int has 64 bits, as the proofs take
// it to have.
func TestWidthOfInt(t *testing.T) {
	for arch, ok := range map[string]bool{"amd64": true, "arm64": true, "riscv64": true, "wasm": true, "386": false, "arm": false, "mips": false} {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "rt.go", nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		narrow := false
		conf := types.Config{
			Sizes: types.SizesFor("gc", arch), Importer: nothing{},
			Error: func(err error) { narrow = narrow || strings.Contains(err.Error(), "overflows") },
		}
		_, _ = conf.Check("rt", fset, []*ast.File{f}, nil) // what it imports is not known to it
		if narrow == ok {
			t.Errorf("%s: compiles is %v", arch, !narrow)
		}
	}
}

type nothing struct{}

func (nothing) Import(path string) (*types.Package, error) {
	p := types.NewPackage(path, filepath.Base(path))
	p.MarkComplete()
	return p, nil
}
