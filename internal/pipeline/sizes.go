package pipeline

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/loopopt/loopopt/gen"
	"github.com/loopopt/loopopt/loopir"
)

// ReadSizes reads FILE.sizes beside FILE.loop, if there is one: a line is a
// kernel, a name, a value for each of the kernel's sizes, and for scalars that are not
// to be 1.
func ReadSizes(f *loopir.File, loopFile string) (map[string][]gen.Sizes, error) {
	path := strings.TrimSuffix(loopFile, ".loop") + ".sizes"
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := map[string][]gen.Sizes{}
	sc := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; sc.Scan(); n++ {
		line, _, _ := strings.Cut(sc.Text(), "//")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		fail := func(format string, args ...any) error {
			return fmt.Errorf("%s:%d: %s", path, n, fmt.Sprintf(format, args...))
		}
		k := f.Kernel(words[0])
		if k == nil {
			return nil, fail("no kernel %s in %s", words[0], loopFile)
		}
		if len(words) < 2 {
			return nil, fail("want `%s NAME SIZE=VALUE ...`", words[0])
		}
		s, err := SizesOf(k, words[1], words[2:])
		if err != nil {
			return nil, fail("%v", err)
		}
		out[k.Name] = append(out[k.Name], s)
	}
	return out, sc.Err()
}

// SizesOf reads a value for each size of a kernel, and for scalars that are not to be 1.
func SizesOf(k *loopir.Kernel, name string, words []string) (gen.Sizes, error) {
	s := gen.Sizes{Name: name, Values: map[string]int64{}}
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		if p := k.Param(name); p != nil && p.Kind == loopir.ScalarParam {
			x, err := strconv.ParseFloat(value, 64)
			if err != nil || x-x != 0 || isInteger(p.Type) && (x != math.Trunc(x) || math.Abs(x) > 100) {
				return s, fmt.Errorf("%s: want a finite number for scalar %s, of an integer type one from -100 to 100", w, name)
			}
			if s.Scalars == nil {
				s.Scalars = map[string]float64{}
			}
			s.Scalars[name] = x
			continue
		}
		v, err := strconv.ParseInt(value, 10, 32)
		if p := k.Param(name); p == nil || p.Kind != loopir.SizeParam || err != nil || v < 0 {
			return s, fmt.Errorf("%s: want SIZE=VALUE with a size or scalar of %s and a value from 0 to 2147483647", w, k.Name)
		}
		s.Values[name] = v
	}
	for _, p := range k.Params {
		if _, ok := s.Values[p.Name]; p.Kind == loopir.SizeParam && !ok {
			return s, fmt.Errorf("%s has no value for size %s", name, p.Name)
		}
	}
	return s, nil
}

func isInteger(t loopir.Type) bool {
	return t != loopir.F64 && t != loopir.F32 && t != loopir.F16 && t != loopir.BF16
}
