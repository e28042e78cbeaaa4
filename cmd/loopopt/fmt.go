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
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			differ := false
			files, err := loopFiles(args)
			if err != nil {
				return err
			}
			for _, path := range files {
				f, err := a.load(path)
				if err != nil {
					return err
				}
				out := loopir.Format(f)
				same := bytes.Equal(out, a.sources[path])
				differ = differ || !same
				switch {
				case check:
					if !same {
						fmt.Fprintln(a.out, path)
					}
				case write:
					if !same {
						if err := replaceFile(path, out); err != nil {
							return err
						}
					}
				default:
					if _, err := a.out.Write(out); err != nil {
						return err
					}
				}
			}
			if check && differ {
				return &exitError{code: exitFindings}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&check, "check", false, "list files that are not formatted and exit 1")
	c.Flags().BoolVarP(&write, "write", "w", false, "rewrite files in place")
	c.MarkFlagsMutuallyExclusive("check", "write")
	c.ValidArgsFunction = loopArgs
	return c
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
