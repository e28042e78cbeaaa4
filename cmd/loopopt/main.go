// Command loopopt transforms array loop nests, proves each step equivalent for
// all sizes, and emits Go and assembly.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/loopopt/loopopt/equiv/smt"
)

// Exit codes, the same for every command.
const (
	exitOK       = 0 // proved, or done
	exitFindings = 1 // refuted, or findings
	exitUsage    = 2 // wrong usage or input
	exitInternal = 3
	exitUnknown  = 4 // the prover could not tell
)

// A exitError ends the program with a code; its message, if any, is printed.
type exitError struct {
	code int
	msg  string
}

func (e *exitError) Error() string { return e.msg }

func main() {
	os.Exit(run(interruptible(os.Stderr), os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	a := &app{out: stdout, err: stderr, sources: map[string][]byte{}}
	root := a.root()
	stop := func() {}
	root.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			a.about = args[0]
		}
		if f := cmd.Flag("format"); f != nil { // the answer's, should a limit be reached at once
			a.format = f.Value.String()
		}
		end, err := a.limit(cmd)
		if err == nil {
			ctx, stop = cmd.Context(), end
		}
		return err
	}
	defer func() { stop() }()
	root.SetArgs(goFlags(args))
	root.SetOut(stdout)
	root.SetErr(stderr)
	var err error
	if defect := smt.Guard(func() { err = root.ExecuteContext(ctx) }); defect != nil {
		err = defect
	}
	return a.exit(ctx, err)
}

// goFlags accepts -check, as go tools spell it.
func goFlags(args []string) []string {
	out := slices.Clone(args)
	for i, arg := range out {
		if arg == "-check" {
			out[i] = "--check"
		}
	}
	return out
}

// exit tells the error and picks the code.
func (a *app) exit(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	var defect *smt.Defect
	if errors.As(err, &defect) {
		return a.tell(err)
	}
	if l := reached(ctx); l != nil {
		a.undecided(l)
		return exitUnknown
	}
	if ctx.Err() != nil {
		fmt.Fprintln(a.err, "loopopt: interrupted")
		var by *interruption
		if errors.As(context.Cause(ctx), &by) {
			return exitSignal(by.signal)
		}
		return exitUnknown
	}
	return a.tell(err)
}

func (a *app) root() *cobra.Command {
	var version bool
	root := &cobra.Command{
		Use:   "loopopt",
		Short: "A verified loop-nest optimizer",
		Long: "loopopt turns naive array loop nests into blocked, vectorized kernels. Each step of\n" +
			"a schedule is proved equivalent for all sizes by an SMT solver; a wrong step is\n" +
			"refuted with a counterexample.\n\n" +
			"A command that reaches --timeout or --memory ends with the answer unknown and leaves no\n" +
			"file half written; with --json it prints {outcome: \"unknown\", reason}.\n\n" +
			"Exit codes: 0 proved or done, 1 refuted or findings, 2 usage or input,\n" +
			"3 internal error, 4 unknown (the prover could not tell), 130 interrupted, 143 terminated.\n" +
			"Of several files all are looked at, and the gravest counts: 3, then 1, 2, 4.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			if a.json && !version {
				return &exitError{exitUsage, "--json is for a command, or for --version"}
			}
			if version {
				return a.printVersion(cmd)
			}
			return cmd.Help()
		},
	}
	root.Flags().BoolVar(&version, "version", false, "tell what loopopt version does")
	a.jsonFlag(root)
	f := root.PersistentFlags()
	f.DurationVar(&a.limits.timeout, "timeout", 0, "answer unknown after this long, as 90s or 10m (0: no limit)")
	a.limits.memory = defaultMemory()
	f.Var(&a.limits.memory, "memory", "answer unknown rather than use more memory, solvers included (default at most half of the machine's)")
	root.AddCommand(a.transformCmd(), a.verifyCmd(), a.checkCmd(), a.genCmd(), a.benchCmd(), a.tuneCmd(), a.autoCmd(), a.fmtCmd(), a.doctorCmd(), a.primitivesCmd(), a.versionCmd())
	strictHelp(root)
	return root
}

// strictHelp has help and completion refuse what they know nothing about.
func strictHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Run = nil
			c.RunE = func(_ *cobra.Command, args []string) error {
				about, rest, err := root.Find(args)
				if err != nil || len(rest) > 0 {
					return unknownCommand(about, args[len(args)-max(1, len(rest))])
				}
				about.InitDefaultHelpFlag()
				return about.Help()
			}
		case "completion":
			c.Args = cobra.ArbitraryArgs
			c.RunE = func(c *cobra.Command, args []string) error {
				if len(args) > 0 {
					return unknownCommand(c, args[0])
				}
				return c.Help()
			}
		}
	}
}

// unknownCommand refuses a word that is none of a command's, and tells which are near.
func unknownCommand(c *cobra.Command, word string) error {
	c.SuggestionsMinimumDistance = max(c.SuggestionsMinimumDistance, 2)
	near := c.SuggestionsFor(word)
	if len(near) > 0 {
		return &exitError{exitUsage, fmt.Sprintf("unknown command %q of %s; did you mean %s?", word, c.CommandPath(), strings.Join(near, " or "))}
	}
	var all []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			all = append(all, sub.Name())
		}
	}
	if len(all) == 0 {
		return &exitError{exitUsage, fmt.Sprintf("unknown command %q: %s has none", word, c.CommandPath())}
	}
	return &exitError{exitUsage, fmt.Sprintf("unknown command %q of %s; there are %s", word, c.CommandPath(), strings.Join(all, ", "))}
}
