package loopir

import (
	"bytes"
	"math/rand"
	"os"
	"strings"
	"testing"
	"time"
)

// Whatever is handed to Parse, it answers in bounded time with an error that
// says what is wrong; nothing here is a program worth accepting but the last.
func TestLimits(t *testing.T) {
	kernel := func(body string) string { return "kernel f(N: size, inout A: f32[N]) {\n" + body + "\n}\n" }
	garbage := make([]byte, 10<<20)
	rand.New(rand.NewSource(1)).Read(garbage)
	deep := func(open, shut string, n int) string {
		return strings.Repeat(open, n) + "1" + strings.Repeat(shut, n)
	}
	for _, tc := range []struct{ name, src, want string }{
		{"empty", "", "the file is empty"},
		{"blank", " \n\t\n", "the file is empty"},
		{"comment", "// nothing\n", ""},
		{"binary", "kernel \x00\x01", "not a text file: byte 0x00"},
		{"latin1", "kernel f\n // caf\xe9\n", "in.loop:2:8: not a text file: byte 0xe9"},
		{"garbage of 10 MB", string(garbage), "at most"},
		{"spaces of 10 MB", strings.Repeat(" ", 10<<20), "at most"},
		{"newlines", kernel(strings.Repeat("\n", 1000000) + "z"), "an expression is no statement"},
		{"garbage letters", strings.Repeat("a b ", maxSource/4), "expected a kernel"},
		{"many errors", kernel(strings.Repeat("A[0] = \n", 10000)), "too many errors"},
		{"many wrong names", kernel(strings.Repeat("A[z] = 1\n", 10000)), "z is not declared"},
		{"deep parentheses", kernel("A[0] = " + deep("(", ")", 20000)), "nested deeper than"},
		{"deep indices", kernel("A[0] = " + deep("A[", "]", 20000)), "nested deeper than"},
		{"deep calls", kernel("A[0] = " + deep("exp(", ")", 20000)), "nested deeper than"},
		{"deep negation", kernel("A[0] = " + strings.Repeat("-", 20000) + "1"), "nested deeper than"},
		{"long sum", kernel("A[0] = 1" + strings.Repeat("+1", 20000)), "more than 5000 operators"},
		{"deep blocks", kernel(strings.Repeat("if N > 1 {\n", 20000)), "nested deeper than"},
		{"deep loops", kernel("for " + strings.Repeat("i in 0..N, ", 20000) + "j in 0..N { }"), "nested deeper than"},
		{"long else", kernel("if N > 1 { }" + strings.Repeat(" else if N > 2 { }", 20000)), "blocks nested deeper than"},
		{"unclosed", kernel(strings.Repeat("(", 20000)), "never closed"},
		{"huge integer", kernel("A[" + strings.Repeat("9", 200000) + "] = 1"), "a number of 200000 digits"},
		{"huge float", kernel("A[0] = 1." + strings.Repeat("9", 200000)), "a number of"},
		{"huge exponent", kernel("A[0] = 1e999999999"), "does not fit into f32"},
		{"big constant", kernel("if 99999999999999999999999999 > N { A[0] = 1 }"), ""},
	} {
		start := time.Now()
		_, err := Parse("in.loop", []byte(tc.src))
		d := time.Since(start)
		t.Logf("%s: %v", tc.name, d)
		if d > 20*time.Second {
			t.Errorf("%s: took %v", tc.name, d)
		}
		text := Render(err, map[string][]byte{"in.loop": []byte(tc.src)})
		switch {
		case tc.want == "" && err != nil, !strings.Contains(text, tc.want):
			t.Errorf("%s: got %.300q, want %q", tc.name, text, tc.want)
		case len(text) > 200000:
			t.Errorf("%s: %d bytes of errors", tc.name, len(text))
		}
	}
}

func TestLargeFile(t *testing.T) {
	src, err := os.ReadFile("testdata/conv.loop")
	if err != nil {
		t.Fatal(err)
	}
	kernel, _, _ := bytes.Cut(src, []byte("schedule"))
	kernel = bytes.ReplaceAll(kernel, []byte("conv"), []byte("conv%"))
	var big bytes.Buffer
	for n := 0; big.Len() < maxSource-2000; n++ {
		big.Write(bytes.ReplaceAll(kernel, []byte("%"), []byte("_"+strings.Repeat("x", n%7)+itoa(n))))
	}
	start := time.Now()
	f, err := Parse("big.loop", big.Bytes())
	if err != nil {
		t.Fatalf("%.300s", err)
	}
	t.Logf("%d bytes, %d kernels: %v", big.Len(), len(f.Kernels), time.Since(start))
}

func itoa(n int) string {
	return string(rune('a'+n/676%26)) + string(rune('a'+n/26%26)) + string(rune('a'+n%26))
}

func BenchmarkParse(b *testing.B) {
	src, err := os.ReadFile("testdata/features.loop")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, err := Parse("features.loop", src); err != nil {
			b.Fatal(err)
		}
	}
}
