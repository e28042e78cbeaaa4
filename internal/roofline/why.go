package roofline

import (
	"fmt"
	"strings"

	"github.com/loopopt/loopopt/internal/tune"
)

// limits are the names of what package tune says binds.
var limits = map[string]string{
	"multiply-adds":     "compute",
	"loads":             "load ports",
	"stores":            "store ports",
	"instructions":      "issue",
	"latency":           "latency of sums",
	"calls of assembly": "calls of assembly",
}

const (
	bandwidth = "bandwidth of "
	waiting   = "waiting for "
)

func limit(bound string) string {
	if level, ok := strings.CutPrefix(bound, "data from "); ok {
		return bandwidth + level
	}
	if level, ok := strings.CutPrefix(bound, "loads and waiting for "); ok {
		return waiting + level
	}
	return limits[bound]
}

// why is one sentence on what keeps a form from the peak; m is nil for Go.
func (r *Row) why(m *tune.Machine) string {
	switch {
	case m == nil:
		return "ran in Go, one number at a time: no assembly form was measured on these sizes"
	case r.Roof == 0 || r.Peak == 0:
		return "no share of the peak is known (there is none of integers, on arm64, or where operations are too many to count); by the model " + r.binds(m)
	}
	return fmt.Sprintf("at %s of the peak: by the model %s%s", percent(r.Peak), r.binds(m), r.losses())
}

// binds tells what the limit is made of.
func (r *Row) binds(m *tune.Machine) string {
	t := r.Predicted.Tile
	fmas := short(float64(t.FMAs) / m.FMAs)
	loop := ""
	if l := r.Loop; l != nil {
		loop = fmt.Sprintf(" (%s for %s in %s)", plural(l.Loads, "load"), plural(l.FMAs, "FMA"), plural(l.Instructions, "instruction"))
	}
	switch {
	case strings.HasPrefix(r.Limit, bandwidth):
		return fmt.Sprintf("%s binds%s", r.Limit, loop)
	case strings.HasPrefix(r.Limit, waiting):
		return fmt.Sprintf("loads wait for data from %s in pieces shorter than a page%s", strings.TrimPrefix(r.Limit, waiting), loop)
	}
	switch r.Limit {
	case "compute":
		switch l := r.Loop; {
		case l == nil || l.Other == 0:
			return "the FMAs bind" + loop
		case l.FMAs == 0:
			return fmt.Sprintf("arithmetic binds, and none of it are FMAs, of which one is worth two operations%s", loop)
		}
		return fmt.Sprintf("arithmetic binds, %s of it no FMAs, of which one is worth two%s", plural(r.Loop.Other, "operation"), loop)
	case "load ports":
		return fmt.Sprintf("loads bind: %s cycles a turn, of which arithmetic needs %s%s", short(t.Cycles), fmas, loop)
	case "store ports":
		return fmt.Sprintf("stores bind: %s cycles a turn, of which arithmetic needs %s%s", short(t.Cycles), fmas, loop)
	case "issue":
		return fmt.Sprintf("instructions bind, at most %s a cycle%s", short(m.Issue), loop)
	case "latency of sums":
		return fmt.Sprintf("each sum waits for itself: %s cycles a turn, of which arithmetic needs %s%s", short(t.Cycles), fmas, loop)
	}
	return "Go calls assembly for too little work at a time" + loop
}

// losses lists where the rest of the peak goes: shares of the predicted time, and what that leaves to explain.
func (r *Row) losses() string {
	p := r.Predicted
	var parts []string
	lost := func(x float64, to string) {
		if x >= 0.01 {
			parts = append(parts, percent(x)+" to "+to)
		}
	}
	lost(1-p.Core/p.Seconds, "waiting for data")
	lost(p.Calls/p.Seconds, "calls of assembly")
	lost((p.Core-p.Calls)/p.Seconds-p.Share, "other work in and around the loops")
	lost(p.Share-r.Peak, "what the model does not know")
	if len(parts) == 0 {
		return ""
	}
	return "; " + strings.Replace(strings.Join(parts, ", "), "%", "% are lost", 1)
}

// percent is a share for people.
func percent(x float64) string {
	switch {
	case x <= 0:
		return "-"
	case x < 0.01:
		return fmt.Sprintf("%.1f %%", 100*x)
	}
	return fmt.Sprintf("%.0f %%", 100*x)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func short(x float64) string { return fmt.Sprintf("%.3g", x) }
