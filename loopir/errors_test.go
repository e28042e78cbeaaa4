package loopir

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected outputs of golden files")

// Each testdata/errors/*.txtar holds a file in.loop and what Render shows of
// its errors. The cases are the reference of what a user gets to read.
func TestErrors(t *testing.T) {
	names, err := filepath.Glob("testdata/errors/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) { checkErrors(t, name) })
	}
}

func checkErrors(t *testing.T, name string) {
	ar, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var src, want []byte
	for _, f := range ar.Files {
		switch f.Name {
		case "in.loop":
			src = f.Data
		case "errors":
			want = f.Data
		}
	}
	_, err = Parse("in.loop", src)
	if err == nil {
		t.Fatal("accepted")
	}
	got := []byte(Render(err, map[string][]byte{"in.loop": src}))
	if *update {
		ar.Files = []txtar.File{{Name: "in.loop", Data: src}, {Name: "errors", Data: got}}
		if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(got, want) {
		t.Errorf("errors differ (-want +got):\n%s", cmp.Diff(string(want), string(got)))
	}
}
