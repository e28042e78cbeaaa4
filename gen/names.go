package gen

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/loopopt/loopopt/gen/goname"
	"github.com/loopopt/loopopt/gen/simd"
)

// camel makes an exported identifier of a .loop name: conv_relu -> ConvRelu.
func camel(name string) string {
	var b strings.Builder
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '.' }) {
		r := []rune(part)
		b.WriteRune(unicode.ToUpper(r[0]))
		b.WriteString(string(r[1:]))
	}
	return b.String()
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// ident gives want, or want_2, want_3, ... where that or what is made of it is taken.
func (p *pkg) ident(want string, made func(string) []string) string {
	if want == "" || want[0] >= '0' && want[0] <= '9' { // kernels _ and _1
		want = "K" + want
	}
	free := func(list []string) bool {
		for _, n := range list {
			if p.taken[n] || goname.Taken(n) {
				return false
			}
		}
		return true
	}
	name := want
	for i := 2; !free(made(name)); i++ {
		name = fmt.Sprintf("%s_%d", want, i)
	}
	for _, n := range made(name) {
		p.taken[n] = true
	}
	return name
}

// exportedName takes the name of an exported function, and those of its tests.
func (p *pkg) exportedName(want string) string {
	return p.ident(want, func(n string) []string {
		return []string{n, "Which" + n, "Test" + n, "Test" + n + "Arguments", "Fuzz" + n, "Benchmark" + n, "forms" + n, "exported" + n}
	})
}

// typeName takes the name of a form's type and of what goes with it, assembly included.
func (p *pkg) typeName(want string) string {
	return p.ident(lowerFirst(want), func(n string) []string {
		var out []string
		for _, isa := range []string{"", simd.AVX512.String(), simd.AVX2.String(), simd.NEON.String()} {
			t := n + strings.ToUpper(isa)
			out = append(out, t, "call"+camel(t), "has"+camel(t), t+"Calls", t+"Scratch", t+"Scratches")
		}
		return out
	})
}

// What files of a kernel, and of a form, have behind the stem of their name.
var (
	platformSuffixes = []string{"_amd64", "_arm64", "_noasm", "_test", "_amd64_test", "_arm64_test"}
	asmSuffixes      = []string{"_avx512_amd64", "_avx2_amd64", "_neon_arm64"}
)

// constrained are the words that say, at the end of a file's name, when Go builds it.
var constrained = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`test aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd
		plan9 solaris wasip1 windows zos 386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le
		mips64p32 mips64p32le ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm`) {
		m[w] = true
	}
	return m
}()

// stem takes a name for files, with what may stand behind it. Go leaves out files whose
// names begin with _ and some that end in the name of a system; and there are file
// systems where F and f are one.
func (p *pkg) stem(want string, suffixes ...string) string {
	if strings.HasPrefix(want, "_") {
		want = "k" + want
	}
	if words := strings.Split(want, "_"); constrained[strings.ToLower(words[len(words)-1])] {
		want += "_"
	}
	list := func(n string) []string {
		out := []string{strings.ToLower(n) + ".go"}
		for _, s := range suffixes {
			out = append(out, strings.ToLower(n)+s+".go")
		}
		return out
	}
	return p.ident(want, list)
}
