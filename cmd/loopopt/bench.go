package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/loopopt/loopopt/internal/benchtable"
)

func (a *app) benchCmd() *cobra.Command {
	var rounds int
	var filter, raw, markdown string
	c := &cobra.Command{
		Use:   "bench [DIR]",
		Short: "Time every form of a generated package against the naive kernel",
		Long: "Builds the benchmarks of a generated package (default: the current folder) and runs\n" +
			"them in interleaved rounds, together with the machine's FMA peak. The table gives\n" +
			"medians, GFLOP/s, the share of the peak, the share of the speed at which one core\n" +
			"reads as many bytes as the arguments have (each input and output counted once; of\n" +
			"both shares the larger one tells what binds), the speedup over the naive Go kernel\n" +
			"and the spread between the best and the worst round. GFLOP/s counts all operations on\n" +
			"elements, of integers too; guards and triangles are followed, and of a condition on\n" +
			"data the larger branch counts. Of f64 the peak is half that of f32; of integers none\n" +
			"is known.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			if rounds < 1 {
				return &exitError{exitUsage, "--rounds must be at least 1"}
			}
			text, err := a.runRounds(cmd.Context(), dir, filter, rounds)
			if err != nil {
				return err
			}
			if raw != "" {
				if err := replaceFile(raw, text); err != nil {
					return err
				}
			}
			t, err := benchtable.Parse(bytes.NewReader(text))
			if err != nil {
				return err
			}
			if markdown != "" {
				if err := benchtable.ReplaceSection(markdown, "bench "+filepath.Base(dir), t.Markdown()); err != nil {
					return err
				}
			}
			if a.json {
				return a.printJSON(t.Rows())
			}
			fmt.Fprint(a.out, t.Text())
			return nil
		},
	}
	c.Flags().IntVar(&rounds, "rounds", 5, "interleaved rounds")
	c.Flags().StringVar(&filter, "bench", ".", "regular expression of benchmarks, as for go test -bench")
	c.Flags().StringVar(&raw, "raw", "", "also write the raw benchmark text to this file")
	c.Flags().StringVar(&markdown, "markdown", "", "also put the table into this file, between its markers")
	a.jsonFlag(c)
	return c
}

// runRounds builds the package's test binary once and runs it round by round.
func (a *app) runRounds(ctx context.Context, dir, filter string, rounds int) ([]byte, error) {
	tmp, done, err := unfinished.create(func() (string, error) { return os.MkdirTemp("", "loopopt-bench-") })
	if err != nil {
		return nil, err
	}
	defer done()
	bin := filepath.Join(tmp, "bench.test")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-o", bin, ".")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		return nil, &exitError{exitUsage, fmt.Sprintf("%s does not build as a Go package: %v\n%s", dir, err, bytes.TrimSpace(out))}
	}
	if _, err := os.Stat(bin); err != nil {
		return nil, &exitError{exitUsage, dir + " has no tests; generate it with loopopt gen"}
	}
	var all bytes.Buffer
	for i := range rounds {
		fmt.Fprintf(a.err, "\rround %d of %d ", i+1, rounds)
		run := exec.CommandContext(ctx, bin, "-test.run", "^$", "-test.bench", filter, "-test.benchtime", "100ms", "-test.timeout", "30m")
		run.Dir = dir
		if i > 0 { // the slow naive form is timed in the first rounds only
			run.Env = append(os.Environ(), "LOOPOPT_BENCH_ROUND="+fmt.Sprint(i))
		}
		var errText strings.Builder
		run.Stderr = &errText
		out, err := run.Output()
		if err != nil {
			return nil, &exitError{exitFindings, fmt.Sprintf("the benchmark failed: %v\n%s%s", err, out, errText.String())}
		}
		all.Write(out)
	}
	fmt.Fprint(a.err, "\r")
	if !bytes.Contains(all.Bytes(), []byte("ns/op")) {
		return nil, &exitError{exitUsage, dir + " has no benchmarks that match; list sizes in a .sizes file and run loopopt gen"}
	}
	return all.Bytes(), nil
}
