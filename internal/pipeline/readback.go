package pipeline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"regexp"
	"runtime"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/gen/lift"
	"github.com/loopopt/loopopt/loopir"
)

// A Readback says whether one compiled form, read back from its text, does what the
// kernel does that it was generated from.
type Readback struct {
	File    string          `json:"file"`   // the Go file of the form
	Loop    string          `json:"loop"`   // the kernel's file
	Kernel  string          `json:"kernel"` // digest of the kernel and what it calls
	Outcome equiv.Outcome   `json:"outcome"`
	Verdict equiv.Verdict   `json:"verdict"`
	Count   int             `json:"obligations"`
	MS      float64         `json:"ms"`
	Reason  string          `json:"reason,omitempty"`
	Digest  string          `json:"digest,omitempty"` // of the lifted program and the kernel
	At      loopir.Span     `json:"-"`                // where the proof fails
	Result  *lift.Result    `json:"-"`
	Example string          `json:"counterexample,omitempty"`
	Errors  []*loopir.Error `json:"-"`
}

// VerifyPackage proves of each form in the text of a generated package that it performs
// the operations of its kernel, for all sizes that the exported functions let through,
// and nothing else. onDone is told of each form, in order.
func VerifyPackage(ctx context.Context, dir string, files map[string][]byte, opts equiv.Options, onDone func(*Readback)) ([]*Readback, error) {
	forms, err := readForms(dir, files)
	if err != nil {
		return nil, err
	}
	if len(forms) == 0 {
		return nil, fmt.Errorf("%s: no compiled form of a kernel", dir)
	}
	out := make([]*Readback, len(forms))
	errs := make([]error, len(forms))
	done := make([]chan struct{}, len(forms))
	for i := range done {
		done[i] = make(chan struct{})
	}
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), 4) {
		wg.Go(func() {
			for i := range next {
				out[i], errs[i] = readback(ctx, forms[i].pkg, forms[i].Form, opts)
				close(done[i])
			}
		})
	}
	go func() {
		for i := range forms {
			next <- i
		}
		close(next)
	}()
	for i := range forms {
		<-done[i]
		if errs[i] == nil && onDone != nil {
			onDone(out[i])
		}
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, ctx.Err()
}

// A formOf is a form and the package that it is read in.
type formOf struct {
	lift.Form
	pkg *lift.Package
}

// readForms reads the package as each processor's build has it. The Go forms are the
// same everywhere and taken once.
func readForms(dir string, files map[string][]byte) ([]formOf, error) {
	var out []formOf
	for i, arch := range lift.Archs(files) {
		p, err := lift.Read(dir, files, arch)
		if err != nil {
			return nil, err
		}
		if err := p.Strays(); err != nil {
			return nil, err
		}
		if err := p.Consistent(); err != nil {
			return nil, err
		}
		for _, f := range p.Forms() {
			if i == 0 || strings.HasSuffix(f.File, "_"+arch+".go") {
				out = append(out, formOf{f, p})
			}
		}
	}
	return out, nil
}

func readback(ctx context.Context, p *lift.Package, f lift.Form, opts equiv.Options) (*Readback, error) {
	start := time.Now()
	r, err := p.Verify(ctx, f, opts)
	if err != nil {
		return nil, err
	}
	b := &Readback{File: f.File, Loop: f.Loop, Kernel: loopDigest(p.Text(f.Loop)), Outcome: r.Outcome, Verdict: r.Verdict, Count: r.Count, Result: r, Errors: r.Failures}
	b.MS = float64(time.Since(start).Microseconds()) / 1000
	var reasons []string
	for _, e := range r.Failures {
		reasons = append(reasons, e.Error())
		if b.At.Start.Line == 0 {
			b.At = e.Span
		}
	}
	b.Reason = strings.Join(reasons, "\n")
	if r.Counterexample != nil {
		b.Example = r.Counterexample.String()
	}
	if r.Outcome == equiv.Proved {
		h := sha256.New()
		fmt.Fprintf(h, "%s\n%s\n%s\n", r.Verdict, r.Target, loopir.FormatKernel(r.Lifted))
		b.Digest = fmt.Sprintf("%x", h.Sum(nil)[:12])
	}
	return b, nil
}

var scheduleLine = regexp.MustCompile(`(?m)^// schedule [^\n]*$`)

// stamp writes the digests of the proofs of the read-back forms into the headers of
// their files: the Go file, and the assembly that goes with it.
func stamp(files map[string][]byte, list []*Readback) {
	sort.Slice(list, func(i, j int) bool { return list[i].File < list[j].File })
	for _, b := range list {
		for _, name := range []string{b.File, strings.TrimSuffix(b.File, ".go") + ".s"} {
			src, ok := files[name]
			at := scheduleLine.FindIndex(src)
			if !ok || at == nil {
				continue
			}
			var out bytes.Buffer
			out.Write(src[:at[1]])
			fmt.Fprintf(&out, ", read back %s", b.Digest)
			out.Write(src[at[1]:])
			files[name] = out.Bytes()
		}
	}
}

// Stale tells which files carry another digest than their proof has.
func Stale(files map[string][]byte, list []*Readback) []string {
	var out []string
	for _, b := range list {
		for _, name := range []string{b.File, strings.TrimSuffix(b.File, ".go") + ".s"} {
			line := scheduleLine.Find(files[name])
			if _, have, ok := strings.Cut(string(line), ", read back "); ok && b.Digest != "" && have != b.Digest {
				out = append(out, fmt.Sprintf("%s: the header says read back %s, the proof is %s", name, have, b.Digest))
			}
		}
	}
	return out
}

// failure is the error of a form that is not proved.
func (b *Readback) failure() *loopir.Error {
	kind := loopir.Undecided
	if b.Outcome == equiv.Refuted {
		kind = loopir.Refuted
	}
	e := &loopir.Error{Kind: kind, Span: b.At, Msg: fmt.Sprintf("%s, read back, is not shown to do what %s does", b.File, b.Loop)}
	if b.Example != "" {
		e.Note(loopir.Span{}, "%s", b.Example)
	}
	return e.Note(loopir.Span{}, "%s", b.Reason)
}

// verified reads back what Generate is about to return, and gives the forms that fail.
func verified(ctx context.Context, pkg string, files map[string][]byte, opts Options) ([]*Readback, error) {
	list, err := VerifyPackage(ctx, pkg, files, opts.Equiv, opts.OnReadback)
	if err != nil {
		return nil, err
	}
	var bad []*Readback
	for _, b := range list {
		if b.Outcome != equiv.Proved {
			bad = append(bad, b)
		}
	}
	if len(bad) == 0 {
		stamp(files, list)
	}
	return bad, nil
}
