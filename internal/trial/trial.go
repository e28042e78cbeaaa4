// Package trial compiles, vets and runs generated packages as packages of this module.
package trial

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// A Build is one way in which packages are compiled and run.
type Build struct {
	Name   string
	Arch   string   // GOARCH; "" is this machine's
	Tags   string   // build tags
	Runner []string // what the test binary is run by: an emulator
}

// Builds are this machine's processor, portable Go, and arm64 where there is an emulator.
func Builds() []Build {
	out := []Build{{Name: runtime.GOARCH}, {Name: "purego", Tags: "purego"}}
	if runtime.GOARCH == "arm64" {
		return out
	}
	if qemu, err := exec.LookPath("qemu-aarch64-static"); err == nil {
		out = append(out, Build{Name: "arm64", Arch: "arm64", Runner: []string{qemu}})
	}
	return out
}

// A Failure is a package that one build cannot vet, compile or run to the end.
type Failure struct {
	Build, Stage string // Stage is vet, compile or run
	Output       string
}

func (f *Failure) Error() string { return fmt.Sprintf("%s, %s: %s", f.Build, f.Stage, f.Output) }

// Run writes the files of a generated package into a folder beside this package that the
// go command doesn't see by itself, vets and compiles it with its tests as a package of the
// module at root, and runs these. The folder is gone afterwards.
func Run(ctx context.Context, root string, files map[string][]byte, builds []Build) (*Failure, error) {
	dir, err := os.MkdirTemp(filepath.Join(root, "internal", "trial"), "_run")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return nil, err
		}
	}
	where := "./internal/trial/" + filepath.Base(dir)
	for _, b := range builds {
		bin := filepath.Join(dir, "trial-"+b.Name)
		for _, c := range []struct {
			stage string
			in    string
			args  []string
		}{
			{"vet", root, []string{"go", "vet", "-tags", b.Tags, where}},
			{"compile", root, []string{"go", "test", "-c", "-vet=off", "-tags", b.Tags, "-o", bin, where}},
			{"run", dir, append(append([]string(nil), b.Runner...), bin, "-test.timeout=20m")},
		} {
			cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
			cmd.Dir = c.in
			cmd.Env = os.Environ()
			if b.Arch != "" {
				cmd.Env = append(cmd.Env, "GOARCH="+b.Arch, "CGO_ENABLED=0")
			}
			out, err := cmd.CombinedOutput()
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				return &Failure{b.Name, c.stage, strings.TrimSpace(fmt.Sprintf("%s\n%v", out, err))}, nil
			}
		}
	}
	return nil, nil
}
