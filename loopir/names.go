package loopir

import "fmt"

var typeNames = [...]string{"invalid", "index", "bool", "f64", "f32", "bf16", "f16", "i8", "u8", "i16", "i32", "i64"}

// String gives the type as written: f32, i8, ...; "index" and "bool" have no
// written form.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	switch t {
	case untypedInt:
		return "integer literal"
	case untypedFloat:
		return "floating-point literal"
	}
	return fmt.Sprintf("Type(%d)", uint8(t))
}

// ParseType returns the value type called name, or Invalid.
func ParseType(name string) Type {
	for t := F64; t <= I64; t++ {
		if typeNames[t] == name {
			return t
		}
	}
	return Invalid
}

// IsFloat tells the four floating-point types.
func (t Type) IsFloat() bool { return t >= F64 && t <= F16 }

// IsInteger tells the integer value types; Index is not one of them.
func (t Type) IsInteger() bool { return t >= I8 && t <= I64 }

// IsValue tells the types that data may have.
func (t Type) IsValue() bool { return t >= F64 && t <= I64 }

// Bits gives the width of a value type, 0 for the others.
func (t Type) Bits() int {
	switch t {
	case F64, I64:
		return 64
	case F32, I32:
		return 32
	case BF16, F16, I16:
		return 16
	case I8, U8:
		return 8
	}
	return 0
}

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
	for name := range intrinsics {
		reserved[name] = "built-in function"
	}
}

// intrinsics gives the number of arguments of each built-in function; min and
// max take that many or more.
var intrinsics = map[string]int{
	"min": 2, "max": 2, "exp": 1, "log": 1, "sqrt": 1, "tanh": 1, "sigmoid": 1, "abs": 1,
	"select": 3, "fma": 3,
}

// IsReserved tells whether name can't name anything in a .loop file.
func IsReserved(name string) bool { return reserved[name] != "" }

// The checker gives literals these types until their place decides.
const (
	untypedInt Type = 250 + iota
	untypedFloat
)
