package smt

import (
	"fmt"
	"path/filepath"
	"strings"
)

// A dialect is what differs between solver programs that read SMT-LIB 2.
type dialect struct {
	program string   // as packagers and users call it
	pkg     string   // Debian package
	args    []string // that make it read commands from a pipe
	limit   func(limits) []string
	header  func(limits) string // sent once to a fresh process
	// retry surrounds a second attempt at a problem, without push and pop; "" for none.
	retry func(limits) string
}

// dialects are the programs that are looked for, best first.
var dialects = []*dialect{z3Dialect, cvc5Dialect}

// quickRLimit and quickMillis bound the first attempt at a problem.
const (
	quickRLimit = 300_000
	quickMillis = 500
)

// Z3 under push takes other, much quicker ways than without, but some of them count no steps
// (4.8.12), so that rlimit alone does not end them. The first attempt is therefore
// incremental, short, and bounded by a timeout as well; what it leaves open gets a fresh
// state and an rlimit, which makes Unknown reproducible.
var z3Dialect = &dialect{
	program: "z3", pkg: "z3",
	args: []string{"-in", "-smt2"},
	limit: func(l limits) []string {
		if l.memory == 0 {
			return nil
		}
		return []string{fmt.Sprintf("-memory:%d", max(l.memory/int64(max(l.jobs, 1))>>20, 16))}
	},
	header: func(l limits) string {
		return fmt.Sprintf("(set-option :rlimit %d)\n(set-option :timeout %d)\n",
			min(l.rlimit, quickRLimit), l.quick)
	},
	retry: func(l limits) string {
		return fmt.Sprintf("(reset)\n(set-option :timeout 4294967295)\n(set-option :rlimit %d)\n", l.rlimit)
	},
}

var cvc5Dialect = &dialect{
	program: "cvc5", pkg: "cvc5",
	args: []string{"--incremental", "--produce-models", "--lang", "smt2"},
	limit: func(l limits) []string {
		// Its steps are some four times as long as those of Z3.
		return []string{fmt.Sprintf("--rlimit-per=%d", l.rlimit/4+1)}
	},
	header: func(limits) string { return "(set-logic QF_NIA)\n" },
}

// otherDialect serves any other program that reads SMT-LIB 2 from standard input; its
// arguments, limits included, are the user's.
var otherDialect = &dialect{
	limit:  func(limits) []string { return nil },
	header: func(limits) string { return "(set-option :produce-models true)\n(set-logic QF_NIA)\n" },
}

// dialectOf knows a command by its program's name.
func dialectOf(program string) *dialect {
	base := strings.TrimSuffix(filepath.Base(program), ".exe")
	for _, d := range dialects {
		if strings.HasPrefix(base, d.program) {
			return d
		}
	}
	return otherDialect
}
