// Package benchtable turns the text of Go benchmarks into tables. A benchmark is
// named BenchmarkConv/size=res2_3x3/schedule=avx512/impl=avx512; the machine's
// peaks are BenchmarkConv/peak=avx512.
package benchtable

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// A Row is one form on one size: medians over the rounds.
type Row struct {
	Kernel   string  `json:"kernel"`
	Size     string  `json:"size"`
	Schedule string  `json:"schedule"`
	Impl     string  `json:"impl"`
	Rounds   int     `json:"rounds"`
	MS       float64 `json:"ms"`
	GFLOPS   float64 `json:"gflops"`
	Peak     float64 `json:"share_of_peak"`   // median share of the FMA peak measured between the calls; 0: unknown
	Memory   float64 `json:"share_of_memory"` // median share of the speed at which memory of this size is read; 0: unknown
	Speedup  float64 `json:"speedup"`         // over naive Go; 0: not measured
	Spread   float64 `json:"spread"`          // slowest round over fastest
}

// A Table holds all samples, in order of first appearance.
type Table struct {
	CPU string
	// Package is what was measured: a Go package, or a library and its version.
	Package string

	peaks map[string][]float64
	keys  []key
	ns    map[key][]float64
	flops map[key][]float64
	share map[key][]float64 // of the peak measured meanwhile
	bytes map[key][]float64 // share of the speed of memory
}

type key struct{ kernel, size, schedule, impl string }

// Parse reads the output of any number of benchmark runs.
func Parse(r io.Reader) (*Table, error) {
	t := &Table{peaks: map[string][]float64{}, ns: map[key][]float64{}, flops: map[key][]float64{}, share: map[key][]float64{}, bytes: map[key][]float64{}}
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		line := sc.Text()
		if cpu, ok := strings.CutPrefix(line, "cpu: "); ok {
			t.CPU = strings.TrimSpace(cpu)
		}
		if pkg, ok := strings.CutPrefix(line, "pkg: "); ok {
			t.Package = pkg
		}
		if !strings.HasPrefix(line, "Benchmark") {
			continue
		}
		t.add(strings.Fields(line))
	}
	return t, sc.Err()
}

var procs = regexp.MustCompile(`-\d+$`)

func (t *Table) add(f []string) {
	if len(f) < 4 {
		return
	}
	parts := strings.Split(procs.ReplaceAllString(f[0], ""), "/")
	attrs := map[string]string{}
	for _, p := range parts[1:] {
		if k, v, ok := strings.Cut(p, "="); ok {
			attrs[k] = v
		}
	}
	values := map[string]float64{}
	for i := 2; i+1 < len(f); i += 2 {
		if v, err := strconv.ParseFloat(f[i], 64); err == nil {
			values[f[i+1]] = v
		}
	}
	if p := attrs["peak"]; p != "" {
		t.peaks[p] = append(t.peaks[p], values["GFLOP/s"])
		return
	}
	k := key{strings.TrimPrefix(parts[0], "Benchmark"), attrs["size"], attrs["schedule"], attrs["impl"]}
	if t.ns[k] == nil {
		t.keys = append(t.keys, k)
	}
	t.ns[k] = append(t.ns[k], values["ns/op"])
	t.flops[k] = append(t.flops[k], values["GFLOP/s"])
	if p := values["peak-GFLOP/s"]; p > 0 {
		t.share[k] = append(t.share[k], values["GFLOP/s"]/p)
	}
	if p := values["peak-GB/s"]; p > 0 {
		t.bytes[k] = append(t.bytes[k], values["GB/s"]/p)
	}
}

// Rows computes the table.
func (t *Table) Rows() []Row {
	var rows []Row
	for _, k := range t.keys {
		r := Row{
			Kernel: k.kernel, Size: k.size, Schedule: k.schedule, Impl: k.impl, Rounds: len(t.ns[k]),
			MS: median(t.ns[k]) / 1e6, GFLOPS: median(t.flops[k]), Spread: slices.Max(t.ns[k]) / slices.Min(t.ns[k]),
		}
		r.Peak, r.Memory = median(t.share[k]), median(t.bytes[k])
		if naive := t.ns[key{k.kernel, k.size, "naive", "go"}]; naive != nil {
			r.Speedup = median(naive) / median(t.ns[k])
		}
		rows = append(rows, r)
	}
	return rows
}

// Peak is the FMA peak of an instruction set in GFLOP/s, 0 where none was measured.
func (t *Table) Peak(isa string) float64 { return median(t.peaks[isa]) }

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

var header = []string{"kernel", "size", "schedule", "code", "ms", "GFLOP/s", "of peak", "of memory", "vs naive", "spread"}

func (r Row) cells() []string {
	share, memory, speedup := "-", "-", "-"
	if r.Memory > 0 {
		memory = fmt.Sprintf("%.0f %%", 100*r.Memory)
	}
	if r.Peak > 0 {
		share = fmt.Sprintf("%.0f %%", 100*r.Peak)
	}
	if r.Speedup > 0 {
		speedup = fmt.Sprintf("%.1fx", r.Speedup)
	}
	return []string{
		r.Kernel, r.Size, r.Schedule, r.Impl, fmt.Sprintf("%.3f", r.MS), fmt.Sprintf("%.1f", r.GFLOPS),
		share, memory, speedup, fmt.Sprintf("%.0f %%", 100*(r.Spread-1)),
	}
}

// caption tells where and how the numbers came about.
func (t *Table) caption() string {
	s := "one thread, medians"
	if t.CPU != "" {
		s = t.CPU + ", " + s
	}
	names := make([]string, 0, len(t.peaks))
	for p := range t.peaks {
		names = append(names, p)
	}
	sort.Strings(names)
	for _, p := range names {
		s += fmt.Sprintf("; %s FMA peak %.1f GFLOP/s", p, median(t.peaks[p]))
	}
	return s
}

// Text is the table for a terminal.
func (t *Table) Text() string {
	rows := [][]string{header}
	for _, r := range t.Rows() {
		rows = append(rows, r.cells())
	}
	width := make([]int, len(header))
	for _, r := range rows {
		for i, c := range r {
			width[i] = max(width[i], len(c))
		}
	}
	var b strings.Builder
	b.WriteString(t.caption() + "\n")
	for _, r := range rows {
		for i, c := range r {
			if i < 4 {
				fmt.Fprintf(&b, "%-*s  ", width[i], c)
			} else {
				fmt.Fprintf(&b, "%*s  ", width[i], c)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Markdown is the table for a document.
func (t *Table) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n| %s |\n|%s\n", t.caption(), strings.Join(header, " | "), strings.Repeat("---|", len(header)))
	for _, r := range t.Rows() {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(r.cells(), " | "))
	}
	return b.String()
}

// ReplaceSection puts text between the lines <!-- begin NAME --> and
// <!-- end NAME --> of a file.
func ReplaceSection(path, name, text string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
	head, rest, ok := strings.Cut(string(data), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no lines `%s` and `%s`", path, strings.TrimSpace(begin), end)
	}
	return os.WriteFile(path, []byte(head+begin+text+end+tail), 0o644)
}
