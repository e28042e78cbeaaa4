package main

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/klauspost/cpuid/v2"
	"github.com/spf13/cobra"

	"github.com/loopopt/loopopt/equiv/smt"
)

// A health is what doctor --json prints.
type health struct {
	Go       string           `json:"go"`
	Platform string           `json:"platform"`
	CPU      string           `json:"cpu"`
	Cores    int              `json:"cores"`
	Features []string         `json:"features"`
	Missing  []string         `json:"missing"`
	Engines  []smt.EngineInfo `json:"engines"`
	Usable   bool             `json:"usable"`
}

func (a *app) doctorCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Tell what solver and CPU this machine has and what is missing",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			h := health{
				Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
				CPU: cpuid.CPU.BrandName, Cores: runtime.GOMAXPROCS(0), Engines: smt.Engines(cmd.Context()),
			}
			for _, f := range []cpuid.FeatureID{cpuid.AVX2, cpuid.FMA3, cpuid.AVX512F, cpuid.AVX512DQ, cpuid.AVX512BW, cpuid.AVX512VL} {
				if cpuid.CPU.Has(f) {
					h.Features = append(h.Features, f.String())
				} else {
					h.Missing = append(h.Missing, f.String())
				}
			}
			for _, e := range h.Engines {
				h.Usable = h.Usable || e.Version != ""
			}
			if a.json {
				if err := a.printJSON(h); err != nil {
					return err
				}
			} else {
				a.printHealth(h)
			}
			if !h.Usable {
				return &exitError{exitUsage, "no solver: install one as told above"}
			}
			return nil
		},
	}
	a.jsonFlag(c)
	return c
}

func (a *app) printHealth(h health) {
	fmt.Fprintf(a.out, "go        %s on %s, %d cores\n", h.Go, h.Platform, h.Cores)
	fmt.Fprintf(a.out, "cpu       %s: %s\n", h.CPU, strings.Join(h.Features, " "))
	if len(h.Missing) > 0 {
		fmt.Fprintf(a.out, "          without %s: kernels for these are emitted, not run\n", strings.Join(h.Missing, " "))
	}
	for _, e := range h.Engines {
		if e.Version != "" {
			fmt.Fprintf(a.out, "solver    %-8s %s %s\n", e.Engine, e.Program, e.Version)
		} else {
			fmt.Fprintf(a.out, "solver    %-8s %s is not usable: %s\n          %s\n", e.Engine, e.Program, e.Why, e.Install)
		}
	}
}
