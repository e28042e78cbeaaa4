package loopir

import "math/big"

// A Pos is a place in a source file; Line and Col count from 1, Col in bytes.
// The zero Pos means "made by a transformation".
type Pos struct {
	Line, Col int
	Offset    int
}

// A Span is the source text from Start up to, not including, End.
type Span struct {
	File       string
	Start, End Pos
}

// A Type is the type of a value or, for Index, of an exact integer that names
// places: sizes, iterators, index expressions.
type Type uint8

const (
	Invalid Type = iota
	Index        // sizes, iterators, index arithmetic: exact integers
	Bool         // conditions
	F64
	F32
	BF16
	F16
	I8
	U8
	I16
	I32
	I64
)

// A File is one parsed .loop file.
type File struct {
	Name      string
	Funcs     []*Func
	Kernels   []*Kernel
	Schedules []*Schedule
	Comments  []Comment // in source order; the formatter puts them back
}

// A Comment is one // comment, text without the newline; an empty Text is a
// blank line.
type Comment struct {
	Text string
	Span Span
}

// A Func declares a function of values: an uninterpreted one, func match(a, b: i32): i32,
// or one with a body, lets and one result, which it is short for.
type Func struct {
	Name   string
	Names  []string // of the parameters; may be nil where there is no body
	Params []Type
	Result Type
	Lets   []*Let
	Value  Expr // over the parameters and the lets; nil for an uninterpreted function
	Span   Span // of the header
	Return Span // of the statement with the value
	End    Span // of the closing brace
}

// A Kernel denotes a function from sizes, scalars and array contents to array
// contents: kernel name(params) where cond, cond { body }
type Kernel struct {
	Name   string
	Params []*Param
	Where  []Expr // conjuncts, each Bool over sizes
	Body   []Stmt
	Span   Span // of the header
	End    Span // of the closing brace
}

// A ParamKind tells sizes, scalars and arrays apart.
type ParamKind uint8

const (
	SizeParam   ParamKind = iota // N: size, an integer >= 0
	ScalarParam                  // alpha: f32
	ArrayParam                   // in A: f32[N][K]
)

// A Dir is the direction of an array parameter.
type Dir uint8

const (
	In    Dir = iota // read only
	Out              // starts uninitialized, every cell is written
	InOut            // read and written
)

// A Param is one kernel parameter.
type Param struct {
	Name   string
	Kind   ParamKind
	Dir    Dir    // arrays only
	Type   Type   // element type; Index for sizes
	Shape  []Expr // arrays only, never empty; Index expressions over sizes
	Layout *Layout
	Span   Span
}

// A Layout relates a packed array parameter to the logical array that the
// naive kernel declares; printed after the shape:
//
//	in I: f32[N][C/16][H][W][16] packs [n: N][c: C][h: H][w: W] as [n][c/16][h][w][c%16]
//
// Logical cell (n,c,h,w) of the extents given lives at the packed index. Packed
// cells that hold no logical cell are padding, with unspecified content.
type Layout struct {
	Iters []string // one name a logical dimension
	Shape []Expr   // logical extents, over sizes
	Index []Expr   // packed index, over Iters and sizes; len(Index) == rank of the packed array
}

// A Stmt is one of *For, *If, *Let, *Local, *Assign, *Call, *Prefetch.
type Stmt interface {
	Source() Span
	stmt()
}

// A Par says how a loop's iterations may run.
type Par uint8

const (
	Sequential Par = iota
	Parallel       // iterations in any order, at once
	Vectorize      // iterations are lanes
)

// A For runs its body for Iter = Lo, Lo+Step, ... below Hi, in that order:
// for i in lo..hi step s parallel unroll { body }
type For struct {
	Label  string // "L1:" before the loop, or empty
	Iter   string
	Lo, Hi Expr
	Step   Expr // nil means 1
	Par    Par
	Reduce []Reduction // parallel reduction(+: s)
	Unroll bool        // gen writes every iteration out; extent is constant
	Body   []Stmt
	Span   Span // of the header, for errors
	End    Span // of the closing brace; loops of one header share it
}

// A Reduction permits concurrent updates of Name by Op in a parallel loop.
type Reduction struct {
	Op   AssignOp
	Name string
}

// An If runs Then when Cond holds, else Else: if c { ... } else { ... }
type If struct {
	Cond       Expr // Bool
	Then, Else []Stmt
	Span       Span // of the header
	Mid, End   Span // of the brace that closes Then, of the last one
}

// A Let names an index or a value that does not change: let ij = stride*oj
type Let struct {
	Name  string
	Value Expr
	Span  Span
}

// A Mem says where a local lives.
type Mem uint8

const (
	Auto Mem = iota
	Registers
	Stack
	Heap // a packed buffer, allocated once per call or worker
)

// A Local declares a local array or scalar (nil Shape), new in each iteration
// of the loop around it: var t: f32[4][N] in registers, var s: f32 = 0
type Local struct {
	Name  string
	Type  Type
	Shape []Expr // extents may use outer iterators, min and max
	Init  Expr   // scalars only; nil means uninitialized
	Mem   Mem
	Span  Span
}

// An AssignOp is =, +=, -=, *=, /=, min= or max=.
type AssignOp uint8

const (
	Set AssignOp = iota
	AddTo
	SubTo
	MulTo
	DivTo
	MinTo
	MaxTo
)

// An Assign writes one cell: S1: A[i][j] += e
type Assign struct {
	Label string
	LHS   *Read // the cell written
	Op    AssignOp
	RHS   Expr
	ID    int     // set by Number: textual order, calls counted as if inlined
	From  *Origin // set by Number and kept true by transformations; see Origin
	Span  Span
}

// A Call runs another kernel on sizes, scalars and windows of arrays:
// brgemm(16, I[n][cb][ij..ij+3][0..W], alpha). Args match the callee's
// parameters in order; array parameters take a *Window.
type Call struct {
	Label  string
	Kernel string
	Args   []Expr
	From   []*Origin // one for each assignment of the callee, nested calls inlined
	Span   Span
}

// A Prefetch hints that a cell will be used: prefetch A[i][j+8] to L1
type Prefetch struct {
	Cell  *Read
	Level int // 1 or 2
	Span  Span
}

// An Origin is a transformation's unproved claim that an instance of this
// assignment does what the instance Iters of assignment Stmt did in the kernel
// before: Iters maps each iterator around the old assignment to an expression
// over the iterators around the new one. A nil Origin claims nothing (a copy
// that staging added).
type Origin struct {
	Stmt  int
	Iters map[string]Expr
}

// An Expr is one of *Int, *Float, *Var, *Read, *Binary, *Unary, *Intrinsic,
// *Cast, *Window.
type Expr interface {
	Source() Span
	TypeOf() Type
	expr()
}

// An Int is an integer literal; Type is that of the place it stands in.
type Int struct {
	Value *big.Int
	Type  Type
	Span  Span
}

// A Float is a floating-point literal, kept as written; "inf" and "nan" too.
type Float struct {
	Text string
	Type Type
	Span Span
}

// A Var is the value of an iterator, a size or an index let.
type Var struct {
	Name string
	Span Span
}

// A Read is the value of a scalar (nil Index) or of an array cell. As an
// Assign's LHS it names the cell.
type Read struct {
	Name  string
	Index []Expr
	Type  Type
	Span  Span
}

// An Op is a binary or unary operator.
type Op uint8

const (
	Add Op = iota
	Sub
	Mul
	Div // floor for Index, Go's truncation for integer values
	Mod // floor for Index, Go's for integer values
	Eq
	Ne
	Lt
	Le
	Gt
	Ge
	And
	Or
	Not // unary
	Neg // unary
)

// A Binary is X Op Y.
type Binary struct {
	Op   Op
	X, Y Expr
	Type Type
	Span Span
}

// A Unary is -X or !X.
type Unary struct {
	Op   Op
	X    Expr
	Type Type
	Span Span
}

// An Intrinsic is a function applied: one of Functions, or one that a Func declares.
type Intrinsic struct {
	Name string
	Args []Expr
	Type Type
	Span Span
}

// A Cast converts X: f32(x). From Index it makes a value of an iterator.
type Cast struct {
	To   Type
	X    Expr
	Span Span
}

// A Window is the part of an array handed to a called kernel: A[i][lo..hi].
// A dimension with nil Hi is dropped at Lo; a whole array has nil Dims.
type Window struct {
	Name string
	Dims []WindowDim
	Type Type
	Span Span
}

// A WindowDim is [Lo..Hi], or [Lo] when Hi is nil.
type WindowDim struct{ Lo, Hi Expr }

// A Schedule is a list of steps for a kernel:
// schedule avx512 for conv { param V = 16 ... block k by V into kb, k ... }
type Schedule struct {
	Name   string
	Params []*SchedParam // formal parameters of a reusable schedule: (V: int)
	Kernel string        // "any" for a reusable schedule
	Items  []*Step
	Span   Span // of the header
	End    Span // of the closing brace
}

// A SchedParam is a formal parameter (Default nil) or a "param X = e in {..}".
type SchedParam struct {
	Name    string
	Type    string // "int", "loop", "array"...
	Default Expr   // nil for a formal parameter
	Choices []Expr
	Span    Span
}

// A Step is one line of a schedule: the verb and the tokens after it. The verbs
// param, assume and use are the schedule language's own; every other verb is a
// primitive that parses Args with a Cursor.
type Step struct {
	Verb string
	Args []Token
	Span Span
}

// A TokenKind classifies a Token.
type TokenKind uint8

const (
	TokIdent TokenKind = iota
	TokInt
	TokFloat
	TokPunct // operators and brackets: [ ] ( ) { } , .. + - * / % == <= ...
	TokEOF
)

// A Token is one lexical element of a schedule step.
type Token struct {
	Kind TokenKind
	Text string
	Span Span
}

func (*For) stmt()      {}
func (*If) stmt()       {}
func (*Let) stmt()      {}
func (*Local) stmt()    {}
func (*Assign) stmt()   {}
func (*Call) stmt()     {}
func (*Prefetch) stmt() {}

func (s *For) Source() Span      { return s.Span }
func (s *If) Source() Span       { return s.Span }
func (s *Let) Source() Span      { return s.Span }
func (s *Local) Source() Span    { return s.Span }
func (s *Assign) Source() Span   { return s.Span }
func (s *Call) Source() Span     { return s.Span }
func (s *Prefetch) Source() Span { return s.Span }

func (*Int) expr()       {}
func (*Float) expr()     {}
func (*Var) expr()       {}
func (*Read) expr()      {}
func (*Binary) expr()    {}
func (*Unary) expr()     {}
func (*Intrinsic) expr() {}
func (*Cast) expr()      {}
func (*Window) expr()    {}

func (e *Int) Source() Span       { return e.Span }
func (e *Float) Source() Span     { return e.Span }
func (e *Var) Source() Span       { return e.Span }
func (e *Read) Source() Span      { return e.Span }
func (e *Binary) Source() Span    { return e.Span }
func (e *Unary) Source() Span     { return e.Span }
func (e *Intrinsic) Source() Span { return e.Span }
func (e *Cast) Source() Span      { return e.Span }
func (e *Window) Source() Span    { return e.Span }

func (e *Int) TypeOf() Type       { return e.Type }
func (e *Float) TypeOf() Type     { return e.Type }
func (e *Var) TypeOf() Type       { return Index }
func (e *Read) TypeOf() Type      { return e.Type }
func (e *Binary) TypeOf() Type    { return e.Type }
func (e *Unary) TypeOf() Type     { return e.Type }
func (e *Intrinsic) TypeOf() Type { return e.Type }
func (e *Cast) TypeOf() Type      { return e.To }
func (e *Window) TypeOf() Type    { return e.Type }
