package insn

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/cpu"

	"github.com/loopopt/loopopt/loopir"
)

// A trial is one form of an instruction: its text, which reads Z0 to Z3 (or parts), K1
// and K3, CX and memory at 64(AX), and what it leaves in Z0 or K2.
type trial struct {
	entry *Entry
	text  string
	width int  // bytes of the vectors
	wide  bool // AVX-512 is needed
	mask  bool // the result is in K2
	want  func(in *input) ([]byte, uint64)
}

// An input is what a trial starts from; memory at 64(AX) is v[1].
type input struct {
	v  [4][64]byte
	k1 uint64
	k3 uint64
	cx uint64
}

func (in *input) lane(v, i, bits int) uint64 {
	var b [8]byte
	copy(b[:bits/8], in.v[v][i*bits/8:])
	return binary.LittleEndian.Uint64(b[:])
}

func put(b []byte, i, bits int, x uint64) {
	var v [8]byte
	binary.LittleEndian.PutUint64(v[:], x)
	copy(b[i*bits/8:], v[:bits/8])
}

// TestSilicon executes every entry that has vectors or masks on this processor, on
// random and special values, and compares the result with the entry's meaning.
func TestSilicon(t *testing.T) {
	var list []trial
	switch {
	case runtime.GOARCH == "arm64" && cpu.ARM64.HasASIMD:
		list = trialsARM64()
	case runtime.GOARCH == "amd64" && cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		list = trials()
	default:
		t.Skip("no processor to compare with")
	}
	var untested, run []trial
	for _, x := range list {
		if x.wide && !(cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW) {
			untested = append(untested, x)
		} else {
			run = append(run, x)
		}
	}
	rounds := 300
	if testing.Short() {
		rounds = 40
	}
	inputs := make([]input, rounds)
	rnd := rand.New(rand.NewSource(1))
	for i := range inputs {
		inputs[i] = random(rnd, i)
	}
	out := execute(t, run, inputs)
	bad, entries := 0, map[string]bool{}
	for i, x := range run {
		entries[x.entry.Op] = true
		for j := range inputs {
			got := out[(i*len(inputs)+j)*72:][:72]
			want, mask := x.want(&inputs[j])
			if x.mask {
				if have := binary.LittleEndian.Uint64(got[64:]); have != mask {
					t.Errorf("%s: mask %#x, not %#x", x.text, have, mask)
					bad++
				}
			} else if !sameLanes(x, got[:len(want)], want) {
				t.Errorf("%s: % x\nwant % x\nfrom % x\n     % x\n     % x\nk1 %#x", x.text, got[:len(want)], want, inputs[j].v[0][:len(want)], inputs[j].v[1][:len(want)], inputs[j].v[2][:len(want)], inputs[j].k1)
				bad++
			}
			if bad > 10 {
				t.FailNow()
			}
		}
	}
	var missing []string
	for op, e := range All() {
		if e.Arch == runtime.GOARCH && (e.Kind < MoveInt || e.Arch == "arm64" && e.Kind != Nothing) && !entries[op] {
			missing = append(missing, op)
		}
	}
	sort.Strings(missing)
	t.Logf("%d entries in %d forms, %d inputs each: the same bits", len(entries), len(run), len(inputs))
	if len(untested) > 0 {
		t.Logf("this processor lacks AVX-512: %d forms are untested", len(untested))
	} else if len(missing) > 0 {
		t.Errorf("no trial for %v", missing)
	}
}

// sameLanes compares results; where arithmetic gives NaN, any NaN will do.
func sameLanes(x trial, got, want []byte) bool {
	if bytes.Equal(got, want) {
		return true
	}
	t := x.entry.Elem
	if !t.IsFloat() || x.entry.Kind != Lanes && x.entry.Kind != LanesImm && x.entry.Kind != Convert || x.entry.Any {
		return false
	}
	n := t.Bits() / 8
	for i := 0; i < len(want); i += n {
		if bytes.Equal(got[i:i+n], want[i:i+n]) {
			continue
		}
		var a, b uint64
		if n == 4 {
			a, b = uint64(binary.LittleEndian.Uint32(got[i:])), uint64(binary.LittleEndian.Uint32(want[i:]))
		} else {
			a, b = binary.LittleEndian.Uint64(got[i:]), binary.LittleEndian.Uint64(want[i:])
		}
		if !math.IsNaN(number(t, a)) || !math.IsNaN(number(t, b)) {
			return false
		}
	}
	return true
}

var special32 = []uint32{
	0, 1 << 31, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001, 0x7f800001, 1, 0x80000001,
	0x007fffff, 0x00800000, 0x7f7fffff, 0xff7fffff, 0x34000000, 0x4b800001, 0x3f800001, 0xffffffff, 5, 0x7fffffff,
}

var special64 = []uint64{
	0, 1 << 63, 0x3ff0000000000000, 0xbff0000000000000, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
	0x7ff0000000000001, 1, 1<<63 | 1, 0x000fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff, 0x3cb0000000000000, 0x3ff0000000000001,
	math.MaxUint64, 7, 0x7fffffffffffffff,
}

// random makes an input: round by round special and random lanes of 32 and 64 bits.
func random(rnd *rand.Rand, round int) input {
	in := input{k1: rnd.Uint64(), k3: rnd.Uint64(), cx: rnd.Uint64()}
	if round < 17 { // each bit, all and none
		in.k1 = 1 << round
	}
	if round == 17 {
		in.k1 = math.MaxUint64
	}
	for v := range in.v {
		for i := 0; i < 64; i += 8 {
			x := rnd.Uint64()
			switch (round + i/8) % 4 {
			case 0:
				x = special64[rnd.Intn(len(special64))]
			case 1, 2:
				x = uint64(special32[rnd.Intn(len(special32))])<<32 | uint64(special32[rnd.Intn(len(special32))])
			case 3: // numbers near 1
				x = x&0x807fffff807fffff | 0x3f0000003f000000
			}
			binary.LittleEndian.PutUint64(in.v[v][i:], x)
		}
	}
	return in
}

// textAMD64 is the function of a trial.
func textAMD64(x trial, i int) string {
	var s strings.Builder
	r := map[bool]string{true: "Z", false: "Y"}[x.wide]
	fmt.Fprintf(&s, "\nTEXT ·f%d(SB), NOSPLIT, $0-8\n\tMOVQ a+0(FP), AX\n", i)
	for v := range 4 {
		fmt.Fprintf(&s, "\tVMOVUPS %d(AX), %s%d\n", 64*v, r, v)
	}
	if x.wide {
		s.WriteString("\tKMOVQ 256(AX), K1\n\tKMOVQ 264(AX), K3\n")
	}
	s.WriteString("\tMOVQ 272(AX), CX\n")
	fmt.Fprintf(&s, "\t%s\n", x.text)
	if x.mask {
		s.WriteString("\tKMOVQ K2, BX\n\tMOVQ BX, 384(AX)\n")
	} else {
		fmt.Fprintf(&s, "\tVMOVUPS %s0, 320(AX)\n", r)
	}
	s.WriteString("\tVZEROUPPER\n\tRET\n")
	return s.String()
}

// execute assembles the trials into a program and runs it on the inputs.
func execute(t *testing.T, list []trial, inputs []input) []byte {
	t.Helper()
	dir := t.TempDir()
	text := map[string]func(trial, int) string{"amd64": textAMD64, "arm64": textARM64}[runtime.GOARCH]
	var s, g strings.Builder
	s.WriteString("#include \"textflag.h\"\n")
	g.WriteString("package main\n\nimport (\n\t\"bufio\"\n\t\"io\"\n\t\"os\"\n\t\"unsafe\"\n)\n\n")
	g.WriteString("type frame struct {\n\tin [280]byte\n\tpad [40]byte\n\tout [72]byte\n}\n\n")
	for i, x := range list {
		fmt.Fprintf(&g, "//go:noescape\nfunc f%d(a *frame)\n", i)
		s.WriteString(text(x, i))
	}
	g.WriteString("\nvar fs = []func(*frame){")
	for i := range list {
		fmt.Fprintf(&g, "f%d, ", i)
	}
	g.WriteString("}\n\nfunc main() {\n\tall, _ := io.ReadAll(os.Stdin)\n\tw := bufio.NewWriter(os.Stdout)\n\tdefer w.Flush()\n" +
		"\tbuf := make([]byte, 1024)\n\ta := (*frame)(unsafe.Pointer(&buf[-uintptr(unsafe.Pointer(&buf[0]))%64]))\n" +
		"\tfor _, f := range fs {\n\t\tfor i := 0; i < len(all); i += 280 {\n\t\t\t*a = frame{}\n\t\t\tcopy(a.in[:], all[i:])\n\t\t\tf(a)\n\t\t\tw.Write(a.out[:])\n\t\t}\n\t}\n}\n")
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module silicon\n\ngo 1.26\n")
	write("main.go", g.String())
	write("f_"+runtime.GOARCH+".s", s.String())
	build := exec.Command("go", "build", "-o", "silicon", ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "GOARCH="+runtime.GOARCH)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var stdin bytes.Buffer
	for i := range inputs {
		in := &inputs[i]
		for v := range in.v {
			stdin.Write(in.v[v][:])
		}
		for _, x := range []uint64{in.k1, in.k3, in.cx} {
			_ = binary.Write(&stdin, binary.LittleEndian, x)
		}
	}
	out, stderr, err := output(stdin.Bytes(), filepath.Join(dir, "silicon"))
	if errors.Is(err, syscall.ENOEXEC) { // this test runs in an emulator itself
		out, stderr, err = output(stdin.Bytes(), "qemu-aarch64-static", filepath.Join(dir, "silicon"))
	}
	if err != nil {
		t.Fatalf("%v\n%.2000s", err, stderr)
	}
	if len(out) != 72*len(list)*len(inputs) {
		t.Fatalf("%d bytes of results", len(out))
	}
	return out
}

func output(stdin []byte, name string, args ...string) ([]byte, string, error) {
	run := exec.Command(name, args...)
	run.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	run.Stderr = &stderr
	out, err := run.Output()
	return out, stderr.String(), err
}

var widths = []struct {
	r     string
	bytes int
}{{"X", 16}, {"Y", 32}, {"Z", 64}}

// leaf stands for operand i of an effect.
func leaf(i int, t loopir.Type) loopir.Expr {
	return &loopir.Read{Name: fmt.Sprint("x", i), Type: t}
}

// trials lists the forms of all entries.
func trials() []trial {
	var out []trial
	var ops []string
	for op := range All() {
		ops = append(ops, op)
	}
	sort.Strings(ops)
	for _, op := range ops {
		e := All()[op]
		for _, w := range widths {
			wide := w.r == "Z"
			if e.Kind >= MoveInt || e.Arch != "amd64" || wide && !e.EVEX || !wide && !e.VEX && e.Kind != MaskLogic && (e.Width == 0 || e.Width != w.bytes) || e.Scalar && w.r != "X" {
				continue
			}
			out = append(out, forms(e, w.r, w.bytes, wide)...)
		}
	}
	return out
}
