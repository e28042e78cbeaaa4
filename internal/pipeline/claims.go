package pipeline

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/gen/lift"
	"github.com/loopopt/loopopt/loopir"
)

// A Claim is what verify shows of one exported function: whatever it does not answer with
// an error, or a panic where an index in the data is none, it computes as its kernel says. It holds when each case of the dispatch runs a
// form that was read back and equals the kernel of its .loop file, exactly, and that
// kernel was shown to compute what the naive one does under the conditions of the case.
// What the checks of the arguments establish, in the order in which they are made, and that
// the cases leave nothing out, is part of reading a form back.
type Claim struct {
	Function  string        `json:"function"`
	Signature string        `json:"signature"`
	Kernel    string        `json:"kernel"`  // name and digest of the naive kernel, or of a layout helper's copy
	Cases     []ClaimCase   `json:"cases"`   // in the order in which they are tried
	Outcome   equiv.Outcome `json:"outcome"` // the worst of the cases
	Verdict   equiv.Verdict `json:"verdict,omitempty"`
	Reason    string        `json:"reason,omitempty"`
	Indices   []string      `json:"indices,omitempty"` // what forms test of the data, and panic with a *ShapeError where it is not so
	Digest    string        `json:"digest"`            // of all of it
	Span      loopir.Span   `json:"-"`
}

// A ClaimCase is one case of a dispatch.
type ClaimCase struct {
	Cond      string        `json:"when,omitempty"` // Go source; none: what is left
	Form      string        `json:"form"`           // the Go file
	Loop      string        `json:"loop"`           // the kernel's file
	Kernel    string        `json:"kernel"`         // digest of that kernel and what it calls
	Readback  equiv.Outcome `json:"readback"`
	Scheduled equiv.Outcome `json:"scheduled"`
	Verdict   equiv.Verdict `json:"verdict,omitempty"` // of the schedule
}

// Claims composes the proofs about a package: those of its forms, and those of its
// scheduled kernels by their files.
func Claims(dir string, files map[string][]byte, forms []*Readback, shown map[string]*Check) ([]*Claim, error) {
	exports, err := exportsOf(dir, files)
	if err != nil {
		return nil, err
	}
	sources, err := contents(dir, files)
	if err != nil {
		return nil, err
	}
	naive := map[string]scheduled{} // by the file of a kernel that stands for it
	indices := map[string][]string{}
	for _, s := range sources {
		for _, k := range s.kernels {
			for _, v := range append([]scheduled{k.naive}, k.variants...) {
				naive[v.file] = k.naive
				if indices[v.file], err = equiv.DataIndices(v.File, v.Kernel); err != nil {
					return nil, err
				}
			}
		}
	}
	var out []*Claim
	for _, x := range exports {
		c := &Claim{Function: x.Name, Signature: x.Signature, Span: x.Span, Outcome: equiv.Proved, Verdict: equiv.Exact}
		for _, y := range x.Cases {
			c.add(y, files, forms, shown, naive)
			for _, text := range indices[y.Form.Loop] {
				if !slices.Contains(c.Indices, text) {
					c.Indices = append(c.Indices, text)
				}
			}
		}
		if c.Outcome != equiv.Proved {
			c.Verdict = equiv.NoVerdict
		}
		c.Digest = digestOf(fmt.Sprint(c.Function, c.Signature, c.Kernel, c.Cases))
		out = append(out, c)
	}
	return out, nil
}

// exportsOf lists the exported functions, with what any build has for their cases.
func exportsOf(dir string, files map[string][]byte) ([]lift.Export, error) {
	var out []lift.Export
	for _, arch := range lift.Archs(files) {
		p, err := lift.Read(dir, files, arch)
		if err != nil {
			return nil, err
		}
		for _, x := range p.Exports() {
			i := slices.IndexFunc(out, func(y lift.Export) bool { return y.Name == x.Name })
			if i < 0 {
				out = append(out, x)
			} else {
				out[i].Merge(x)
			}
		}
	}
	return out, nil
}

func (c *Claim) add(y lift.Case, files map[string][]byte, forms []*Readback, shown map[string]*Check, naive map[string]scheduled) {
	k := ClaimCase{Cond: y.Cond, Form: y.Form.File, Loop: y.Form.Loop, Kernel: loopDigest(files[y.Form.Loop])}
	fail := func(format string, args ...any) {
		if c.Reason == "" {
			c.Reason = fmt.Sprintf(format, args...)
		}
	}
	for _, f := range forms {
		if f.File == y.Form.File && f.Loop == y.Form.Loop && f.Kernel == k.Kernel {
			k.Readback = f.Outcome
		}
	}
	if k.Readback != equiv.Proved {
		fail("%s is not shown to do what %s does", k.Form, k.Loop)
	}
	stands := k.Kernel
	switch first, ok := naive[k.Loop]; {
	case !ok || first.file == k.Loop: // a layout helper, proved when it is made anew; or the naive kernel
		k.Scheduled, k.Verdict = equiv.Proved, equiv.Exact
	default:
		stands = loopDigest(files[first.file])
		if s := shown[k.Loop]; s != nil {
			k.Scheduled, k.Verdict = s.Outcome, s.Verdict
		}
		if k.Scheduled != equiv.Proved {
			fail("%s is not shown to compute what %s does", k.Loop, first.file)
		}
	}
	stands = kernelOf(files, naive, k.Loop) + " " + stands
	if c.Kernel != "" && c.Kernel != stands {
		k.Scheduled = equiv.Unknown
		fail("its cases stand for different kernels: %s and %s", c.Kernel, stands)
	}
	c.Kernel = stands
	c.Cases = append(c.Cases, k)
	c.Outcome = equiv.Worse(c.Outcome, equiv.Worse(k.Readback, k.Scheduled))
	c.Verdict = max(c.Verdict, k.Verdict)
}

// kernelOf names the kernel that the functions of a .loop file stand for.
func kernelOf(files map[string][]byte, naive map[string]scheduled, loop string) string {
	if first, ok := naive[loop]; ok {
		return first.Kernel.Name
	}
	if f, err := loopir.Parse(loop, files[loop]); err == nil {
		if k, err := lift.Outermost(f); err == nil {
			return k.Name
		}
	}
	return loop
}

// loopDigest identifies the kernels of a .loop text, whatever its comments are.
func loopDigest(src []byte) string {
	f, err := loopir.Parse("", src)
	if err != nil {
		return digestOf(string(src))
	}
	f.Comments = nil
	return digestOf(string(loopir.Format(f)))
}

func digestOf(text string) string {
	h := sha256.Sum256([]byte(text))
	return fmt.Sprintf("%x", h[:12])
}
