package lift

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
)

// TestPlanted plants bugs of the kind that tests miss into emitted text. Each is refuted
// by a run that differs, or by an access out of bounds.
func TestPlanted(t *testing.T) {
	pool, err := smt.NewPool(smt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, c := range []struct {
		name, dir, typ, file, old, new string
		all                            bool
		want                           string // in what is told
	}{
		{
			name: "tail-wrong-for-one-residue", dir: "conv", typ: "convAnyAVX512", file: "conv_any_avx512_amd64.go",
			old: "n_q1:   int64(Q % 4)", new: "n_q1:   int64(Q%4 - Q%4/3)", want: "Q=3",
		},
		{
			name: "read-past-the-end-by-a-vector", dir: "stencil", typ: "jacobiTimeTiledAVX512", file: "jacobi_time_tiled_avx512_amd64.s",
			old: "VMOVUPS.Z 4(SI)(DI*1), K1, Z3", new: "VMOVUPS 4(SI)(DI*1), Z3", want: ".s:72",
		},
		{
			name: "register-clobbered-in-a-rare-path", dir: "conv", typ: "convAvx512S1AVX512", file: "conv_avx512_s1_avx512_amd64.s",
			old: "s_3:\n", new: "s_3:\n\tCMPQ DX, $2\n\tJNE rare\n\tVPXORD Z27, Z27, Z27\nrare:\n", want: "S=2",
		},
		{
			name: "one-operand-edited", dir: "gemm", typ: "gemmAvx512AVX512", file: "gemm_avx512_avx512_amd64.s",
			old: "VFMADD231PS Z27, Z24, Z10", new: "VFMADD231PS Z26, Z24, Z10", want: "gemm_avx512_avx512_amd64.s",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := load(t, "../../kernels/"+c.dir)
			files := copyMap(p.text)
			text := string(files[c.file])
			if strings.Count(text, c.old) != 1 {
				t.Fatalf("%q is there %d times", c.old, strings.Count(text, c.old))
			}
			files[c.file] = []byte(strings.Replace(text, c.old, c.new, 1))
			q, err := Read(p.Dir, files, p.Arch)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range q.Forms() {
				if f.Type != c.typ {
					continue
				}
				ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
				defer cancel()
				start := time.Now()
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
				all := strings.Join(told, "\n")
				t.Logf("%s, %.1f s:\n%s", r.Outcome, time.Since(start).Seconds(), all)
				if r.Outcome != equiv.Refuted || !strings.Contains(all, c.want) {
					t.Errorf("want it refuted, with %q", c.want)
				}
			}
		})
	}
}
