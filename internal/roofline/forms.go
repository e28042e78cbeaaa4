package roofline

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/loopopt/loopopt/internal/benchtable"
	"github.com/loopopt/loopopt/internal/pipeline"
	"github.com/loopopt/loopopt/internal/tune"
	"github.com/loopopt/loopopt/loopir"
)

// A Package is a folder of generated code: the forms and the sizes that its tests list.
type Package struct {
	dir     string
	kernels map[string]*kernel // by what their benchmark is called: Conv
	files   map[string]*loopir.File
}

// A kernel is one benchmark.
type kernel struct {
	forms []form // never empty; the first one is the naive kernel
	sizes map[string]map[string]int64
}

// A form is one entry of the table that a generated test lists all forms in.
type form struct{ schedule, impl, file, kernel string }

// Read reads what the tests of a generated package list.
func Read(dir string) (*Package, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	p := &Package{dir: dir, kernels: map[string]*kernel{}, files: map[string]*loopir.File{}}
	forms := map[string][]form{} // by the variable
	uses := map[string]string{}  // of it by a benchmark
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, file.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec: // var formsConv = []gentest.Form{...}
				if len(n.Values) == 1 {
					forms[n.Names[0].Name] = slices.Concat(listed(n.Values[0]), forms[n.Names[0].Name])
				}
			case *ast.AssignStmt: // formsConv = append(formsConv, []gentest.Form{...}...)
				to, isName := n.Lhs[0].(*ast.Ident)
				call, isCall := n.Rhs[0].(*ast.CallExpr)
				if isName && isCall && len(call.Args) == 2 {
					forms[to.Name] = append(forms[to.Name], listed(call.Args[1])...)
				}
			case *ast.FuncDecl:
				if name, ok := strings.CutPrefix(n.Name.Name, "Benchmark"); ok {
					if from, sizes := benched(n); from != "" {
						p.kernels[name] = &kernel{sizes: sizes}
						uses[name] = from
					}
				}
			}
			return true
		})
	}
	for name, from := range uses {
		if p.kernels[name].forms = forms[from]; len(forms[from]) == 0 {
			return nil, fmt.Errorf("%s: Benchmark%s runs %s, which lists no form", dir, name, from)
		}
	}
	if len(p.kernels) == 0 {
		return nil, fmt.Errorf("%s has no benchmarks of generated kernels to explain; list sizes in a .sizes file and run loopopt gen", dir)
	}
	return p, nil
}

// listed reads []gentest.Form{{Schedule: "naive", Impl: "go", File: "conv_naive.loop", ...}}.
func listed(e ast.Expr) (out []form) {
	list, ok := e.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	for _, e := range list.Elts {
		v := fields(e)
		f := form{text(v["Schedule"]), text(v["Impl"]), text(v["File"]), text(v["Kernel"])}
		if f.file != "" && f.kernel != "" {
			out = append(out, f)
		}
	}
	return out
}

// benched reads gentest.Bench(b, formsConv, []gentest.Sizes{{Name: "first", Values: map[string]int{"N": 1}}}).
func benched(f *ast.FuncDecl) (forms string, sizes map[string]map[string]int64) {
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 3 {
			return true
		}
		fn, ok := call.Fun.(*ast.SelectorExpr)
		from, ok2 := call.Args[1].(*ast.Ident)
		list, ok3 := call.Args[2].(*ast.CompositeLit)
		if !ok || !ok2 || !ok3 || fn.Sel.Name != "Bench" {
			return true
		}
		forms, sizes = from.Name, map[string]map[string]int64{}
		for _, e := range list.Elts {
			v := fields(e)
			values := map[string]int64{}
			if m, ok := v["Values"].(*ast.CompositeLit); ok {
				for _, e := range m.Elts {
					if kv, ok := e.(*ast.KeyValueExpr); ok {
						values[text(kv.Key)] = number(kv.Value)
					}
				}
			}
			sizes[text(v["Name"])] = values
		}
		return false
	})
	return forms, sizes
}

// fields are those of a literal of a struct.
func fields(e ast.Expr) map[string]ast.Expr {
	out := map[string]ast.Expr{}
	lit, ok := e.(*ast.CompositeLit)
	if !ok {
		return out
	}
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if name, ok := kv.Key.(*ast.Ident); ok {
				out[name.Name] = kv.Value
			}
		}
	}
	return out
}

func text(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	s, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return s
}

func number(e ast.Expr) int64 {
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(lit.Value, 0, 64)
	if err != nil {
		return 0
	}
	return n
}

// find gives the form that a row of a table is of, and its sizes.
func (k *kernel) find(b benchtable.Row) (form, map[string]int64, error) {
	sizes := k.sizes[b.Size]
	i := slices.IndexFunc(k.forms, func(f form) bool { return f.schedule == b.Schedule && f.impl == b.Impl })
	if i < 0 || sizes == nil {
		return form{}, nil, fmt.Errorf("the tests list no form %s of schedule %s of %s, or no size %s, which was measured", b.Impl, b.Schedule, b.Kernel, b.Size)
	}
	return k.forms[i], sizes, nil
}

// load reads the kernel of a form, each file once.
func (p *Package) load(of form) (*loopir.File, *loopir.Kernel, error) {
	f := p.files[of.file]
	if f == nil {
		var err error
		if f, _, err = pipeline.Load(filepath.Join(p.dir, of.file)); err != nil {
			return nil, nil, err
		}
		p.files[of.file] = f
	}
	k := f.Kernel(of.kernel)
	if k == nil {
		return nil, nil, fmt.Errorf("%s has no kernel %s, which the tests list", f.Name, of.kernel)
	}
	return f, k, nil
}

// loops are those of the assembly of a form.
func (p *Package) loops(f form) ([]*Loop, error) {
	arch := "amd64"
	if f.impl == "neon" {
		arch = "arm64"
	}
	name := fmt.Sprintf("%s_%s_%s.s", strings.TrimSuffix(f.file, ".loop"), f.impl, arch)
	src, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		return nil, err
	}
	return Loops(name, src)
}

// predict has the model look at the loops that a form was emitted from.
func predict(f *loopir.File, of form, sizes map[string]int64, ops float64, m *tune.Machine) (*tune.Prediction, error) {
	// They are scheduled already: a schedule of no steps leaves them as they are.
	view, err := pipeline.PreviewOf(f, &loopir.Schedule{Name: "scheduled", Kernel: of.kernel}, nil, of.impl)
	if err != nil {
		return nil, err
	}
	return tune.Predict(view.Flat, view.Entries, sizes, ops, m)
}
