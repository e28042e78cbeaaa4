package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/loopopt/loopopt/loopir"
)

func (a *app) fmtCmd() *cobra.Command {
	var check, write bool
	c := &cobra.Command{
		Use:   "fmt FILE.loop|DIR|./... ...",
		Short: "Format .loop files",
		Long: "Prints .loop files as they are to look, or with --write rewrites them. A file that is\n" +
			"not legal is told, and the others are formatted; the exit code is then 2, with --check\n" +
			"1 if any of the others is not formatted.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			files, code, err := a.loopFiles(args)
			if err != nil {
				return err
			}
			for _, path := range files {
				same, err := a.formatFile(path, check, write)
				switch {
				case err != nil:
					code = worse(code, a.tell(err))
				case check && !same:
					code = worse(code, exitFindings)
				}
			}
			return coded(code)
		},
	}
	c.Flags().BoolVar(&check, "check", false, "list files that are not formatted and exit 1")
	c.Flags().BoolVarP(&write, "write", "w", false, "rewrite files in place")
	c.MarkFlagsMutuallyExclusive("check", "write")
	c.ValidArgsFunction = loopArgs
	return c
}

// formatFile formats a file, and tells whether it was.
func (a *app) formatFile(path string, check, write bool) (same bool, err error) {
	f, err := a.load(path)
	if err != nil {
		return false, err
	}
	out := loopir.Format(f)
	same = bytes.Equal(out, a.sources[path])
	switch {
	case check && !same:
		_, err = fmt.Fprintln(a.out, path)
	case check:
	case write && !same:
		err = replaceFile(path, out)
	case !write:
		_, err = a.out.Write(out)
	}
	return same, err
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, data []byte) error {
	var tmp *os.File
	_, done, err := unfinished.create(func() (string, error) {
		var err error
		if tmp, err = os.CreateTemp(filepath.Dir(path), ".loopopt-*"); err != nil {
			return "", err
		}
		return tmp.Name(), nil
	})
	if err != nil {
		return err
	}
	defer done()
	mode := os.FileMode(0o644)
	if st, err := os.Stat(path); err == nil {
		mode = st.Mode().Perm()
	}
	if _, err := tmp.Write(data); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Chmod(mode); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
