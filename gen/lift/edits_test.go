package lift

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
)

// TestEdits edits emitted Go, and assembly in ways that no mutant has. None of the edited
// forms is proved, and what is told names the reason.
func TestEdits(t *testing.T) {
	pool, err := smt.NewPool(smt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, c := range []struct{ name, dir, typ, file, old, new, want string }{
		{"product-may-be-fused", "gemm", "gemmNaive", "gemm_naive.go", "float32(A[i*K+k]*B[k*N+j])", "A[i*K+k]*B[k*N+j]", "once or twice"},
		{"precedence", "gemm", "gemmAvx512", "gemm_avx512.go", "C[(6*ib+i)*N+(64*jt+j1)] = fma32(A[(6*ib+i)*K+k], B[k*N+(64*jt+j1)]", "C[(6*ib+i)*N+(64*jt+j1)] = fma32(A[6*ib+i*K+k], B[k*N+(64*jt+j1)]", "gemm_avx512.go"},
		{"bound", "gemm", "gemmNaive", "gemm_naive.go", "j < N", "j < N+1", "outside"},
		{"index", "softmax", "softmaxNaive", "softmax_naive.go", "X[n*K+i]", "X[n*K+i+1]", "softmax_naive.go"},
		{"truncating-division", "stencil", "jacobiTimeTiled", "jacobi_time_tiled.go", "xb := tb / 16", "xb := (tb - 16) / 16", "dividend"},
		{"length-unchecked", "gemm", "gemmAvx512AVX512", "gemm.go", "len(B), K, N", "len(B), K", "length"},
		{"overlap-unchecked", "gemm", "gemmAvx512AVX512", "gemm.go", "if overlap(B, C) {\n\t\treturn shapeError(`%s`, \"Gemm: B and C share memory\")\n\t}\n", "", "overlap"},
		{"size-unchecked", "gemm", "gemmAvx512", "gemm.go", "if err := checkSize(\"Gemm\", \"K\", K); err != nil {\n\t\treturn err\n\t}\n", "", "contract/size"},
		{"condition-dropped", "conv", "convAvx512S1AVX512", "conv.go", " && stride == 1 && Q%14 == 0 && K%32 == 0:\n\t\tcallConvAvx512S1AVX512", " && stride == 1 && K%32 == 0:\n\t\tcallConvAvx512S1AVX512", "Q%14"},
		{"feature-unchecked", "conv", "convAvx512S1AVX512", "conv_amd64.go", "var hasConvAvx512S1AVX512 = cpu.X86.HasAVX512F", "var hasConvAvx512S1AVX512 = cpu.X86.HasAVX2", "HasAVX512F"},
		{"arguments-swapped", "gemm", "gemmAvx512AVX512", "gemm.go", "callGemmAvx512AVX512(threads, M, N, K, A, B, C)", "callGemmAvx512AVX512(threads, M, N, K, B, A, C)", "gets the argument"},
		{"write-behind-the-dispatch", "gemm", "gemmAvx512", "gemm.go", "\treturn nil\n}\n\n// WhichGemm", "\tC[0] = 0\n\treturn nil\n}\n\n// WhichGemm", "does not end"},
		{"support-edited", "gemm", "gemmAvx512", "support.go", "return float32(s)\n\t}\n\treturn fma32Odd", "return float32(s) + 0\n\t}\n\treturn fma32Odd", "fma32"},
		{"parallel-count", "gemm", "gemmAvx512", "gemm_avx512.go", "parallelFor(c, 0, max(0, M/6), c.threads)", "parallelFor(c, 0, max(0, M/6-1), c.threads)", ""},
		{"frame-overrun", "gemm", "gemmAvx512AVX512", "gemm_avx512_avx512_amd64.s", "\tTESTQ R11, R11\n", "\tMOVQ R11, s0-8(SP)\n\tTESTQ R11, R11\n", "frame"},
		{"reserved-register", "gemm", "gemmAvx512AVX512", "gemm_avx512_avx512_amd64.s", "\tTESTQ R11, R11\n", "\tMOVQ R11, R14\n\tTESTQ R11, R11\n", "belongs to Go"},
		{"unknown-instruction", "gemm", "gemmAvx512AVX512", "gemm_avx512_avx512_amd64.s", "\tTESTQ R11, R11\n", "\tXCHGQ R11, R11\n\tTESTQ R11, R11\n", "no instruction XCHGQ"},
		{"vzeroupper-early", "gemm", "gemmAvx512AVX512", "gemm_avx512_avx512_amd64.s", "\tADDQ $256, DX\n", "\tVZEROUPPER\n\tADDQ $256, DX\n", "before the last RET"},
		{"dead-load-out-of-bounds", "gemm", "gemmAvx512AVX512", "gemm_avx512_avx512_amd64.s", "\tADDQ $256, DX\n", "\tVMOVUPS 256(R8)(R9*2), Z31\n\tADDQ $256, DX\n", "outside"},
		{"dead-load-of-another-row", "gemm", "gemmAvx512AVX512", "gemm_avx512_avx512_amd64.s", "\tADDQ $256, DX\n", "\tVMOVUPS 256(DX), Z31\n\tADDQ $256, DX\n", "in one cell"},
		{"mask-too-narrow", "stencil", "jacobiTimeTiledAVX512", "jacobi_time_tiled_avx512_amd64.s", "VPCMPD $6, jacobiTimeTiledAVX512Region0_iota<>+0(SB), Z0, K1", "VPCMPQ $6, jacobiTimeTiledAVX512Region0_iota<>+0(SB), Z0, K1", ".s:"},
		{"lanes-numbered-by-half-a-register", "softmax", "softmaxLanesAVX512", "softmax_lanes_avx512_amd64.s", "VBROADCASTSS softmaxLanesAVX512Region0_4<>(SB), Z17", "VBROADCASTSS softmaxLanesAVX512Region0_4<>(SB), Y17", "only one lane to all"},
		{"lanes-of-half-a-register", "softmax", "softmaxLanesAVX512", "softmax_lanes_avx512_amd64.s", "\tVPERMPS Z2, Z17, Z17\n", "\tVMOVUPS Y2, Y2\n\tVPERMPS Z2, Z17, Z17\n", "the lanes do not fit"},
		{"neon-other-lane", "gemm", "gemmNeonNEON", "gemm_neon_neon_arm64.s", "WORD $0x4f981349 //", "WORD $0x4fb81349 //", "no such lane"},
		{"neon-other-operand", "gemm", "gemmNeonNEON", "gemm_neon_neon_arm64.s", "WORD $0x4f981349", "WORD $0x4f981329", "gemm_neon_neon_arm64.s"},
		{"neon-minus", "gemm", "gemmNeonNEON", "gemm_neon_neon_arm64.s", "WORD $0x4f981349", "WORD $0x4f985349", "no place"},
		{"neon-comment-stays", "gemm", "gemmNeonNEON", "gemm_neon_neon_arm64.s", "WORD $0x4f981349", "WORD $0x4f98134a", "gemm_neon_neon_arm64.s"},
		{"neon-other-arrangement", "gemm", "gemmNeonNEON", "gemm_neon_neon_arm64.s", "WORD $0x4f981349 // VFMLA V24.S[0], V26.S4, V9.S4", "VFMLA V26.D2, V24.D2, V9.D2", "64"},
		{"neon-half-a-vector", "gemm", "gemmNeonNEON", "gemm_neon_neon_arm64.s", "WORD $0x4f981349 // VFMLA V24.S[0], V26.S4, V9.S4", "VFMLA V26.S2, V24.S2, V9.S2", "no instruction VFMLA.S2"},
		{"neon-post-increment", "gemm", "gemmNeonNEON", "gemm_neon_neon_arm64.s", "FMOVQ (R2), F25", "FMOVQ.P 16(R2), F25", "not read"},
		{"neon-shift", "gemm", "gemmNeonNEON", "gemm_neon_neon_arm64.s", "ADD R4<<1, R1, R17", "ADD R4<<2, R1, R17", "gemm_neon_neon_arm64.s"},
		{"neon-operands-of-branch", "gemm", "gemmNeonNEON", "gemm_neon_neon_arm64.s", "CMP $0, R8\n\tBLE k_2_end", "CMP $0, R8\n\tBLT k_2_end", "terminates"},
		{"neon-scratch-of-the-assembler", "gemm", "gemmNeonNEON", "gemm_neon_neon_arm64.s", "ADD R4<<1, R1, R17\n\tFMOVS (R17)", "ADD R4<<1, R1, R27\n\tFMOVS (R27)", "belongs to Go"},
		{"neon-platform-register", "gemm", "gemmNeonNEON", "gemm_neon_neon_arm64.s", "ADD R4<<1, R1, R17\n\tFMOVS (R17)", "ADD R4<<1, R1, R18\n\tFMOVS (R18)", "belongs to Go"},
		{"neon-of-amd64", "gemm", "gemmNeonNEON", "gemm_neon_neon_arm64.s", "\tCMP $0, R8\n", "\tMOVQ $0, R8\n\tCMP $0, R8\n", "no instruction MOVQ"},
		{"neon-read-past-the-end", "gemm", "gemmNeonNEON", "gemm_neon_neon_arm64.s", "\tADD $64, R5\n", "\tFMOVQ 64(R17), F31\n\tADD $64, R5\n", "outside"},
		{"neon-feature-unchecked", "gemm", "gemmNeonNEON", "gemm_arm64.go", "cpu.ARM64.HasASIMD", "cpu.ARM64.HasFP", "HasASIMD"},
	} {
		t.Run(c.name, func(t *testing.T) {
			arch := "amd64"
			if strings.HasSuffix(c.typ, "NEON") {
				arch = "arm64"
			}
			p := loadFor(t, "../../kernels/"+c.dir, arch)
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
			found := false
			for _, f := range q.Forms() {
				if f.Type != c.typ {
					continue
				}
				found = true
				ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
				defer cancel()
				r, err := q.Verify(ctx, f, equiv.Options{Pool: pool})
				if err != nil {
					t.Fatal(err)
				}
				var told []string
				for _, e := range r.Failures {
					told = append(told, e.Error())
				}
				if r.Counterexample != nil {
					told = append(told, r.Counterexample.String())
				}
				if all := strings.Join(told, "\n"); r.Outcome == equiv.Proved || !strings.Contains(all, c.want) || all == "" {
					t.Errorf("%s, want %q:\n%s", r.Outcome, c.want, all)
				}
			}
			if !found {
				t.Errorf("no form %s", c.typ)
			}
		})
	}
}

// TestStrays wants code that is no part of a form found.
func TestStrays(t *testing.T) {
	for _, c := range []struct{ name, add string }{
		{"init", "\nfunc init() { hasGemmAvx512AVX512 = true }\n"},
		{"function", "\nfunc extra(a []float32) { a[0] = 1 }\n"},
		{"variable", "\nvar extra = func() int { return 1 }()\n"},
		{"method", "\nfunc (e extra) m() {}\n\ntype extra struct{}\n"},
		{"panic", "\nfunc extra() { panic(\"at work\") }\n\nfunc Other() { extra() }\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := load(t, "../../kernels/gemm")
			if err := p.Strays(); err != nil {
				t.Fatal(err)
			}
			files := copyMap(p.text)
			files["gemm_amd64.go"] = append(append([]byte(nil), files["gemm_amd64.go"]...), c.add...)
			q, err := Read(p.Dir, files, p.Arch)
			if err != nil {
				t.Fatal(err)
			}
			if err := q.Strays(); err == nil {
				t.Error("it is not found")
			}
		})
	}
}

// TestStandIn wants a form of another processor, which panics here, found when it can be
// reached.
func TestStandIn(t *testing.T) {
	p := load(t, "../../kernels/gemm")
	files := copyMap(p.text)
	was := "const hasGemmNeonNEON = false"
	if !strings.Contains(string(files["gemm_amd64.go"]), was) {
		t.Fatal("there is no such form")
	}
	files["gemm_amd64.go"] = []byte(strings.Replace(string(files["gemm_amd64.go"]), was, "var hasGemmNeonNEON = cpu.X86.HasAVX2", 1))
	q, err := Read(p.Dir, files, p.Arch)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Strays(); err == nil || !strings.Contains(err.Error(), "callGemmNeonNEON") {
		t.Error(err)
	}
}
