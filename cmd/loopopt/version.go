package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/loopopt/loopopt/equiv/smt"
)

// A build is what `version --json` prints: what a report of a defect needs.
type build struct {
	Version  string   `json:"version"`
	Revision string   `json:"revision,omitempty"`
	Modified bool     `json:"modified,omitempty"`
	Go       string   `json:"go"`
	Platform string   `json:"platform"`
	Tags     string   `json:"tags,omitempty"`
	Cgo      bool     `json:"cgo"`
	Solvers  []string `json:"solvers"`
}

// buildOf reads what the linker left in this program.
func buildOf(info *debug.BuildInfo, ok bool) build {
	b := build{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Solvers: []string{}}
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		case "-tags":
			b.Tags = s.Value
		case "CGO_ENABLED":
			b.Cgo = s.Value == "1"
		}
	}
	return b
}

func (b build) String() string {
	s := fmt.Sprintf("loopopt %s %s %s", b.Version, b.Go, b.Platform)
	if b.Revision != "" {
		s += "\nrevision  " + b.Revision
		if b.Modified {
			s += ", with changes"
		}
	}
	built := "without tags"
	if b.Tags != "" {
		built = "-tags " + b.Tags
	}
	if !b.Cgo {
		built += ", without cgo"
	}
	return s + "\nbuilt     " + built + "\nsolvers   " + strings.Join(b.Solvers, ", ") + "\n"
}

func (a *app) versionCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "version",
		Short: "Tell the version, how this program was built, and its solvers",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.printVersion(cmd) },
	}
	a.jsonFlag(c)
	return c
}

func (a *app) printVersion(cmd *cobra.Command) error {
	b := buildOf(debug.ReadBuildInfo())
	for _, e := range smt.Engines(cmd.Context()) {
		if e.Version != "" {
			b.Solvers = append(b.Solvers, fmt.Sprintf("%s %s (%s)", e.Program, e.Version, e.Engine))
		}
	}
	if a.json {
		return a.printJSON(b)
	}
	if len(b.Solvers) == 0 {
		b.Solvers = []string{"none: see loopopt doctor"}
	}
	_, err := fmt.Fprint(a.out, b)
	return err
}
