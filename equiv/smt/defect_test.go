package smt

import (
	"context"
	"errors"
	"testing"
	"time"
)

// A brokenEngine has workers that panic.
type brokenEngine struct{}

func (brokenEngine) identity() string                       { return "broken 1" }
func (brokenEngine) readsText() bool                        { return false }
func (brokenEngine) start() worker                          { return brokenEngine{} }
func (brokenEngine) solve(context.Context, *problem) result { panic("feigned") }
func (brokenEngine) close()                                 {}

// A panic in a worker ends no process, holds no worker back and proves nothing.
func TestPanicIsADefect(t *testing.T) {
	p := pool(t, Options{Jobs: 1})
	p.main = newSolver(brokenEngine{}, p.opts)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for range 3 {
		a := p.Check(ctx, numbered(3)[2])
		var d *Defect
		if !errors.As(a.Err, &d) || a.Status != Unknown {
			t.Fatalf("%+v", a)
		}
	}
}
