package corpus

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/loopir"
)

// Extensions of the files that Read reads.
const (
	ArchiveExt  = ".txtar"
	ManifestExt = ".pairs"
	LoopExt     = ".loop"
)

// maxFileSize bounds what is read as a collection.
const maxFileSize = 16 << 20

// Read reads the cases of one file: of an archive or a manifest the pairs, of a
// .loop file the schedules, all to be proved. An archive without any pair line
// is not a collection and gives none, like a .loop file without a schedule. What is legal
// of a file comes beside the error.
func Read(path string) ([]Case, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	switch filepath.Ext(path) {
	case ArchiveExt:
		return readArchive(path, data)
	case ManifestExt:
		return readManifest(path, data)
	case LoopExt:
		return readSchedules(path, data)
	}
	return nil, fmt.Errorf("%s: expected a file that ends in %s, %s or %s", path, LoopExt, ManifestExt, ArchiveExt)
}

func readSchedules(path string, data []byte) ([]Case, error) {
	f, err := loopir.Parse(path, data)
	if err != nil {
		return nil, err
	}
	if len(f.Schedules) == 0 {
		return nil, nil
	}
	list, err := pipeline.Schedules(f, "")
	if err != nil {
		return nil, nil // only schedules for others to use
	}
	var out []Case
	for _, s := range list {
		out = append(out, Case{
			Name: filepath.ToSlash(path) + ":" + s.Name, At: s.Span, Before: Text{path, data}, Schedule: s.Name,
			Want: Expectation{Outcome: equiv.Proved},
		})
	}
	return out, nil
}

func readFile(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if st.Size() > maxFileSize {
		return nil, fmt.Errorf("%s has %d bytes; at most %d are read", path, st.Size(), maxFileSize)
	}
	return os.ReadFile(path)
}

// A line is what a pair line says.
type line struct {
	at            loopir.Span
	before, after string
	want          Expectation
	wrong         string // how the expectation is not one
}

// pairLine reads `A B: expectation`. Prose, which is everything else, gives
// false.
func pairLine(path string, n int, text string) (line, bool) {
	names, want, ok := strings.Cut(text, ":")
	words := strings.Fields(names)
	if !ok || len(words) != 2 {
		return line{}, false
	}
	p := loopir.Pos{Line: n, Col: 1}
	l := line{at: loopir.Span{File: path, Start: p, End: p}, before: words[0], after: words[1]}
	if l.want, ok = parseExpectation(want); !ok {
		l.wrong = fmt.Sprintf("expected `proved`, `proved VERDICT` or `refuted` after %s: VERDICT is exact, reassociated, algebraic or approximate", names)
	}
	return l, true
}

func readArchive(path string, data []byte) ([]Case, error) {
	ar := txtar.Parse(data)
	files := map[string]Text{}
	for _, f := range ar.Files {
		if name, ok := strings.CutSuffix(f.Name, ".loop"); ok {
			files[name] = Text{path + "/" + f.Name, f.Data}
		}
	}
	var out []Case
	var errs loopir.ErrorList
	for i, text := range strings.Split(string(ar.Comment), "\n") {
		l, ok := pairLine(path, i+1, text)
		_, known := files[l.before]
		_, knownToo := files[l.after]
		switch {
		case !ok || !known && !knownToo: // prose
		case l.wrong != "":
			errs = append(errs, loopir.Errorf(l.at, "%s", l.wrong))
		case !known || !knownToo:
			missing := l.before
			if known {
				missing = l.after
			}
			errs = append(errs, loopir.Errorf(l.at, "the archive has no file %s.loop", missing))
		default:
			out = append(out, l.pairOf(path, files[l.before], files[l.after]))
		}
	}
	return out, errs.Err()
}

func (l line) pairOf(path string, before, after Text) Case {
	return Case{Name: filepath.ToSlash(path) + ":" + l.before + "-" + l.after, At: l.at, Before: before, After: after, Want: l.want}
}

func readManifest(path string, data []byte) ([]Case, error) {
	var out []Case
	var errs loopir.ErrorList
	for i, text := range strings.Split(string(data), "\n") {
		text, _, _ = strings.Cut(text, "#")
		if strings.TrimSpace(text) == "" {
			continue
		}
		l, ok := pairLine(path, i+1, text)
		if !ok {
			p := loopir.Pos{Line: i + 1, Col: 1}
			errs = append(errs, loopir.Errorf(loopir.Span{File: path, Start: p, End: p}, "expected `A.loop B.loop: proved exact` or the like"))
			continue
		}
		if l.wrong != "" {
			errs = append(errs, loopir.Errorf(l.at, "%s", l.wrong))
			continue
		}
		var texts [2]Text
		legal := true
		for n, name := range []string{l.before, l.after} {
			file := filepath.Join(filepath.Dir(path), filepath.FromSlash(name))
			src, err := readFile(file)
			if err != nil {
				errs = append(errs, loopir.Errorf(l.at, "%v", err))
				legal = false
			}
			texts[n] = Text{file, src}
		}
		if legal {
			out = append(out, l.pairOf(path, texts[0], texts[1]))
		}
	}
	return out, errs.Err()
}

// A Found is what there is below a folder.
type Found struct {
	Files []string
	Left  []string // what was left out although it may be of interest, and why
	Errs  []error  // what could not be looked into
}

// Walk lists the files that Find finds.
func Walk(root string, exts ...string) ([]string, error) {
	f, err := Find(root, exts...)
	if err != nil {
		return nil, err
	}
	return f.Files, errors.Join(f.Errs...)
}

// Find lists the files with one of the extensions under root, in order; root may end in
// /... as in Go, or be such a file itself. As in Go, folders below root are left out that
// are named testdata or vendor, whose names begin with . or _, or that are modules of their
// own, and links to folders; root itself may be any of these.
func Find(root string, exts ...string) (*Found, error) {
	if dir, ok := strings.CutSuffix(filepath.ToSlash(root), "/..."); ok {
		root = filepath.FromSlash(dir)
	} else if root == "..." {
		root = "."
	}
	st, err := os.Stat(root)
	if err != nil {
		return nil, err
	}
	if !st.IsDir() {
		return &Found{Files: []string{root}}, nil
	}
	start := root
	if st, err := os.Lstat(root); err == nil && st.Mode()&fs.ModeSymlink != 0 {
		start += string(filepath.Separator) // has the link followed
	}
	f := &Found{}
	return f, filepath.WalkDir(start, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			f.Errs = append(f.Errs, err)
			return nil
		case d.IsDir() && path != start:
			return f.enter(path, d.Name())
		case d.IsDir():
		case d.Type()&fs.ModeSymlink != 0:
			f.link(path, exts)
		case d.Type().IsRegular() && slices.Contains(exts, filepath.Ext(path)):
			f.Files = append(f.Files, path)
		}
		return nil
	})
}

// enter tells whether to go into a folder: fs.SkipDir if not.
func (f *Found) enter(path, name string) error {
	why := ""
	switch _, err := os.Lstat(filepath.Join(path, "go.mod")); {
	case strings.ContainsAny(name[:1], "._") || name == "vendor":
		return fs.SkipDir
	case name == "testdata":
		why = "left out, as in Go; name it to have it looked at"
	case err == nil:
		why = "a module of its own"
	default:
		return nil
	}
	if hasSources(path) {
		f.Left = append(f.Left, path+": "+why)
	}
	return fs.SkipDir
}

// link takes a link to a file as that file. Links to folders could go round in circles.
func (f *Found) link(path string, exts []string) {
	st, err := os.Stat(path)
	switch {
	case err == nil && st.IsDir():
		f.Left = append(f.Left, path+": a link to a folder, not followed, as in Go")
	case slices.Contains(exts, filepath.Ext(path)): // reading it tells what is wrong with it
		f.Files = append(f.Files, path)
	}
}

// hasSources tells whether there are loops or manifests somewhere in a folder.
func hasSources(dir string) bool {
	found := false
	_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && (filepath.Ext(path) == LoopExt || filepath.Ext(path) == ManifestExt) {
			found = true
			return fs.SkipAll
		}
		return nil
	})
	return found
}

// ReadAll reads every file with one of the extensions under the roots, and tells
// what is wrong with any of them.
func ReadAll(roots []string, exts ...string) ([]Case, error) {
	var out []Case
	var errs loopir.ErrorList
	for _, root := range roots {
		files, err := Walk(root, exts...)
		if err != nil {
			return nil, err
		}
		for _, path := range files {
			cases, err := Read(path)
			var one *loopir.Error
			var list loopir.ErrorList
			switch {
			case errors.As(err, &list):
				errs = append(errs, list...)
			case errors.As(err, &one):
				errs = append(errs, one)
			case err != nil:
				return nil, err
			}
			out = append(out, cases...)
		}
	}
	if len(errs) > 0 {
		return nil, errs // in the order of the files
	}
	return out, nil
}

// Shard gives part i of n, counted from 1; the parts together are all cases.
func Shard[T any](cases []T, i, n int) []T {
	var out []T
	for k := i - 1; k < len(cases); k += n {
		out = append(out, cases[k])
	}
	return out
}
