package lift

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
)

// TestNothingUnread edits what no loop and no instruction shows: arguments of calls, signatures, fields,
// pools, and declarations that nothing refers to. Each is refused before anything is proved.
func TestNothingUnread(t *testing.T) {
	pool, err := smt.NewPool(smt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	const (
		naive          = "C[i*N+j] = C[i*N+j] + float32(A[i*K+k]*B[k*N+j])"
		gemm, gemmGo   = "gemmAvx512", "gemm_avx512.go"
		asmForm        = "gemmAvx512AVX512"
		asmGo, asmText = "gemm_avx512_avx512_amd64.go", "gemm_avx512_avx512_amd64.s"
		gru, gruGo     = "gruPacked", "gru_packed.go"
		first          = "parallelFor(c, 0, max(0, M/6), c.threads)"
		get, put       = "w := gruPackedScratches.Get().(*gruPackedScratch)\n", "\tgruPackedScratches.Put(w)\n"
		hands, gruFor  = "\t\tc.a = a\n\t\tc.t = t\n", "parallelFor(c, 0, max(0, K/16), c.threads)"
		regionText     = "TEXT ·gemmAvx512AVX512Region0(SB), NOSPLIT, $0-8"
	)
	for _, c := range []struct{ name, dir, typ, file, old, new, want string }{
		// Arguments.
		{"threads-of-a-function", "gemm", gemm, gemmGo, first, "parallelFor(c, 0, max(0, M/6), func() int { c.K = min(c.K, 1); return 1 }())", "c.threads"},
		{"threads-divided", "gemm", gemm, gemmGo, first, "parallelFor(c, 0, max(0, M/6), 1/c.threads)", "c.threads"},
		{"threads-another-field", "gemm", gemm, gemmGo, first, "parallelFor(c, 0, max(0, M/6), c.M)", "c.threads"},
		{"fields-left-out", "gemm", asmForm, asmGo, "\t\t\tn_k:    int64(K),\n", "", "one by one"},
		{"two-variables-at-once", "gemm", "gemmNaive", "gemm_naive.go", "N := c.N\n", "N, M := c.N, c.M\n", "not read"},
		// Signatures.
		{"parameters-of-runrange", "gemm", gemm, gemmGo, "runRange(which, lo, hi int)", "runRange(which, hi, lo int)", "runRange(which, lo, hi int)"},
		{"parameters-of-par", "gemm", gemm, gemmGo, "par0(lo, hi int)", "par0(hi, lo int)", "par0(lo, hi int)"},
		{"more-parameters-of-par", "gemm", gemm, gemmGo, "par0(lo, hi int)", "par0(lo, hi int, more ...int)", "par0(lo, hi int)"},
		{"receiver-by-value", "gemm", gemm, gemmGo, "(c *gemmAvx512) par0(", "(c gemmAvx512) par0(", "par0(lo, hi int)"},
		{"receiver-of-another-name", "gemm", gemm, gemmGo, "func (c *gemmAvx512) runRange(which, lo, hi int) {\n", "func (d *gemmAvx512) runRange(which, lo, hi int) {\n\tc := d\n", "runRange(which, lo, hi int)"},
		{"cases-that-call-one-method", "gemm", gemm, gemmGo, "c.par1(lo, hi)", "c.par0(lo, hi)", "is not case 1"},
		{"cases-in-another-order", "gemm", gemm, gemmGo, "case 0:\n\t\tc.par0(lo, hi)\n\tcase 1:\n\t\tc.par1(lo, hi)", "case 1:\n\t\tc.par1(lo, hi)\n\tcase 0:\n\t\tc.par0(lo, hi)", "is not case 0"},
		{"a-loop-twice", "gemm", gemm, gemmGo, first, first + "\n\t" + first, "twice"},
		{"argument-of-any-type", "gemm", asmForm, asmGo, "func gemmAvx512AVX512Region0(a *gemmAvx512AVX512Region0Args)", "func gemmAvx512AVX512Region0(a any)", "is not declared as"},
		// Scratch memory.
		{"put-early", "gru", gru, gruGo, get, get + put, "put back once"},
		{"put-in-the-loop", "gru", gru, gruGo, gruFor, gruFor + "\n" + put, "put back once"},
		{"put-a-function", "gru", gru, gruGo, put, "\tgruPackedScratches.Put(func() any { c.H[0] = 42; return w }())\n", "put back by the last statement"},
		{"put-a-number", "gru", gru, gruGo, put, "\tgruPackedScratches.Put(7)\n", "put back by the last statement"},
		{"never-put", "gru", gru, gruGo, put, "", "put back by the last statement"},
		{"put-before-the-end", "gru", gru, gruGo, put, put + "\tfor i := 0; i < 1; i++ {\n\t}\n", "put back by the last statement"},
		{"new-of-another-type", "gru", gru, gruGo, "new(gruPackedScratch)", "new(int)", "no part of a form"},
		{"new-of-the-form", "gru", gru, gruGo, "new(gruPackedScratch)", "new(gruPacked)", "no part of a form"},
		{"new-does-more", "gru", gru, gruGo, "\treturn new(gruPackedScratch)", "\tprintln()\n\treturn new(gruPackedScratch)", "no part of a form"},
		{"an-interface-got", "gru", gru, gruGo, ".Get().(*gruPackedScratch)", ".Get().(interface{ m() })", "not taken by"},
		{"another-pool", "gru", gru, gruGo, get, "w := gruPackedCalls.Get().(*gruPackedScratch)\n", "not taken by"},
		{"another-name", "gru", gru, gruGo, get, "v := gruPackedScratches.Get().(*gruPackedScratch)\n\tw := v\n", "not taken by"},
		// What all iterations share.
		{"set-in-a-parallel-loop", "gru", gru, gruGo, "\t\t_ = kb\n", "\t\t_ = kb\n\t\tc.t = kb\n\t\tparallelFor(c, 0, 1, 1)\n", "inside of a parallel loop"},
		{"set-in-a-parallel-method", "gru", gru, gruGo, "\tt := c.t\n", "\tt := c.t\n\tc.t = t\n", "not read"},
		{"a-parallel-loop-in-one", "gru", gru, gruGo, "\t\t_ = kb\n", "\t\t_ = kb\n\t\tparallelFor(c, 0, 1, c.threads)\n", "twice"},
		{"set-too-early", "gru", gru, gruGo, hands + "\t\t" + gruFor, hands + "\t\t_ = a\n\t\t" + gruFor, "no parallel loop follows"},
		{"set-after-the-loop", "gru", gru, gruGo, gruFor, gruFor + "\n\t\tc.t = t", "no parallel loop follows"},
		{"set-twice", "gru", gru, gruGo, hands, hands + "\t\tc.t = t\n", "twice"},
		{"set-from-elsewhere", "gru", gru, gruGo, "c.t = t", "c.t = N", "gru_packed"},
		// Declarations.
		{"a-wide-receiver", "gemm", gemm, gemmGo, "\tthreads int\n", "\tthreads int\n\tpad [1 << 40]byte\n", "no such field"},
		{"a-field-more", "gemm", gemm, gemmGo, "\tthreads int\n", "\tthreads int\n\tmore int\n", "no such field"},
		{"fields-in-another-order", "gemm", gemm, gemmGo, "\tM       int\n\tN       int\n", "\tN       int\n\tM       int\n", "no such field"},
		{"an-embedded-field", "gemm", gemm, gemmGo, "\tthreads int\n", "\tthreads int\n\tShapeError\n", "no such field"},
		{"a-buffer-more", "gru", gru, gruGo, "\tbuf0 []float32\n", "\tbuf0 []float32\n\tbuf1 []float32\n", "no such field"},
		{"an-argument-more", "gemm", asmForm, asmGo, "Region0Args struct {\n", "Region0Args struct {\n\tpad int64\n", "one by one"},
		{"a-padded-argument", "gemm", asmForm, asmGo, "Region0Args struct {\n", "Region0Args struct {\n\t_ [8]byte\n", "one by one"},
		{"a-method-more", "gemm", gemm, gemmGo, "func (c *gemmAvx512) runRange", "func (c *gemmAvx512) String() string { return \"\" }\n\nfunc (c *gemmAvx512) runRange", "no method of the form"},
		{"a-parallel-method-more", "gemm", gemm, gemmGo, "func (c *gemmAvx512) runRange", "func (c *gemmAvx512) par2(lo, hi int) { c.K = 0 }\n\nfunc (c *gemmAvx512) runRange", "no method of the form"},
		{"a-method-of-the-support", "gemm", gemm, gemmGo, "func (c *gemmAvx512) runRange", "func (e *ShapeError) Is(error) bool { return true }\n\nfunc (c *gemmAvx512) runRange", "no method of the form"},
		{"an-alias", "gemm", gemm, gemmGo, "func (c *gemmAvx512) runRange", "type more = ShapeError\n\nfunc (c *gemmAvx512) runRange", "nothing but structs"},
		{"a-constant", "gemm", gemm, gemmGo, "func (c *gemmAvx512) runRange", "const more = 1\n\nfunc (c *gemmAvx512) runRange", "no part of a form"},
		{"an-import", "softmax", "softmaxNaive", "softmax_naive.go", "import \"math\"", "import math \"example.com/math\"", "no such import"},
		{"noescape-missing", "gemm", asmForm, asmGo, "//go:noescape\n", "", "go:noescape"},
		{"another-directive", "gemm", asmForm, asmGo, "//go:noescape\n", "//go:noescape\n//go:linkname gemmAvx512AVX512Region0 fma32\n", "go:noescape"},
		{"a-larger-frame", "gemm", asmForm, asmText, regionText, strings.Replace(regionText, "$0", "$700", 1), "frame"},
		{"larger-arguments", "gemm", asmForm, asmText, regionText, strings.Replace(regionText, "-8", "-16", 1), "argument"},
		{"a-function-of-assembly-more", "gemm", asmForm, asmText, "// func gemm", "TEXT ·more(SB), NOSPLIT, $0-8\n\tRET\n\n// func gemm", "called by nothing"},
		{"data-that-nothing-reads", "gemm", asmForm, asmText, "// func gemm", "DATA more<>+0(SB)/4, $1\nGLOBL more<>(SB), RODATA|NOPTR, $4\n\n// func gemm", "read by nothing"},
		// Products that Go may round together with a sum.
		{"product-in-a-variable", "gemm", "gemmNaive", "gemm_naive.go", naive, "var t float32 = A[i*K+k] * B[k*N+j]\n\t\t\t\tC[i*N+j] = C[i*N+j] + t", "once or twice"},
		{"product-in-memory", "gemm", "gemmNaive", "gemm_naive.go", naive, "C[0] = A[i*K+k] * B[k*N+j]\n\t\t\t\tC[i*N+j] = C[i*N+j] + C[0]", "once or twice"},
		{"product-that-only-stays", "gru", "gruBeforeNaive", "gru_before_naive.go", "s[l] = float32(sigmoid32(r) * H[(t*N+n)*K+l])", "s[l] = sigmoid32(r) * H[(t*N+n)*K+l]", "once or twice"},
		{"negative-product", "gemm", "gemmNaive", "gemm_naive.go", "float32(A[i*K+k]*B[k*N+j])", "float32(-(A[i*K+k]*B[k*N+j]))", "once or twice"},
		{"product-of-another-precision", "gemm", "gemmNaive", "gemm_naive.go", "float32(A[i*K+k]*B[k*N+j])", "float32(float64(A[i*K+k]*B[k*N+j]))", "once or twice"},
		{"product-as-an-argument", "gemm", gemm, gemmGo, "fma32(A[(6*ib+i)*K+k], B", "fma32(A[(6*ib+i)*K+k]*float32(1), B", "once or twice"},
		// The function around a form.
		{"threads-not-set", "gemm", gemm, "gemm.go", "\tc := gemmAvx512Calls.Get().(*gemmAvx512)\n\tc.threads = threads\n", "\tc := gemmAvx512Calls.Get().(*gemmAvx512)\n", "as many threads"},
		{"put-to-another-pool", "gemm", gemm, "gemm.go", "gemmAvx512Calls.Put(c)", "gemmNaiveCalls.Put(c)", "put back"},
		{"calls-of-another-type", "gemm", gemm, "gemm.go", "return new(gemmAvx512) ", "return new(gemmNaive) ", "put back"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := load(t, "../../kernels/"+c.dir)
			files := copyMap(p.text)
			text := string(files[c.file])
			if !strings.Contains(text, c.old) {
				t.Fatalf("%s has no %q", c.file, c.old)
			}
			files[c.file] = []byte(strings.Replace(text, c.old, c.new, 1))
			q, err := Read(p.Dir, files, p.Arch)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
			defer cancel()
			told := ""
			for _, f := range q.Forms() {
				if f.Type != c.typ {
					continue
				}
				r, err := q.Verify(ctx, f, equiv.Options{Pool: pool})
				if err != nil {
					t.Fatal(err)
				}
				if r.Outcome == equiv.Proved {
					t.Fatal("it is proved")
				}
				for _, e := range r.Failures {
					told += e.Error() + "\n"
				}
			}
			if told == "" || !strings.Contains(told, c.want) {
				t.Errorf("want %q:\n%s", c.want, told)
			}
		})
	}
}

// TestAllRead wants every form of the checked-in packages read, with nothing left over.
func TestAllRead(t *testing.T) {
	dirs, err := filepath.Glob("../../kernels/*/support.go")
	if err != nil || len(dirs) == 0 {
		t.Fatal(dirs, err)
	}
	whole := map[*Package]bool{}
	for _, d := range dirs {
		for _, c := range allForms(t, filepath.Dir(d)) {
			if !whole[c.p] {
				whole[c.p] = true
				if err := c.p.Strays(); err != nil {
					t.Error(err)
				}
			}
			_, target, err := c.p.target(c.Form)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.p.read(c.Type, target); err != nil {
				t.Error(err)
				continue
			}
			if _, err := c.p.contract(c.Type, target, c.p.needs(c.Form)); err != nil {
				t.Error(err)
			}
		}
	}
}
