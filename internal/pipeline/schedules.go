package pipeline

import (
	"fmt"

	"github.com/loopopt/loopopt/loopir"
)

// Schedules picks the schedules of f that can be run by themselves, or the one
// called name when that is not empty.
func Schedules(f *loopir.File, name string) ([]*loopir.Schedule, error) {
	var all []*loopir.Schedule
	for _, s := range f.Schedules {
		if !reusable(s) && (name == "" || s.Name == name) {
			all = append(all, s)
		}
	}
	switch {
	case len(all) > 0:
		return all, nil
	case name != "":
		return nil, fmt.Errorf("%s has no schedule %s to run", f.Name, name)
	}
	return nil, fmt.Errorf("%s has no schedule to run; write `schedule NAME for KERNEL { ... }`", f.Name)
}

// reusable tells whether s takes parameters or any kernel: only other schedules
// use it.
func reusable(s *loopir.Schedule) bool {
	if s.Kernel == "any" {
		return true
	}
	for _, p := range s.Params {
		if p.Default == nil {
			return true
		}
	}
	return false
}
