package loopir

import "fmt"

// An element describes a type that values may have: the one place where a type says
// what it is.
type element struct {
	name, goName string
	bits         int
	precision    int  // bits of the significand, the hidden one included; 0 for integers
	exponent     int  // bits of the exponent
	unsigned     bool // integers
	stored       bool // numbers are only stored in it: computing takes a wider type
	twin         Type // the type that bitcast makes of it
}

var elements = [...]element{
	F64:  {name: "f64", goName: "float64", bits: 64, precision: 53, exponent: 11, twin: I64},
	F32:  {name: "f32", goName: "float32", bits: 32, precision: 24, exponent: 8, twin: I32},
	BF16: {name: "bf16", goName: "BF16", bits: 16, precision: 8, exponent: 8, stored: true},
	F16:  {name: "f16", goName: "F16", bits: 16, precision: 11, exponent: 5, stored: true},
	I8:   {name: "i8", goName: "int8", bits: 8},
	U8:   {name: "u8", goName: "uint8", bits: 8, unsigned: true},
	I16:  {name: "i16", goName: "int16", bits: 16},
	I32:  {name: "i32", goName: "int32", bits: 32, twin: F32},
	I64:  {name: "i64", goName: "int64", bits: 64, twin: F64},

	Index: {name: "index", goName: "int"},
	Bool:  {name: "bool", goName: "bool"},
}

// element gives the entry of t, an empty one for what is no type.
func (t Type) element() element {
	if int(t) < len(elements) {
		return elements[t]
	}
	return element{}
}

// String gives the type as written: f32, i8, ...; "index" and "bool" have no
// written form.
func (t Type) String() string {
	switch e := t.element(); {
	case e.name != "":
		return e.name
	case t == Invalid:
		return "invalid"
	case t == untypedInt:
		return "integer literal"
	case t == untypedFloat:
		return "floating-point literal"
	}
	return fmt.Sprintf("Type(%d)", uint8(t))
}

// ParseType returns the value type called name, or Invalid.
func ParseType(name string) Type {
	for t := F64; t <= I64; t++ {
		if elements[t].name == name {
			return t
		}
	}
	return Invalid
}

// IsFloat tells the four floating-point types.
func (t Type) IsFloat() bool { return t.element().precision > 0 }

// IsInteger tells the integer value types; Index is not one of them.
func (t Type) IsInteger() bool { return t.IsValue() && !t.IsFloat() }

// IsValue tells the types that data may have.
func (t Type) IsValue() bool { return t.element().bits > 0 }

// IsUnsigned tells the integer types without negative numbers.
func (t Type) IsUnsigned() bool { return t.element().unsigned }

// IsStored tells the floating-point types that generated code only stores numbers in.
func (t Type) IsStored() bool { return t.element().stored }

// Bits gives the width of a value type, 0 for the others.
func (t Type) Bits() int { return t.element().bits }

// Precision gives the bits of the significand of a floating-point type, the hidden one
// included, 0 for the others: rounding is off by 2^-Precision of the value at most.
func (t Type) Precision() int { return t.element().precision }

// ExponentBits gives the bits of the exponent of a floating-point type.
func (t Type) ExponentBits() int { return t.element().exponent }

// Go gives the type that generated Go has for t.
func (t Type) Go() string { return t.element().goName }

// Twin gives the type of what bitcast makes of a t: the integer or floating-point
// type of the same bits, Invalid where there is none.
func (t Type) Twin() Type { return t.element().twin }

// Holds tells whether floating-point type t has every value of type from.
func (t Type) Holds(from Type) bool {
	a, b := t.element(), from.element()
	switch {
	case !t.IsFloat() || !from.IsValue():
		return false
	case from.IsFloat():
		return a.precision >= b.precision && a.exponent >= b.exponent
	case b.unsigned:
		return a.precision >= b.bits
	}
	return a.precision >= b.bits-1 // the least number is a power of two
}

// The checker gives literals these types until their place decides.
const (
	untypedInt Type = 250 + iota
	untypedFloat
)
