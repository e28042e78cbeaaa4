package lift

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"github.com/loopopt/loopopt/gen/lift/asm"
)

// A Package is generated code as text: the Go files that a build without tags takes for
// one processor, and the assembly.
type Package struct {
	Dir   string
	Arch  string // GOARCH
	fset  *token.FileSet
	files []*ast.File
	info  *types.Info
	asm   map[string]*asm.File // by function
	// assemblies are the same by name.
	assemblies map[string]*asm.File
	funcs      map[string]*ast.FuncDecl
	methods    map[string]map[string]*ast.FuncDecl // by type
	structs    map[string]*ast.StructType
	text       map[string][]byte
	digests    map[string]string // of support functions
}

// Archs lists the processors that a package has assembly for, amd64 first; a package
// without is read as amd64 builds it.
func Archs(files map[string][]byte) []string {
	for name := range files {
		if strings.HasSuffix(name, "_arm64.s") {
			return []string{"amd64", "arm64"}
		}
	}
	return []string{"amd64"}
}

// Read parses a package as a GOARCH builds it. Files are given by name; tests and files
// of other platforms are left out.
func Read(dir string, files map[string][]byte, arch string) (*Package, error) {
	p := &Package{
		Dir: dir, Arch: arch, fset: token.NewFileSet(), asm: map[string]*asm.File{}, assemblies: map[string]*asm.File{}, funcs: map[string]*ast.FuncDecl{},
		methods: map[string]map[string]*ast.FuncDecl{}, structs: map[string]*ast.StructType{}, text: files,
	}
	for _, name := range sortedKeys(files) {
		switch {
		case strings.HasSuffix(name, "_test.go") || !named(name, arch):
		case strings.HasSuffix(name, ".go"):
			f, err := parser.ParseFile(p.fset, filepath.Join(dir, name), files[name], parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			if ok, err := builds(f, arch); err != nil || !ok {
				if err != nil {
					return nil, err
				}
				continue
			}
			p.files = append(p.files, f)
		case strings.HasSuffix(name, ".s"):
			f, err := asm.Parse(filepath.Join(dir, name), files[name])
			if err != nil {
				return nil, err
			}
			p.assemblies[f.Name] = f
			for _, fn := range f.Funcs {
				if p.asm[fn.Name] != nil {
					return nil, &asm.Error{File: f.Name, Line: fn.Line, Msg: fn.Name + " is declared twice"}
				}
				p.asm[fn.Name] = f
			}
		}
	}
	if len(p.files) == 0 {
		return nil, fmt.Errorf("%s: no Go files", dir)
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	return p, p.index()
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// named tells whether the name of a file admits a GOARCH.
func named(name, arch string) bool {
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	for _, other := range []string{"amd64", "arm64"} {
		if other != arch && strings.HasSuffix(stem, "_"+other) {
			return false
		}
	}
	return true
}

// builds tells whether a plain build takes the file.
func builds(f *ast.File, arch string) (bool, error) {
	for _, g := range f.Comments {
		if g.Pos() > f.Package {
			break
		}
		for _, c := range g.List {
			if !constraint.IsGoBuild(c.Text) {
				continue
			}
			x, err := constraint.Parse(c.Text)
			if err != nil {
				return false, err
			}
			return x.Eval(func(tag string) bool {
				return tag == arch || tag == "linux" || tag == "unix" || strings.HasPrefix(tag, "go1.")
			}), nil
		}
	}
	return true, nil
}

// check runs go/types. Imported packages are empty here, so that a name of theirs has
// no type; the reader knows those that it accepts by name.
func (p *Package) check() error {
	p.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	var first error
	conf := types.Config{
		Importer: empty{}, GoVersion: "go1.26",
		Error: func(err error) {
			e, ok := err.(types.Error)
			if ok && (strings.HasPrefix(e.Msg, "undefined: ") && strings.Contains(e.Msg, ".") || strings.Contains(e.Msg, "imported and not used") || strings.Contains(e.Msg, "declared and not used")) {
				return
			}
			if first == nil {
				first = err
			}
		},
	}
	_, _ = conf.Check(p.files[0].Name.Name, p.fset, p.files, p.info)
	return first
}

type empty struct{}

func (empty) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	pkg := types.NewPackage(path, filepath.Base(path))
	pkg.MarkComplete()
	return pkg, nil
}

// index finds the declarations.
func (p *Package) index() error {
	for _, f := range p.files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					p.funcs[d.Name.Name] = d
					continue
				}
				t := d.Recv.List[0].Type
				if s, ok := t.(*ast.StarExpr); ok {
					t = s.X
				}
				if id, ok := t.(*ast.Ident); ok {
					if p.methods[id.Name] == nil {
						p.methods[id.Name] = map[string]*ast.FuncDecl{}
					}
					p.methods[id.Name][d.Name.Name] = d
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if t, ok := s.(*ast.TypeSpec); ok {
						if st, ok := t.Type.(*ast.StructType); ok {
							p.structs[t.Name.Name] = st
						}
					}
				}
			}
		}
	}
	return nil
}

// fieldType is the type of a field of a struct, nil if there is none.
func (p *Package) fieldType(typ, field string) types.Type {
	st := p.structs[typ]
	if st == nil {
		return nil
	}
	for _, f := range st.Fields.List {
		for _, n := range f.Names {
			if n.Name == field {
				return p.info.Types[f.Type].Type
			}
		}
	}
	return nil
}

func identName(id *ast.Ident) string {
	if id == nil {
		return ""
	}
	return id.Name
}

func (p *Package) file(n ast.Node) string { return p.fset.Position(n.Pos()).Filename }

// A Form is one compiled form of a scheduled kernel: a type with the method run.
type Form struct {
	Type string // convAvx512S1AVX512
	File string // the Go file that declares it
	Loop string // the .loop file that it is generated from
}

// asmSuffix ends the name of a Go file that calls assembly.
var asmSuffix = regexp.MustCompile(`_(avx512|avx2)_amd64$|_neon_arm64$`)

// Forms lists the compiled forms, with the .loop file each belongs to: the one of the Go
// file's name, or of that without what it says of the assembly.
func (p *Package) Forms() []Form {
	var out []Form
	for _, t := range sortedKeys(p.methods) {
		run := p.methods[t]["run"]
		if run == nil || p.methods[t]["runRange"] == nil {
			continue
		}
		f := Form{Type: t, File: filepath.Base(p.file(run))}
		stem := strings.TrimSuffix(f.File, ".go")
		for _, s := range []string{stem, asmSuffix.ReplaceAllString(stem, "")} {
			if p.text[s+".loop"] != nil && f.Loop == "" {
				f.Loop = s + ".loop"
			}
		}
		out = append(out, f)
	}
	return out
}
