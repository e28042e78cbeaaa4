package lift

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite support.txt")

// TestSupport compares the digests of the functions that the reader knows with the
// text of package rt, which generated packages carry a copy of.
func TestSupport(t *testing.T) {
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range []string{"rt.go", "parallel.go"} {
		f, err := parser.ParseFile(fset, "../golang/rt/"+name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	names := []string{
		"addInt", "subInt", "mulInt", "checkSize", "checkLen", "checkRoom", "overlap", "floorDiv", "floorMod", "trip", "opaque", "scratch", "parallelFor", "truncTo", "inRange", "fromBF16", "fromF16", "toBF16", "toF16",
	}
	for n := range intrinsics {
		if !strings.HasPrefix(n, "math.") {
			names = append(names, n)
		}
	}
	want := map[string]string{}
	for _, n := range names {
		want[n] = closure(fset, files, n)
	}
	var b strings.Builder
	for _, n := range sortedKeys(want) {
		fmt.Fprintf(&b, "%s %s\n", n, want[n])
	}
	if *update {
		if err := os.WriteFile("support.txt", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if b.String() != supportText {
		t.Errorf("support.txt is not what package rt says; read the change, then run with -update")
	}
}
