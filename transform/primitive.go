// Package transform applies the steps of a schedule to a kernel. A step names a
// primitive, which rewrites a copy of the kernel; the result is a proposal, and
// package equiv decides whether it is legal. Nothing here is trusted.
package transform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/loopopt/loopopt/loopir"
	"github.com/loopopt/loopopt/loopir/poly"
)

// A Primitive is one verb of the schedule language.
type Primitive struct {
	Name   string
	Syntax string // block i by B into ib, i2 [tail peel]
	Doc    string // before => after and when it is legal; the manual page
	// Apply rewrites c.Kernel in place as the arguments say. It keeps Origins
	// true: statements are moved, or copied and substituted with
	// loopir.SubstStmts; a statement that computes nothing of the old kernel
	// has a nil Origin.
	Apply func(c *Context, args *loopir.Cursor) error
}

// Primitives is the table of all primitives, sorted by name.
var Primitives = table(loopPrimitives, dataPrimitives)

// loopPrimitives change loops and conditions; dataPrimitives change what is
// stored where, and what is computed.
var loopPrimitives = []*Primitive{
	block,
	fission,
	fuse,
	hoist,
	parallel,
	peel,
	reorder,
	reverse,
	shift,
	simplify,
	sink,
	skew,
	specialize,
	split,
	unroll,
	unrollAndJam,
	unswitch,
	vectorize,
}

func table(lists ...[]*Primitive) []*Primitive {
	all := slices.Concat(lists...)
	slices.SortFunc(all, func(a, b *Primitive) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Lookup returns the primitive called name, or nil.
func Lookup(name string) *Primitive {
	for _, p := range Primitives {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// A Context is what a primitive works on.
type Context struct {
	File   *loopir.File   // a copy: kernels may be added to it
	Kernel *loopir.Kernel // lets inlined, calls kept, numbered; changed in place
	Params map[string]loopir.Expr
	Step   *loopir.Step
	Notes  []loopir.Note

	at     loopir.Span // the loop reference at work, to blame for what has no place
	shared poly.Facts  // what facts are built on
}

// Note tells the user something about the step that is not an error, once.
func (c *Context) Note(at loopir.Span, format string, args ...any) {
	if n := (loopir.Note{Span: at, Msg: fmt.Sprintf(format, args...)}); !slices.Contains(c.Notes, n) {
		c.Notes = append(c.Notes, n)
	}
}

// Reject makes a Rejected error that blames at; when that is zero, the loop
// reference at work, or else the whole step.
func (c *Context) Reject(at loopir.Span, format string, args ...any) *loopir.Error {
	if at.Start.Line == 0 {
		at = c.at
	}
	if at.Start.Line == 0 && c.Step != nil {
		at = c.Step.Span
	}
	return loopir.Rejectf(at, c.verb()+": "+format, args...)
}

func (c *Context) verb() string {
	if c.Step == nil {
		return "schedule"
	}
	return c.Step.Verb
}
