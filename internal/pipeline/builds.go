package pipeline

import (
	"bytes"
	"go/build"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// A platform is a combination that a generated package is built for.
type platform struct{ os, arch, tag string }

func (p platform) String() string {
	s := p.os + "/" + p.arch
	if p.tag != "" {
		s += " with tag " + p.tag
	}
	return s
}

// platforms has one of each kind: the architectures that assembly is emitted for, others,
// and the tags that leave it out, on systems that file names and constraints tell apart. On
// 386, as wherever int has 32 bits, the compiler then refuses what it takes (maxElems).
var platforms = func() (out []platform) {
	for _, on := range []string{"linux", "darwin", "windows", "freebsd", "js"} {
		for _, arch := range []string{"amd64", "arm64", "386", "riscv64", "wasm"} {
			if (on == "js") != (arch == "wasm") {
				continue
			}
			for _, tag := range []string{"", "purego", "noasm"} {
				out = append(out, platform{on, arch, tag})
			}
		}
	}
	return out
}()

// takes lists the files among files, tests left out, that go build takes on p, by the
// rules of go list.
func (p platform) takes(files map[string][]byte) []string {
	c := build.Default
	c.GOOS, c.GOARCH, c.Compiler, c.CgoEnabled, c.BuildTags = p.os, p.arch, "gc", true, nil
	if p.tag != "" {
		c.BuildTags = []string{p.tag}
	}
	c.OpenFile = func(path string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files[filepath.Base(path)])), nil
	}
	var out []string
	for _, name := range sortedNames(files) {
		if !slices.Contains(built, strings.ToLower(filepath.Ext(name))) || strings.HasSuffix(name, "_test.go") {
			continue
		}
		// What can't be read as a file of Go is no reason to leave it out.
		if ok, err := c.MatchFile("", name); ok || err != nil {
			out = append(out, name)
		}
	}
	return out
}

// builds tells on which platforms go build would take other files than those that gen
// writes, ordinary ones left aside.
func (f *Folder) builds(want map[string][]byte) []*loopir.Error {
	for _, p := range platforms {
		have, wanted := p.takes(f.Generated), p.takes(want)
		for _, name := range have {
			if !slices.Contains(wanted, name) {
				return []*loopir.Error{loopir.Rejectf(f.at(name, 1), "on %s go build takes this file, and not of what gen writes", p)}
			}
		}
		for _, name := range wanted {
			if !slices.Contains(have, name) {
				return []*loopir.Error{loopir.Rejectf(f.at(name, 1), "on %s go build takes this file of what gen writes, and not of the folder", p)}
			}
		}
	}
	return nil
}
