package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/loopopt/loopopt/internal/benchtable"
	"github.com/loopopt/loopopt/internal/roofline"
	"github.com/loopopt/loopopt/internal/tune"
)

func (a *app) benchCmd() *cobra.Command {
	var rounds int
	var filter, raw, markdown string
	var why explanation
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
			"is known.\n\n" +
			"--explain tells of each size why its assembly is not at the peak: operations for each\n" +
			"byte of the arguments, what binds and what share of the peak is possible by the model\n" +
			"that tune uses, and, counted in the hottest innermost loop of the emitted assembly,\n" +
			"instructions and loads for each FMA and vector registers. --html and --svg draw the\n" +
			"roofline. With --json it prints {package, cpu, machines, rows} in place of the rows.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			if rounds < 1 {
				return &exitError{exitUsage, "--rounds must be at least 1"}
			}
			if err := why.read(dir); err != nil {
				return err
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
			report, err := why.report(t)
			switch {
			case err != nil:
				return err
			case a.json && report != nil:
				return a.printJSON(report)
			case a.json:
				return a.printJSON(t.Rows())
			}
			fmt.Fprint(a.out, t.Text())
			if report != nil {
				fmt.Fprint(a.out, "\n"+report.Text())
			}
			return nil
		},
	}
	c.Flags().IntVar(&rounds, "rounds", 5, "interleaved rounds")
	c.Flags().StringVar(&filter, "bench", ".", "regular expression of benchmarks, as for go test -bench")
	c.Flags().StringVar(&raw, "raw", "", "also write the raw benchmark text to this file")
	c.Flags().StringVar(&markdown, "markdown", "", "also put the table into this file, between its markers")
	c.Flags().BoolVar(&why.on, "explain", false, "tell why each form is not at the peak")
	c.Flags().StringVar(&why.html, "html", "", "also write what --explain tells to this file, as one HTML page with the roofline")
	c.Flags().StringVar(&why.svg, "svg", "", "also write the roofline of --explain to this file")
	a.jsonFlag(c)
	return c
}

// An explanation is what --explain asks for.
type explanation struct {
	on        bool
	html, svg string
	pkg       *roofline.Package
}

// read looks at what is to be explained before it is measured, which takes longer.
func (x *explanation) read(dir string) (err error) {
	for _, f := range []struct{ flag, path string }{{"--html", x.html}, {"--svg", x.svg}} {
		if f.path == "" {
			continue
		}
		if !x.on {
			return &exitError{exitUsage, f.flag + " writes what --explain tells; give that, too"}
		}
		if st, err := os.Stat(filepath.Dir(f.path)); err != nil || !st.IsDir() {
			return &exitError{exitUsage, fmt.Sprintf("%s %s: there is no folder %s", f.flag, f.path, filepath.Dir(f.path))}
		}
	}
	if x.on {
		x.pkg, err = roofline.Read(dir)
	}
	return err
}

// report explains a table and writes the files; it is nil without --explain.
func (x *explanation) report(t *benchtable.Table) (*roofline.Report, error) {
	if !x.on {
		return nil, nil
	}
	r, err := x.pkg.Explain(t, tune.Measured)
	if err != nil {
		return nil, err
	}
	if x.html != "" {
		page, err := r.HTML()
		if err == nil {
			err = replaceFile(x.html, page)
		}
		if err != nil {
			return nil, err
		}
	}
	if x.svg != "" {
		return r, replaceFile(x.svg, []byte(r.SVG()))
	}
	return r, nil
}

// busy is for how much of the time a benchmark has a core on a quiet machine, at least.
const busy = 0.9

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
	var running, passed time.Duration
	for i := range rounds {
		fmt.Fprintf(a.err, "\rround %d of %d ", i+1, rounds)
		run := exec.CommandContext(ctx, bin, "-test.run", "^$", "-test.bench", filter, "-test.benchtime", "100ms", "-test.timeout", "30m")
		run.Dir = dir
		if i > 0 { // the slow naive form is timed in the first rounds only
			run.Env = append(os.Environ(), "LOOPOPT_BENCH_ROUND="+fmt.Sprint(i))
		}
		var errText strings.Builder
		run.Stderr = &errText
		start := time.Now()
		out, err := run.Output()
		if err != nil {
			return nil, &exitError{exitFindings, fmt.Sprintf("the benchmark failed: %v\n%s%s", err, out, errText.String())}
		}
		all.Write(out)
		running, passed = running+run.ProcessState.UserTime()+run.ProcessState.SystemTime(), passed+time.Since(start)
	}
	fmt.Fprint(a.err, "\r")
	if !bytes.Contains(all.Bytes(), []byte("ns/op")) {
		return nil, &exitError{exitUsage, dir + " has no benchmarks that match; list sizes in a .sizes file and run loopopt gen"}
	}
	if share := running.Seconds() / passed.Seconds(); share < busy {
		fmt.Fprintf(a.err, "other programs ran: the benchmark had a core %.0f %% of the time; measure again on a quiet machine\n", 100*share)
	}
	return all.Bytes(), nil
}
