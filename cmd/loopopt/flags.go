package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
)

// A command has the flags that it heeds, and no others: what is accepted and ignored
// misleads.

// jsonFlag adds --json to a command that prints data.
func (a *app) jsonFlag(c *cobra.Command) {
	c.Flags().BoolVar(&a.json, "json", false, "print data as JSON")
}

// proverFlags adds what steers the solvers to a command that proves.
func (a *app) proverFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&a.engine, "engine", "auto", "solver engine: auto, goz3 (in process) or process")
	f.StringVar(&a.solver, "solver", "", "solver command of the process engine (default: z3, else cvc5)")
	f.IntVar(&a.jobs, "jobs", 0, "solvers, and cases of verify, at once (default: the number of cores)")
	f.UintVar(&a.budget, "budget", 0, "solver resource limit for each obligation (0: the default)")
	f.BoolVar(&a.noCache, "no-cache", false, "prove anew; neither read nor write the proof cache")
	f.StringVar(&a.cacheDir, "cache", "", "folder of the proof cache; machines may share it (default: the user's cache folder)")
	f.StringVar(&a.emitSMT, "emit-smt", "", "write each obligation as an SMT-LIB 2 file into this folder")
	f.StringVar(&a.crossCheck, "cross-check", "", "replay each obligation with these solver commands (cvc5,z3; goz3 is Z3 in process); disagreement is an error")
	c.MarkFlagsMutuallyExclusive("no-cache", "cache")
	choose(c, "engine", "auto", "goz3", "process")
}

// proverUsage refuses values of the prover's flags that mean nothing.
func (a *app) proverUsage() error {
	switch {
	case a.jobs < 0:
		return &exitError{exitUsage, fmt.Sprintf("--jobs %d: it must not be negative", a.jobs)}
	case a.engine == "goz3" && a.solver != "":
		return &exitError{exitUsage, "--solver is for the process engine; --engine goz3 runs in process"}
	}
	return nil
}

// choose completes the value of a flag.
func choose(c *cobra.Command, flag string, values ...string) {
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// loopArgs completes .loop files and folders.
func loopArgs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"loop"}, cobra.ShellCompDirectiveFilterFileExt
}

// fromFile completes the value of a flag from the .loop file that the arguments name.
func (a *app) fromFile(c *cobra.Command, flag string, values func(ctx context.Context, path string) []string) {
	_ = c.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		var out []string
		for _, path := range args {
			out = append(out, values(cmd.Context(), path)...)
		}
		slices.Sort(out)
		return slices.Compact(out), cobra.ShellCompDirectiveNoFileComp
	})
}
