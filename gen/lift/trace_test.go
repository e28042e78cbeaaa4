package lift

import (
	"context"
	"testing"

	"github.com/loopopt/loopopt/loopir"
)

// TestTraced compares bodies as sequences of events.
func TestTraced(t *testing.T) {
	body := func(text string) *loopir.Kernel {
		f, err := loopir.Parse("t.loop", []byte("kernel k(N, M: size, in A, B: f32[N], inout C, D: f32[N], inout E, F: i32[N]) where N >= 4 {\n"+text+"\n}"))
		if err != nil {
			t.Fatal(err)
		}
		return f.Kernels[0]
	}
	for _, c := range []struct {
		name, a, b string
		want       bool
	}{
		{"names of iterators and order of factors", "for i in 0..N { C[i] += A[i]*B[i] }", "for j in 0..N { C[j] = C[j] + B[j]*A[j] }", true},
		{"another sum", "for i in 0..N { C[i] = A[i] + B[i] + C[i] }", "for i in 0..N { C[i] = A[i] + (B[i] + C[i]) }", false},
		{"an unrolled loop", "for i in 0..3 { C[i] = A[i] }", "C[0] = A[0]; C[1] = A[1]; C[2] = A[2]", true},
		{"in another order", "for i in 0..3 { C[i] = A[i] }", "C[2] = A[2]; C[0] = A[0]; C[1] = A[1]", true},
		{"a step missing", "for i in 0..3 { C[i] = A[i] }", "C[2] = A[2]; C[0] = A[0]", false},
		{"a cell twice", "C[0] = A[0]; C[0] = B[0]", "C[0] = B[0]; C[0] = A[0]", false},
		{"a cell that may be the same", "C[0] = A[0]; C[M%N] = B[0]", "C[M%N] = B[0]; C[0] = A[0]", false},
		{"read behind a write", "C[0] = A[0]; D[1] = C[0]", "D[1] = C[0]; C[0] = A[0]", false},
		{"a range from elsewhere", "for i in M/4..M/2 { if i < N { C[i] = A[i] } }", "for i in 0..M/2-M/4 { if i + M/4 < N { C[i+M/4] = A[i+M/4] } }", true},
		{"a mask is a bound", "for i in 0..4 { if i < N%4 { C[i] = A[i] } }", "for i in 0..N%4 { C[i] = A[i] }", true},
		{"another bound", "for i in 0..4 { if i < N%4 { C[i] = A[i] } }", "for i in 0..N%4+1 { C[i] = A[i] }", false},
		{"a condition that the loop implies", "if N%4 > 0 { for i in 0..N%4 { C[i] = A[i] } }", "for i in 0..N%4 { C[i] = A[i] }", true},
		{"a condition that it does not imply", "if M > 0 { for i in 0..N%4 { C[i] = A[i] } }", "for i in 0..N%4 { C[i] = A[i] }", false},
		{"a bound under a condition", "if M == 2 { for i in 0..M { C[i] = A[i] } }", "for i in 0..2 { C[i] = A[i] }", false},
		{"conditions in another order", "if M > 2 { if M < N { C[1] = A[1] } }", "if M < N && M >= 3 { C[1] = A[1] }", true},
		{"both arms", "if M > 2 { C[1] = A[1] } else { C[1] = B[1] }", "if M <= 2 { C[1] = B[1] } else { C[1] = A[1] }", false},
		{"a condition on data", "if A[0] > 0 { C[1] = A[1]; C[2] = A[2] }", "if 0 < A[0] { C[1] = A[1] }; if A[0] > 0 { C[2] = A[2] }", true},
		{"data that the body changes", "if C[1] > 0 { C[1] = A[1]; C[2] = A[2] }", "if C[1] > 0 { C[1] = A[1] }; if C[1] > 0 { C[2] = A[2] }", false},
		{"a value by name", "for i in 0..N { var x: f32 = A[i]*2; C[i] = x; D[i] = x }", "for i in 0..N { C[i] = 2.0*A[i]; D[i] = A[i]*2 }", true},
		{"a value that changes", "for i in 0..N { var x: f32 = C[i]; C[i] = A[i]; D[i] = x }", "for i in 0..N { C[i] = A[i]; D[i] = C[i] }", false},
		{"locals by another name", "for i in 0..N { var s: f32[2]; s[0] = A[i]; s[1] = B[i]; C[i] = s[0] }", "for i in 0..N { var t: f32[2]; t[1] = B[i]; t[0] = A[i]; C[i] = t[0] }", true},
		{"of a local of another size, one cell", "for i in 0..N { var s: f32[2]; s[0] = A[i]; C[i] = s[0] }", "for i in 0..N { var t: f32[3]; t[0] = A[i]; C[i] = t[0] }", true},
		{"locals of another size", "for i in 0..N { var s: f32[4]; s[i%4] = A[i]; C[i] = s[i%4] }", "for i in 0..N { var t: f32[5]; t[i%4] = A[i]; C[i] = t[i%4] }", false},
		{"lanes of a register for locals", "for i in 0..2 { var s: f32 = 0; for j in 0..N { s += A[j]*B[i] } C[i] = s }", "var z: f32[2]; for l in 0..2 { z[l] = 0 } for j in 0..N { for l in 0..2 { z[l] = z[l] + A[j]*B[l] } } for l in 0..2 { C[l] = z[l] }", true},
		{"lanes that are mixed up", "for i in 0..2 { var s: f32 = 0; for j in 0..N { s += A[j]*B[i] } C[i] = s }", "var z: f32[2]; for l in 0..2 { z[l] = 0 } for j in 0..N { for l in 0..2 { z[l] = z[l] + A[j]*B[l] } } for l in 0..2 { C[1-l] = z[l] }", false},
		{"lanes that nobody looks at", "var s: f32 = A[0]; s += B[0]; C[0] = s", "var z: f32[4]; for l in 0..4 { z[l] = A[l] } for l in 0..4 { z[l] = z[l] + B[l] } C[0] = z[0]", true},
		{"a lane that is looked at", "var s: f32 = A[0]; s += B[0]; C[0] = s; C[1] = s", "var z: f32[4]; for l in 0..4 { z[l] = A[l] } for l in 0..4 { z[l] = z[l] + B[l] } C[0] = z[0]; C[1] = z[1]", false},
		{"a sum that starts elsewhere", "var s: f32 = 0; for j in 0..N { s += A[j] } C[0] = s", "var s: f32[2]; s[0] = 0; s[1] = 1; for j in 0..N { s[1] = s[1] + A[j] } C[0] = s[1]", false},
		{"two locals exchanged", "var s: f32 = A[0]; var t: f32 = A[1]; s += t; t += s; C[0] = s - t", "var z: f32[2]; z[0] = A[0]; z[1] = A[1]; z[1] = z[0] + z[1]; z[0] = z[0] + z[1]; C[0] = z[0] - z[1]", false},
		{"a loop for each array", "for i in 0..N { C[i] = A[i]; D[i] = B[i] }", "for i in 0..N { C[i] = A[i] } for i in 0..N { D[i] = B[i] }", true},
		{"a loop for each array, one of which the other reads", "for i in 0..N-1 { C[i] = A[i]; D[i] = C[i+1] }", "for i in 0..N-1 { C[i] = A[i] } for i in 0..N-1 { D[i] = C[i+1] }", false},
		{"a loop for each cell", "for j in 0..M { C[0] += A[0]; C[1] += A[1] }", "for j in 0..M { C[0] += A[0] } for j in 0..M { C[1] += A[1] }", true},
		{"a loop for each cell, if they differ", "for j in 0..M { C[0] += A[0]; C[M%N] += A[1] }", "for j in 0..M { C[0] += A[0] } for j in 0..M { C[M%N] += A[1] }", false},
		{"conditions outside of loops", "for i in 0..N { for j in 0..M { if i > 2 && j < i && j > 1 { C[i] += B[i] } } }", "for i in 0..N { if i > 2 { for j in 0..M { if j > 1 { if j < i { C[i] += B[i] } } } } }", true},
		{"a condition as a bound", "for i in 0..N { for j in 0..M { if j < i { C[i] += B[i] } } }", "for i in 0..N { for j in 0..min(M, i) { C[i] += B[i] } }", true},
		{"a condition as another bound", "for i in 0..N { for j in 0..M { if j <= i { C[i] += B[i] } } }", "for i in 0..N { for j in 0..min(M, i) { C[i] += B[i] } }", false},
		{"ends of lanes", "for l in 0..4 { if M + l >= 2 && M + l < N { C[l] = A[M+l] } }", "for l in 0..4 { if max(0, min(4, 2-M)) <= l && min(4, N-M) > l { C[l] = A[M+l] } }", true},
		{"other ends of lanes", "for l in 0..4 { if M + l >= 2 && M + l < N { C[l] = A[M+l] } }", "for l in 0..4 { if max(0, min(4, 2-M)) <= l && min(4, N-M-1) > l { C[l] = A[M+l] } }", false},
		{"a quotient among the ends", "for l in 0..4 { if 3*l >= M { C[l] = A[l] } }", "for l in 0..4 { if (M+2)/3 <= l { C[l] = A[l] } }", true},
		{"another quotient", "for l in 0..4 { if 3*l >= M { C[l] = A[l] } }", "for l in 0..4 { if (M+3)/3 <= l { C[l] = A[l] } }", false},
		{"either of two ends", "for l in 0..4 { if M <= l { C[l] = A[l] } }", "for l in 0..4 { if min(M, N/2) <= l { C[l] = A[l] } }", false},
		{"a division that a condition guards", "if M > 2 { E[0] = F[0]/F[1] }", "var q: i32 = F[0]/F[1]; if M > 2 { E[0] = q }", false},
		{"loops that share an array", "for i in 0..N { C[i] = A[i] } for j in 0..N { D[j] = C[j] }", "for j in 0..N { D[j] = C[j] } for i in 0..N { C[i] = A[i] }", false},
		{"loops that share nothing", "for i in 0..N { C[i] = A[i] } for j in 0..N { D[j] = B[j] }", "for j in 0..N { D[j] = B[j] } for i in 0..N { C[i] = A[i] }", true},
		{"a choice by numbers", "for i in 0..N { C[i] += select(i >= M && i < 2*M, A[i], 0)*B[i] }", "for i in 0..N { if i >= M { if i < 2*M { C[i] += A[i]*B[i] } else { C[i] += 0*B[i] } } else { C[i] += 0*B[i] } }", true},
		{"a choice by other numbers", "for i in 0..N { C[i] += select(i >= M && i < 2*M, A[i], 0)*B[i] }", "for i in 0..N { if i >= M { if i < 2*M { C[i] += A[i]*B[i] } else { C[i] += 0*B[i] } } }", false},
		{"either condition", "for i in 0..N { if i < M || i > 2*M { C[i] = A[i] } else { C[i] = B[i] } }", "for i in 0..N { C[i] = select(i >= M && !(i > 2*M), B[i], A[i]) }", false},
		{"either condition, one after the other", "for i in 0..N { if i < M || i > 2*M { C[i] = A[i] } else { C[i] = B[i] } }", "for i in 0..N { if i < M { C[i] = A[i] } else { if i > 2*M { C[i] = A[i] } else { C[i] = B[i] } } }", true},
		{"a rest in two registers", "for i in 0..N%4 { var s: f32 = 0; for j in 0..M { if j < 3 { s += A[i] } else { s += B[i] } } C[i] = s }", "var z: f32[2][2]; for g in 0..2, l in 0..2 { z[g][l] = 0 } for j in 0..M { if j < 3 { for l in 0..2 { if l < N%4 { z[0][l] += A[l] } } for l in 0..2 { if l+2 < N%4 { z[1][l] += A[l+2] } } } else { for l in 0..2 { if l < N%4 { z[0][l] += B[l] } } for l in 0..2 { if l+2 < N%4 { z[1][l] += B[l+2] } } } } for l in 0..2 { if l < N%4 { C[l] = z[0][l] } } for l in 0..2 { if l+2 < N%4 { C[l+2] = z[1][l] } }", true},
		{"a rest in two registers, mixed up", "for i in 0..N%4 { var s: f32 = 0; for j in 0..M { if j < 3 { s += A[i] } else { s += B[i] } } C[i] = s }", "var z: f32[2][2]; for g in 0..2, l in 0..2 { z[g][l] = 0 } for j in 0..M { if j < 3 { for l in 0..2 { if l < N%4 { z[0][l] += A[l] } } for l in 0..2 { if l+2 < N%4 { z[1][l] += A[l+2] } } } else { for l in 0..2 { if l < N%4 { z[0][l] += B[l] } } for l in 0..2 { if l+2 < N%4 { z[1][l] += B[l+2] } } } } for l in 0..2 { if l < N%4 { C[l] = z[0][l] } } for l in 0..2 { if l+2 < N%4 { C[l+2] = z[0][l] } }", false},
		{"the first value wherever it matters", "var s: f32; if M > 2 { s = 1; s += A[0]; C[0] = s }", "var s: f32 = 1; if M > 2 { s += A[0]; C[0] = s }", true},
		{"the first value in each iteration", "var s: f32; for j in 0..M { if j == 0 { s = 1 } s += A[j%N]; C[j%N] = s }", "var s: f32; for j in 0..M { s = 1; s += A[j%N]; C[j%N] = s }", false},
		{"a second value", "var s: f32 = 2; if M > 2 { s = 1 } C[0] = s", "var s: f32 = 2; s = 1; C[0] = s", false},
		{"a first value that is looked at before", "var s: f32[2]; s[M%2] = 3; if M > 2 { s[0] = 1 } C[0] = s[M%2]", "var s: f32[2]; s[M%2] = 3; s[0] = 1; C[0] = s[M%2]", false},
		{"a scalar that serves twice", "var x: f32 = A[0]; x = x*x; C[0] = x; D[0] = x", "C[0] = A[0]*A[0]; D[0] = A[0]*A[0]", true},
		{"a scalar that serves twice, in the other order", "var x: f32 = A[0]; C[0] = x; x = x*x; D[0] = x", "C[0] = A[0]*A[0]; D[0] = A[0]", false},
		{"an intermediate result", "var x: f32[2]; x[0] = C[0]; x[1] = x[0] + C[1]; D[0] = x[1]; D[1] = x[0]*x[1]", "D[0] = C[0] + C[1]; var y: f32 = C[0]; D[1] = y*(y + C[1])", true},
		{"an intermediate result that is no more the same", "var x: f32; x = C[0]; C[0] = A[0]; D[0] = x", "C[0] = A[0]; D[0] = C[0]", false},
		{"an intermediate result of a cell that stays", "for i in 1..N { var x: f32; x = C[i]; C[i-1] = A[i]; D[i] = x }", "for i in 1..N { C[i-1] = A[i]; D[i] = C[i] }", true},
		{"of a cell that changes", "for i in 1..N { var x: f32; x = C[i]; C[i] = A[i]; D[i] = x }", "for i in 1..N { C[i] = A[i]; D[i] = C[i] }", false},
		{"of a cell that may change", "for i in 1..N { var x: f32; x = C[i]; C[M%N] = A[i]; D[i] = x }", "for i in 1..N { C[M%N] = A[i]; D[i] = C[i] }", false},
		{"of a local that changes", "var y: f32 = A[0]; var x: f32; x = y + 1; y += B[0]; C[0] = x; C[1] = y", "var y: f32 = A[0]; y += B[0]; C[0] = y + 1; C[1] = y", false},
		{"a result that a loop sets", "var x: f32; x = A[0]; for i in 0..M { x = B[0] } C[0] = x", "C[0] = A[0]", false},
		{"the last result of a loop", "var x: f32; x = A[0]; for i in 0..M { x = B[0] } C[0] = x", "C[0] = B[0]", false},
		{"a result that goes around a loop", "var x: f32; x = A[0]; for i in 0..M { C[i%N] = x; x = B[i%N] }", "for i in 0..M { C[i%N] = A[0] }", false},
		{"a loop behind a scalar that serves twice", "var x: f32; x = A[0]; C[0] = x; x = A[1]; for j in 0..M { D[0] += x; x += B[0] } C[1] = x", "var z: f32 = A[1]; C[0] = A[0]; for j in 0..M { D[0] += z; z += B[0] } C[1] = z", true},
		{"a loop that changes it", "var x: f32; x = A[0]; C[0] = x; x = A[1]; for j in 0..M { D[0] += x; x += B[0] } C[1] = x", "var z: f32 = A[1]; C[0] = A[0]; for j in 0..M { D[0] += z; z += B[0] } C[1] = A[1]", false},
		{"a result under a condition", "var x: f32; if M > 2 { x = A[0]*A[1]; C[0] = x; D[0] = x }", "if M > 2 { C[0] = A[0]*A[1]; D[0] = A[0]*A[1] }", true},
		{"a result that a condition changes", "var x: f32; x = A[0]; if M > 2 { x = B[0] } C[0] = x", "C[0] = A[0]", false},
		{"a result that a condition sets", "var x: f32; x = A[0]; if M > 2 { x = B[0] } C[0] = x", "C[0] = B[0]", false},
		{"a result of one case in all", "var x: f32; x = A[0]; if M > 2 { x = B[0]; D[0] = x } C[0] = x", "if M > 2 { D[0] = B[0] } C[0] = A[0]", false},
		{"a result that a condition on data sets", "var x: f32; x = A[0]; if B[0] > 0 { x = A[1] } C[0] = x", "C[0] = A[1]", false},
		{"a condition on what has changed", "var x: f32; x = C[0]; C[0] = A[1]; if x > 0 { D[0] = A[0] }", "C[0] = A[1]; if C[0] > 0 { D[0] = A[0] }", false},
		{"a place that has changed", "var x: f32; x = A[E[0]]; E[0] = 1; C[0] = x", "E[0] = 1; C[0] = A[E[0]]", false},
		{"a cell that holds an intermediate result", "C[0] = A[0]; C[0] = C[0]*B[0]", "C[0] = A[0]*B[0]", true},
		{"a cell that holds an intermediate result for others", "C[0] = A[0]; D[0] = C[0]; C[0] = C[0]*B[0]", "D[0] = A[0]; C[0] = A[0]*B[0]", true},
		{"a cell that is set again under a condition", "C[0] = A[0]; if M > 2 { C[0] = B[0] }", "if M > 2 { C[0] = B[0] }", false},
		{"a cell that a condition set", "if M > 2 { C[0] = A[0] } C[0] = B[0]", "C[0] = B[0]", true},
		{"a cell that may be read before it is set again", "C[0] = A[0]; D[0] = C[M%N]; C[0] = B[0]", "D[0] = C[M%N]; C[0] = B[0]", false},
		{"a cell that a loop reads before", "C[0] = A[0]; for i in 0..N { D[i] = C[i] } C[0] = B[0]", "for i in 0..N { D[i] = C[i] } C[0] = B[0]", false},
		{"a cell that may be set in between", "C[0] = A[0]; C[M%N] = B[0]; D[0] = C[0]", "C[0] = A[0]; C[M%N] = B[0]; D[0] = A[0]", false},
		{"a cell that a loop may set again", "C[0] = A[0]; for i in 0..M { C[0] = B[0] }", "for i in 0..M { C[0] = B[0] }", false},
		{"a place that is read before it is set again", "E[0] = F[0]; C[0] = A[E[0]]; E[0] = F[1]", "C[0] = A[E[0]]; E[0] = F[1]", false},
		{"a condition that is read before it is set again", "C[0] = A[0]; if C[0] > 0 { D[0] = B[0] } C[0] = B[0]", "if C[0] > 0 { D[0] = B[0] } C[0] = B[0]", false},
		{"a sum in a cell", "C[0] = C[0] + A[0]; C[0] = C[0] + B[0]", "C[0] = C[0] + B[0]", false},
	} {
		a, b := body(c.a), body(c.b)
		p := &composer{ctx: context.Background(), target: a, events: maxEvents, names: declared(a.Body)}
		if got := p.sameEvents(a.Body, b.Body, maxEvents, startOf(a).facts); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
