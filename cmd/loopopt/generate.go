package main

import (
	"os"
	"path/filepath"
	"strings"
)

// generatedFrom finds the .loop file that a folder is generated from: what a go:generate
// line of `loopopt gen` names that stands in a Go file there or in the folder above.
func generatedFrom(dir string) string {
	for _, at := range []string{dir, filepath.Dir(filepath.Clean(dir))} {
		files, _ := filepath.Glob(filepath.Join(at, "*.go"))
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				continue
			}
			for line := range strings.Lines(string(src)) {
				out, source := ".", ""
				args, ok := strings.CutPrefix(line, "//go:generate loopopt gen ")
				if !ok {
					continue
				}
				words := strings.Fields(args)
				for i := 0; i < len(words); i++ {
					switch {
					case words[i] == "-o" && i+1 < len(words):
						i++
						out = words[i]
					case strings.HasSuffix(words[i], ".loop"):
						source = filepath.Join(at, words[i])
					}
				}
				if source != "" && filepath.Join(at, out) == filepath.Clean(dir) {
					return source
				}
			}
		}
	}
	return ""
}
