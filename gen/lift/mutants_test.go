package lift

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loopopt/loopopt/equiv"
	"github.com/loopopt/loopopt/equiv/smt"
	"github.com/loopopt/loopopt/gen/lift/asm"
	"github.com/loopopt/loopopt/loopir"
)

var (
	mutants = flag.Int("mutants", 0, "instruction mutants to try; 0 skips")
	only    = flag.String("mutants-of", "", "mutate only forms whose names contain this")
	report  = flag.String("mutants-report", "", "file for the figures of the mutants")
)

// mutated are the forms whose instructions are mutated, and how many mutants of each are
// tried in per cent of -mutants.
var mutated = []struct {
	dir, typ string
	share    int
}{
	{"softmax", "softmaxLanesAvx2AVX2", 17},
	{"softmax", "softmaxLanesAVX512", 17},
	{"lstm", "lstmPackedAvx2AVX2", 16},
	{"lstm", "lstmPackedAVX512", 18},
	{"gemm", "gemmAvx512AVX512", 12},
	{"stencil", "jacobiTimeTiledAVX512", 4},
	{"conv", "convAvx512S1AVX512", 8},
	{"conv", "convAvx2S27AVX2", 8},
	{"softmax", "softmaxLanesNeonNEON", 10},
	{"gemm", "gemmNeonNEON", 10},
	{"conv", "convNeonS1NEON", 8},
	{"conv2d", "conv2dAvx5123x3S214AVX512", 3},
}

// A mutant is a change of one line, or of two neighbours.
type mutant struct {
	line int // counts from 0
	kind string
	text []string // instead of the line, or of two lines when swapped
	two  bool
}

var (
	regWord   = regexp.MustCompile(`\b(AX|BX|CX|DX|SI|DI|R[0-9]+|[XYZVF][0-9]+|K[0-7])\b`)
	dispWord  = regexp.MustCompile(`(^|[ ,])(-?[0-9]+)?\((SI|DI|BX|CX|DX|R[0-9]+)\)`)
	shiftWord = regexp.MustCompile(`<<([123])`)
	laneWord  = regexp.MustCompile(`\[([0-3])\]`)
	arrWord   = regexp.MustCompile(`\.(S4|D2|B16)\b`)
	codeWord  = regexp.MustCompile(`WORD \$(0x[0-9a-f]+)`)
	trailing  = regexp.MustCompile(`(?m) // .*$`)
	scaleWord = regexp.MustCompile(`\*([1248])\)`)
	immWord   = regexp.MustCompile(`\$(-?[0-9]+)\b`)
	fieldWord = regexp.MustCompile(`(\w+Args)_(\w+)\((?:AX|R0)\)`)
)

var opSwaps = map[string][]string{
	"VADDPS": {"VSUBPS", "VMULPS"}, "VSUBPS": {"VADDPS"}, "VMULPS": {"VADDPS", "VDIVPS"}, "VDIVPS": {"VMULPS"},
	"VMAXPS": {"VMINPS"}, "VMINPS": {"VMAXPS"}, "VORPS": {"VANDPS", "VXORPS"}, "VXORPS": {"VORPS"}, "VPORD": {"VPXORD"}, "VPXORD": {"VPORD"},
	"VFMADD231PS":  {"VFMADD213PS", "VFMADD132PS", "VFMSUB231PS", "VFNMADD231PS", "VADDPS", "VMULPS"},
	"VBROADCASTSS": {"VMOVUPS"}, "VMOVUPS": {"VBROADCASTSS", "VMOVUPD", "VADDPS"}, "ADDQ": {"SUBQ", "MOVQ"}, "SUBQ": {"ADDQ", "MOVQ"},
	"JLE": {"JLT", "JGE", "JNE", "JEQ"}, "JNE": {"JEQ", "JGT", "JLE"}, "DECQ": {"INCQ"}, "CMOVQGT": {"CMOVQLT", "CMOVQGE", "CMOVQLE"},
	"VFMLA": {"VFMLS", "VEOR"}, "VEOR": {"VORR", "VAND"}, "VMOV": {"VAND"}, "FMOVQ": {"FMOVS", "FMOVD"}, "FMOVS": {"FMOVQ", "FMOVD"},
	"ADD": {"SUB", "MOVD", "SUBS"}, "SUB": {"ADD", "MOVD"}, "SUBS": {"SUB", "ADD"}, "CMP": {"SUBS"}, "MOVD": {"ADD"}, "BLE": {"BLT", "BGE", "BNE", "BEQ"}, "BNE": {"BEQ", "BGT", "BLE"},
	"MOVQ": {"ADDQ"}, "VPCMPD": {"VPCMPQ"}, "VPCMPGTD": {"VPCMPGTQ"}, "VPBROADCASTD": {"VPBROADCASTQ"}, "VMASKMOVPS": {"VMASKMOVPD"},
}

// mutate lists the mutants of an assembly file.
func mutate(src string) []mutant {
	lines := strings.Split(src, "\n")
	var out []mutant
	add := func(i int, kind, text string) {
		if text != lines[i] {
			out = append(out, mutant{line: i, kind: kind, text: []string{text}})
		}
	}
	regs, fields, labels := used(lines)
	for i, l := range lines {
		code := strings.HasPrefix(l, "\t")
		if strings.HasPrefix(l, "DATA ") {
			add(i, "constant", immWord.ReplaceAllString(strings.Replace(l, "$0x", "$0x1", 1), "$$7$1"))
			continue
		}
		if !code || strings.Contains(l, "a+0(FP)") {
			continue
		}
		fn := functionOf(lines, i)
		for _, m := range regWord.FindAllStringIndex(l, -1) {
			old := l[m[0]:m[1]]
			for _, r := range regs[fn][classOf(old)] {
				if r != old {
					add(i, "register", l[:m[0]]+r+l[m[1]:])
				}
			}
			if old[0] == 'Z' || old[0] == 'Y' {
				add(i, "width", l[:m[0]]+map[byte]string{'Z': "Y", 'Y': "Z"}[old[0]]+old[1:]+l[m[1]:])
			}
		}
		for _, m := range dispWord.FindAllStringSubmatchIndex(l, -1) {
			n := 0
			at := [2]int{m[5], m[5]}
			if m[4] >= 0 {
				n, _ = strconv.Atoi(l[m[4]:m[5]])
				at = [2]int{m[4], m[5]}
			} else {
				at = [2]int{m[3], m[3]}
			}
			for _, d := range []int{4, -4, 64, -64, 1} {
				add(i, "offset", l[:at[0]]+strconv.Itoa(n+d)+l[at[1]:])
			}
		}
		for _, m := range scaleWord.FindAllStringSubmatchIndex(l, -1) {
			for _, s := range []string{"1", "2", "4", "8"} {
				add(i, "scale", l[:m[2]]+s+l[m[3]:])
			}
		}
		for _, m := range shiftWord.FindAllStringSubmatchIndex(l, -1) {
			for _, s := range []string{"1", "2", "3"} {
				add(i, "scale", l[:m[2]]+s+l[m[3]:])
			}
		}
		for _, m := range laneWord.FindAllStringSubmatchIndex(l, -1) {
			for _, s := range []string{"0", "1", "2", "3"} {
				add(i, "lane", l[:m[2]]+s+l[m[3]:])
			}
		}
		for _, arr := range []string{".S4", ".D2", ".B16", ".S2"} {
			add(i, "width", arrWord.ReplaceAllString(l, arr))
		}
		if m := codeWord.FindStringSubmatchIndex(l); m != nil {
			n, _ := strconv.ParseUint(l[m[2]:m[3]], 0, 32)
			for bit := range 32 {
				add(i, "encoding", fmt.Sprintf("\tWORD $%#x", n^1<<bit))
			}
		}
		for _, m := range immWord.FindAllStringSubmatchIndex(l, -1) {
			n, _ := strconv.Atoi(l[m[2]:m[3]])
			for _, d := range []int{1, -1, n} {
				add(i, "immediate", l[:m[2]]+strconv.Itoa(n+d)+l[m[3]:])
			}
		}
		for _, m := range fieldWord.FindAllStringSubmatchIndex(l, -1) {
			for _, f := range fields[fn] {
				add(i, "field", l[:m[4]]+f+l[m[5]:])
			}
		}
		op := strings.TrimPrefix(strings.Fields(l)[0], "\t")
		name, sfx, _ := strings.Cut(op, ".")
		for _, o := range opSwaps[name] {
			if sfx != "" {
				o += "." + sfx
			}
			add(i, "opcode", strings.Replace(l, op, o, 1))
		}
		if sfx == "Z" {
			add(i, "mask", strings.Replace(l, ".Z", "", 1))
		}
		if strings.Contains(l, ", K1,") {
			add(i, "mask", strings.Replace(strings.Replace(l, ", K1,", ",", 1), ".Z", "", 1))
		}
		if jumps(op) {
			for _, t := range labels[fn] {
				add(i, "branch", "\t"+op+" "+t)
			}
		}
		if args := strings.Split(strings.TrimPrefix(l, "\t"+op+" "), ", "); len(args) == 3 {
			add(i, "operands", "\t"+op+" "+args[1]+", "+args[0]+", "+args[2])
		}
		add(i, "deleted", "")
		out = append(out, mutant{line: i, kind: "doubled", text: []string{l, l}})
		if i+1 < len(lines) && strings.HasPrefix(lines[i+1], "\t") {
			out = append(out, mutant{line: i, kind: "swapped", text: []string{lines[i+1], l}, two: true})
		}
	}
	return out
}

func jumps(op string) bool { return op[0] == 'J' || op == "BLE" || op == "BNE" }

func classOf(reg string) string {
	if strings.ContainsAny(reg[:1], "XYZKVF") && len(reg) > 1 && reg[1] >= '0' && reg[1] <= '9' {
		return reg[:1]
	}
	return "G"
}

func functionOf(lines []string, i int) string {
	for ; i >= 0; i-- {
		if strings.HasPrefix(lines[i], "TEXT ") {
			return lines[i]
		}
	}
	return ""
}

// used lists the registers, argument fields and labels of each function.
func used(lines []string) (regs map[string]map[string][]string, fields, labels map[string][]string) {
	regs, fields, labels = map[string]map[string][]string{}, map[string][]string{}, map[string][]string{}
	fn := ""
	seen := map[string]bool{}
	once := func(kind, s string) bool {
		k := fn + kind + s
		defer func() { seen[k] = true }()
		return !seen[k]
	}
	for _, l := range lines {
		if strings.HasPrefix(l, "TEXT ") {
			fn = l
			regs[fn] = map[string][]string{}
		}
		if strings.HasSuffix(l, ":") {
			labels[fn] = append(labels[fn], strings.TrimSuffix(l, ":"))
		}
		if !strings.HasPrefix(l, "\t") {
			continue
		}
		for _, r := range regWord.FindAllString(l, -1) {
			if once("r", r) {
				regs[fn][classOf(r)] = append(regs[fn][classOf(r)], r)
			}
		}
		for _, m := range fieldWord.FindAllStringSubmatch(l, -1) {
			if once("f", m[2]) {
				fields[fn] = append(fields[fn], m[2])
			}
		}
	}
	return regs, fields, labels
}

func (m mutant) apply(src string) string {
	lines := strings.Split(src, "\n")
	rest := m.line + 1
	if m.two {
		rest++
	}
	out := append(append([]string(nil), lines[:m.line]...), m.text...)
	return strings.Join(append(out, lines[rest:]...), "\n")
}

// sample takes n mutants, the kinds in turn, so that rare kinds are not lost.
func sample(all []mutant, n int, seed int64) []mutant {
	rnd := rand.New(rand.NewSource(seed))
	rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	by := map[string][]mutant{}
	var kinds []string
	for _, m := range all {
		if by[m.kind] == nil {
			kinds = append(kinds, m.kind)
		}
		by[m.kind] = append(by[m.kind], m)
	}
	sort.Strings(kinds)
	var out []mutant
	for len(out) < n {
		before := len(out)
		for _, k := range kinds {
			if len(by[k]) > 0 && len(out) < n {
				out, by[k] = append(out, by[k][0]), by[k][1:]
			}
		}
		if len(out) == before {
			break
		}
	}
	return out
}

// TestMutantsAsm mutates single instructions. A mutant is killed when it is not proved:
// its text is no program, or some part of the proof fails. What is proved is listed
// with the reason: the same lifted program, or another one that is equal.
func TestMutantsAsm(t *testing.T) {
	if *mutants == 0 {
		t.Skip("give -mutants N")
	}
	pool, err := smt.NewPool(smt.Options{NoCache: true, Jobs: 2, RLimit: 200_000})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var out bytes.Buffer
	total, survived := 0, 0
	for _, k := range mutated {
		if !strings.Contains(k.typ, *only) {
			continue
		}
		n, s := campaign(t, pool, &out, k.dir, k.typ, max(1, *mutants*k.share/100))
		total, survived = total+n, survived+s
		if *report != "" {
			sum := fmt.Sprintf("total: %d mutants, %d proved\n", total, survived)
			if err := os.WriteFile(*report, append(out.Bytes(), sum...), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d mutants, %d proved", total, survived)
}

// TestMutantsReport wants of the figures that are kept that no mutant was proved which a test tells from the
// original, or for no known reason.
func TestMutantsReport(t *testing.T) {
	text, err := os.ReadFile("../../bench/mutants-asm.txt")
	if err != nil {
		t.Fatal(err)
	}
	forms := 0
	for _, l := range strings.Split(string(text), "\n") {
		n, ok := strings.CutPrefix(l, "  proved and told apart by the tests of the package: ")
		if ok {
			forms++
		}
		if ok && n != "0" || strings.Contains(l, "UNEXPLAINED") {
			t.Error(l)
		}
	}
	if forms != len(mutated) {
		t.Errorf("%d forms were mutated, %d are in the list", forms, len(mutated))
	}
}

type fate struct {
	m      mutant
	how    string // killed: by what; survived: why
	proved bool
}

func campaign(t *testing.T, pool *smt.Pool, out *bytes.Buffer, dir, typ string, count int) (total, survived int) {
	arch := "amd64"
	if strings.HasSuffix(typ, "NEON") {
		arch = "arm64"
	}
	p := loadFor(t, filepath.Join("../../kernels", dir), arch)
	var form Form
	for _, f := range p.Forms() {
		if f.Type == typ {
			form = f
		}
	}
	if form.Type == "" {
		t.Fatalf("%s has no form %s", dir, typ)
	}
	name := strings.TrimSuffix(form.File, ".go") + ".s"
	src := trailing.ReplaceAllString(string(p.text[name]), "") // nothing reads a comment
	original, _, err := lifted(p, form)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if how, proved := judge(pool, p, form, name, src, original, time.Minute); !proved {
		t.Errorf("%s itself is not proved: %s", name, how)
	}
	budget := time.Second + 2*time.Since(begin)
	list := sample(mutate(src), count, 1)
	fates := make([]fate, len(list))
	start := time.Now()
	var wg sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				if i%50 == 0 {
					fmt.Fprintln(os.Stderr, typ, i, time.Since(start).Round(time.Second))
				}
				begin := time.Now()
				how, proved := judge(pool, p, form, name, list[i].apply(src), original, budget)
				if testing.Verbose() {
					t.Logf("%.2f s %s: %s %v", time.Since(begin).Seconds(), how, list[i].kind, list[i].text)
				}
				fates[i] = fate{list[i], how, proved}
			}
		})
	}
	for i := range list {
		next <- i
	}
	close(next)
	wg.Wait()
	kills, classes := map[string]int{}, map[string]int{}
	lines := strings.Split(src, "\n")
	fmt.Fprintf(out, "%s/%s: %d mutants, %.0f s\n", dir, name, len(list), time.Since(start).Seconds())
	var proved []mutant
	for _, f := range fates {
		if !f.proved {
			kills[f.how]++
			continue
		}
		survived++
		proved = append(proved, f.m)
		why := class(f.m, lines)
		if why == "" && unread(name, src, f.m) {
			why = "nothing but a prefetch reads the register"
		}
		if why == "" {
			why = "UNEXPLAINED"
			t.Errorf("%s: a mutant is proved for no known reason: %s at line %d: %q", name, f.m.kind, f.m.line+1, f.m.text)
		}
		classes[why]++
		fmt.Fprintf(out, "  proved, %s (%s): %s at line %d: %q -> %q\n", why, f.how, f.m.kind, f.m.line+1, lines[f.m.line], f.m.text)
	}
	wrong := confirm(t, dir, name, src, proved)
	for _, m := range wrong {
		t.Errorf("%s: a mutant is proved that a test tells from the original: %s at line %d: %q", name, m.kind, m.line+1, m.text)
	}
	fmt.Fprintf(out, "  proved and told apart by the tests of the package: %d\n", len(wrong))
	for _, k := range sortedKeys(classes) {
		fmt.Fprintf(out, "  proved since %s: %d\n", k, classes[k])
	}
	for _, k := range sortedKeys(kills) {
		fmt.Fprintf(out, "  killed by %s: %d\n", k, kills[k])
	}
	return len(list), survived
}

// class is the reason why a mutant may be equal, by what was changed; empty where
// someone has to look.
func class(m mutant, lines []string) string {
	op, _, _ := strings.Cut(strings.TrimSpace(lines[m.line]), " ")
	switch {
	case strings.HasPrefix(op, "PREFETCH"):
		return "a prefetch neither faults nor changes a value"
	case m.kind == "doubled":
		return "doing it twice is doing it once"
	case m.kind == "swapped":
		return "the neighbours do not depend on each other"
	case m.kind == "operands" && (strings.HasPrefix(op, "VFMADD231") || strings.HasPrefix(op, "VADD") || strings.HasPrefix(op, "VMUL") || op == "VFMLA" || op == "ADD" || strings.Contains(op, "OR") || strings.HasPrefix(op, "VPAND") && !strings.HasPrefix(op, "VPANDN")):
		return "the operator commutes"
	case m.kind == "deleted" && repeats(lines, m.line):
		return "the register holds that already"
	case m.kind == "deleted" && op == "VZEROUPPER":
		return "VZEROUPPER before RET is for speed"
	case jumps(op) && (m.kind == "branch" || m.kind == "opcode" || m.kind == "deleted"):
		return "the jump is decided alike for all admitted sizes"
	case m.kind == "field":
		return "the field has the same value"
	case m.kind == "mask" && strings.Contains(m.text[0], ", K1,"):
		return "lanes that are masked off are not stored"
	case m.kind == "mask" && sameMask(m, lines):
		return "lanes that are masked off are not read"
	case m.kind == "constant" && numbersLane(m, lines):
		return "the number of a lane counts modulo the number of lanes"
	case m.kind == "opcode" && strings.HasPrefix(op, "CMOV"):
		return "the operands are equal where the conditions differ"
	case m.kind == "immediate" && op == "CMPQ":
		return "without lanes nothing is stored"
	case m.kind == "immediate" && limit(m, lines) > 0:
		return "there are no lanes beyond the limit"
	case m.kind == "immediate" && limit(m, lines) == -1:
		return "a tail has fewer lanes than a vector"
	}
	return ""
}

// limit is by how much a mutant raises the limit of a count of lanes, of which a mask is made:
// min(n, 17) of 16 lanes are those of min(n, 16). It is 0 for other mutants.
func limit(m mutant, lines []string) int {
	var before, after int
	if _, err := fmt.Sscanf(strings.TrimSpace(lines[m.line]), "MOVQ $%d,", &before); err != nil {
		return 0
	}
	if _, err := fmt.Sscanf(strings.TrimSpace(m.text[0]), "MOVQ $%d,", &after); err != nil {
		return 0
	}
	next := strings.Join(lines[m.line+1:min(len(lines), m.line+6)], "\n")
	if before != 8 && before != 16 || !strings.Contains(next, "CMOVQGT") || !strings.Contains(next, "BROADCASTD") || !strings.Contains(next, "VPCMP") {
		return 0
	}
	return after - before
}

// sameMask tells whether what reads the register of a masked load next has the same mask.
func sameMask(m mutant, lines []string) bool {
	args := strings.Split(lines[m.line], ", ")
	if len(args) != 3 {
		return false
	}
	next := lines[m.line+1]
	return strings.Contains(next, args[2]+",") && strings.Contains(next, ", "+args[1]+",") && !strings.Contains(next, ".Z")
}

// numbersLane tells whether a constant is the number of a lane, of which a mutant changes higher
// bits: it is broadcast, and what reads it is a permutation.
func numbersLane(m mutant, lines []string) bool {
	var before, after int
	name, value, _ := strings.Cut(strings.TrimPrefix(lines[m.line], "DATA "), "+0(SB)/4, $")
	_, changed, _ := strings.Cut(m.text[0], "+0(SB)/4, $")
	fmt.Sscanf(value, "0x%x", &before)
	fmt.Sscanf(changed, "0x%x", &after)
	if before >= 16 || (after-before)%16 != 0 {
		return false
	}
	found := false
	for i, l := range lines {
		reg, ok := strings.CutPrefix(l, "\tVBROADCASTSS "+name+"(SB), ")
		if !ok {
			continue
		}
		at := slices.IndexFunc(lines[i+1:], func(l string) bool { return strings.Contains(l+",", " "+reg+",") })
		if at < 0 {
			return false
		}
		next := lines[i+1+at]
		if again := strings.HasPrefix(next, "\tVBROADCASTSS "); !again && (!strings.HasPrefix(next, "\tVPERMPS ") || !strings.Contains(next, ", "+reg+", ")) {
			return false
		}
		found = true
	}
	return found
}

// unread tells whether all that a mutant changes is what is in registers that nothing reads before they
// are written again, but for prefetches.
func unread(name, src string, m mutant) bool {
	texts := []string{src, m.apply(src)}
	if m.kind == "deleted" {
		texts = texts[:1]
	}
	found := false
	for _, text := range texts {
		f, err := asm.Parse(name, []byte(text))
		if err != nil {
			return false
		}
		for _, fn := range f.Funcs {
			for i, in := range fn.Insts {
				if in.Line != m.line+1 {
					continue
				}
				if found = true; !dead(fn, i) {
					return false
				}
			}
		}
	}
	return found
}

// dead tells whether nothing reads the register that instruction i writes, before it is written again.
func dead(fn *asm.Func, i int) bool {
	in := &fn.Insts[i]
	if len(in.Args) == 0 || in.Args[len(in.Args)-1].Kind != asm.Reg || strings.HasPrefix(in.Op, "CMP") || strings.HasPrefix(in.Op, "TEST") {
		return false
	}
	reg := in.Args[len(in.Args)-1].Reg
	seen := map[int]bool{}
	for work := following(fn, i); len(work) > 0; {
		i, work = work[0], work[1:]
		if seen[i] || i >= len(fn.Insts) {
			continue
		}
		seen[i] = true
		reads, writes := touches(fn, i, reg)
		if reads {
			return false
		}
		if !writes {
			work = append(work, following(fn, i)...)
		}
	}
	return true
}

// following are the instructions that may come after instruction i.
func following(fn *asm.Func, i int) []int {
	in := &fn.Insts[i]
	switch {
	case in.Op == "RET":
		return nil
	case jumps(in.Op) && in.Op[:2] != "JM":
		return []int{i + 1, fn.Labels[in.Args[0].Name]}
	case jumps(in.Op):
		return []int{fn.Labels[in.Args[0].Name]}
	}
	return []int{i + 1}
}

// touches tells whether instruction i reads or overwrites a register. What is added to it stays in
// it, unless a jump looks at the result.
func touches(fn *asm.Func, i int, reg string) (reads, writes bool) {
	in := &fn.Insts[i]
	if strings.HasPrefix(in.Op, "PREFETCH") {
		return false, false
	}
	last := len(in.Args) - 1
	for j, o := range in.Args {
		reads = reads || o.Kind != asm.Reg && (o.Reg == reg || o.Index == reg)
		switch {
		case o.Kind != asm.Reg || o.Reg != reg || vectorName(reg) != "":
		case j < last || strings.HasPrefix(in.Op, "CM"):
			reads = true
		case in.Op == "MOVQ":
			writes = true
		case i+1 < len(fn.Insts) && jumps(fn.Insts[i+1].Op):
			reads = true
		}
	}
	if v := vectorName(reg); v != "" {
		from, to := effects(in)
		return slices.Contains(from, v), to == v
	}
	return reads, writes
}

// repeats tells whether an earlier line did the same to a register that nothing changed
// since.
func repeats(lines []string, at int) bool {
	dest := lines[at][strings.LastIndexByte(lines[at], ' ')+1:]
	for i := at - 1; i >= 0 && strings.HasPrefix(lines[i], "\t"); i-- {
		if lines[i] == lines[at] {
			return true
		}
		if strings.HasSuffix(lines[i], " "+dest) {
			return false
		}
	}
	return false
}

// lifted gives the lifted program of a form as text.
func lifted(p *Package, f Form) (string, *loopir.Kernel, error) {
	_, target, err := p.target(f)
	if err != nil {
		return "", nil, err
	}
	k, _, err := p.Lift(f.Type, target)
	if err != nil {
		return "", nil, err
	}
	return loopir.FormatKernel(k), k, nil
}

// judge tells what becomes of a mutant within a budget, which is a multiple of what the
// original takes: to be killed for that reason is no more than not to be proved.
func judge(pool *smt.Pool, p *Package, f Form, name, text, original string, budget time.Duration) (string, bool) {
	files := copyMap(p.text)
	files[name] = []byte(text)
	q, err := Read(p.Dir, files, p.Arch)
	if err != nil {
		return "reading", false
	}
	now, _, err := lifted(q, f)
	if err != nil {
		return "lifting", false
	}
	ctx, cancel := context.WithTimeout(context.Background(), budget)
	defer cancel()
	r, err := q.parts(ctx, f, equiv.Options{Pool: pool})
	switch {
	case err != nil && ctx.Err() != nil:
		return "the budget", false
	case err != nil:
		return "an error: " + err.Error(), false
	case r != "":
		return r, false
	case now == original:
		return "the same lifted program", true
	}
	return "another program that is equal", true
}

// parts is Verify without the search for a counterexample of the whole.
func (p *Package) parts(ctx context.Context, f Form, opts equiv.Options) (string, error) {
	file, target, err := p.target(f)
	if err != nil {
		return "", err
	}
	k, duties, err := p.Lift(f.Type, target)
	if err != nil {
		return "lifting", nil
	}
	if err := file.CheckKernel(k); err != nil {
		return "lifting", nil
	}
	if _, err := p.contract(f.Type, target, p.needs(f)); err != nil {
		return "the contract", nil
	}
	if len(prove(ctx, duties, opts)) > 0 {
		return "a duty", ctx.Err()
	}
	safe, err := equiv.CheckSafety(ctx, file, k, opts)
	if err != nil {
		return "", err
	}
	if safe.Outcome != equiv.Proved {
		return "safety", ctx.Err()
	}
	c := &composer{ctx: ctx, opts: opts, file: file, target: target, worst: equiv.Exact, events: maxEvents, names: declared(target.Body)}
	if !c.equal(target.Body, k.Body, startOf(target)) || c.worst != equiv.Exact {
		return "comparison", nil
	}
	return "", ctx.Err()
}
