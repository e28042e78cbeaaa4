package loopir

var opNames = [...]string{"+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "!", "-"}

// String gives the operator as written.
func (o Op) String() string { return opNames[o] }

var assignNames = [...]string{"=", "+=", "-=", "*=", "/=", "min=", "max="}

// String gives the operator as written: "+=", "max=", ...
func (o AssignOp) String() string { return assignNames[o] }

var dirNames = [...]string{"in", "out", "inout"}

// String gives the direction as written.
func (d Dir) String() string { return dirNames[d] }

var memNames = [...]string{"", "registers", "stack", "heap"}

// String gives the place as written after "in", "" for Auto.
func (m Mem) String() string { return memNames[m] }

var parNames = [...]string{"", "parallel", "vectorize"}

// String gives the word as written after a loop's range, "" for Sequential.
func (p Par) String() string { return parNames[p] }

// reserved words are no names anywhere: statements begin with them, or they
// would read as something else. The words of schedules are free.
var reserved = map[string]string{
	"kernel": "keyword", "schedule": "keyword", "func": "keyword", "for": "keyword", "in": "keyword",
	"out": "keyword", "inout": "keyword", "if": "keyword", "else": "keyword", "let": "keyword",
	"var": "keyword", "where": "keyword", "inf": "literal", "nan": "literal",
}

func init() {
	for t := F64; t <= I64; t++ {
		reserved[t.String()] = "type"
	}
	for _, f := range Functions {
		if f.Reserved {
			reserved[f.Name] = "built-in function"
		}
	}
}

// IsReserved tells whether name can't name anything in a .loop file.
func IsReserved(name string) bool { return reserved[name] != "" }
