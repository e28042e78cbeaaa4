package loopir

import "math"

// A Function is a built-in function: one entry of Functions, which the parser, the
// checker, the interpreter, the prover's bounds and the emitters of Go range over.
type Function struct {
	Name     string
	Args     int
	Variadic bool     // takes Args arguments or more
	Takes    Operands // types of the arguments, which is also that of the result but for bitcast
	Reserved bool     // the name can't stand for anything else, even where no ( follows
	Constant bool     // the last argument is a literal from 0 to below the number of bits

	// What it is. Floating-point arguments are widened to f64 and the result rounded once
	// to the type at hand; integers are extended to 64 bits and the result wraps. select,
	// fma and bitcast are not told like this.
	Float1 func(x float64) float64
	Float2 func(x, y float64) float64
	Int1   func(x int64) int64
	Int2   func(x, y int64) int64

	// How far a result is from the function of real numbers.
	Roundings int     // it counts for so many roundings
	Slope     float64 // |f(x) - f(y)| is at most so many times the largest |x - y|; 0: there is no such number

	// What Go has for it, by the type of the arguments: a function, or an operator. What
	// is not there has no form in Go.
	Go map[Type]string
}

// elementary is how many roundings exp, log, tanh and sigmoid count for: they are taken
// to be that many units in the last place accurate.
const elementary = 4

// Operands says what types the arguments of a function may have.
type Operands uint8

const (
	Numbers     Operands = iota // values and indices
	Values                      // values
	Floats                      // floating-point values
	Integers                    // integers that are values
	Recastables                 // values of 32 and 64 bits
)

var operandNames = [...]string{
	"values of one type, or indices", "values of one type", "floating-point values", "integers", "f32, i32, f64 or i64",
}

func (o Operands) String() string { return operandNames[o] }

func floats(f64, f32 string) map[Type]string { return map[Type]string{F64: f64, F32: f32} }

func integers(form string) map[Type]string {
	return map[Type]string{I8: form, U8: form, I16: form, I32: form, I64: form}
}

func with(a, b map[Type]string) map[Type]string {
	for t, form := range b {
		a[t] = form
	}
	return a
}

// Sigmoid is the reference sigmoid, to be rounded to the type at hand.
func Sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// Functions is the table of built-in functions, in the order of the documentation.
var Functions = []*Function{
	{
		Name: "min", Args: 2, Variadic: true, Takes: Numbers, Reserved: true, Slope: 1,
		Float2: func(x, y float64) float64 { return min(x, y) }, Int2: func(x, y int64) int64 { return min(x, y) },
		Go: with(floats("min", "min"), integers("min")),
	},
	{
		Name: "max", Args: 2, Variadic: true, Takes: Numbers, Reserved: true, Slope: 1,
		Float2: func(x, y float64) float64 { return max(x, y) }, Int2: func(x, y int64) int64 { return max(x, y) },
		Go: with(floats("max", "max"), integers("max")),
	},
	{
		Name: "abs", Args: 1, Takes: Values, Reserved: true, Slope: 1,
		Float1: math.Abs, Int1: func(x int64) int64 { return max(x, -x) },
		Go: with(floats("math.Abs", "abs32"), integers("absInt")),
	},
	{Name: "exp", Args: 1, Takes: Floats, Reserved: true, Roundings: elementary, Float1: math.Exp, Go: floats("math.Exp", "exp32")},
	{Name: "log", Args: 1, Takes: Floats, Reserved: true, Roundings: elementary, Float1: math.Log, Go: floats("math.Log", "log32")},
	{Name: "sqrt", Args: 1, Takes: Floats, Reserved: true, Roundings: 1, Float1: math.Sqrt, Go: floats("math.Sqrt", "sqrt32")},
	{Name: "tanh", Args: 1, Takes: Floats, Reserved: true, Roundings: elementary, Slope: 1, Float1: math.Tanh, Go: floats("math.Tanh", "tanh32")},
	{Name: "sigmoid", Args: 1, Takes: Floats, Reserved: true, Roundings: elementary, Slope: 0.25, Float1: Sigmoid, Go: floats("sigmoid64", "sigmoid32")},
	{Name: "fma", Args: 3, Takes: Floats, Reserved: true, Roundings: 1, Go: floats("math.FMA", "fma32")},
	{Name: "select", Args: 3, Takes: Values, Reserved: true, Slope: 1},

	{Name: "round", Args: 1, Takes: Floats, Float1: math.RoundToEven, Go: floats("math.RoundToEven", "round32")},
	{Name: "floor", Args: 1, Takes: Floats, Float1: math.Floor, Go: floats("math.Floor", "floor32")},
	{Name: "ceil", Args: 1, Takes: Floats, Float1: math.Ceil, Go: floats("math.Ceil", "ceil32")},
	{Name: "trunc", Args: 1, Takes: Floats, Float1: math.Trunc, Go: floats("math.Trunc", "trunc32")},

	{Name: "and", Args: 2, Takes: Integers, Int2: func(x, y int64) int64 { return x & y }, Go: integers("&")},
	{Name: "or", Args: 2, Takes: Integers, Int2: func(x, y int64) int64 { return x | y }, Go: integers("|")},
	{Name: "xor", Args: 2, Takes: Integers, Int2: func(x, y int64) int64 { return x ^ y }, Go: integers("^")},
	{Name: "not", Args: 1, Takes: Integers, Int1: func(x int64) int64 { return ^x }, Go: integers("^")},
	{Name: "shl", Args: 2, Takes: Integers, Constant: true, Int2: func(x, n int64) int64 { return x << uint64(n) }, Go: integers("<<")},
	{Name: "shr", Args: 2, Takes: Integers, Constant: true, Int2: func(x, n int64) int64 { return x >> uint64(n) }, Go: integers(">>")},
	{
		Name: "bitcast", Args: 1, Takes: Recastables,
		Go: map[Type]string{F64: "bits64", F32: "bits32", I64: "float64of", I32: "float32of"},
	},
}

var functionsByName = map[string]*Function{}

func init() {
	for _, f := range Functions {
		functionsByName[f.Name] = f
	}
}

// Builtin gives the built-in function called name, or nil.
func Builtin(name string) *Function { return functionsByName[name] }

// Result gives the type of the function of arguments of type t.
func (f *Function) Result(t Type) Type {
	if f.Takes == Recastables {
		return t.Twin()
	}
	return t
}
