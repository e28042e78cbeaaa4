// Package loopir is the language of .loop files and the intermediate
// representation that all other packages work on: syntax trees with spans
// (nodes.go), the parser, the checker, the formatter, and errors as people read
// them. A transformed kernel is an ordinary kernel: it prints as a .loop file that
// parses back, and can be checked, verified and scheduled further on its own.
//
// # A first kernel
//
// A kernel denotes a function from sizes, scalars and the contents of its in and
// inout arrays to the contents of its out and inout arrays. It says what is
// computed; statements run in textual order.
//
//	// C = alpha*A*B + C
//	kernel gemm(M, N, K: size, alpha: f32,
//	            in    A: f32[M][K],
//	            in    B: f32[K][N],
//	            inout C: f32[M][N])
//	  where K >= 1
//	{
//	  for i in 0..M, j in 0..N {
//	    var s: f32 = 0
//	    for k in 0..K {
//	      s += A[i][k] * B[k][j]
//	    }
//	    C[i][j] += alpha * s
//	  }
//	}
//
// # Lexical structure
//
// A comment runs from // to the end of the line. Names are ASCII letters, digits
// and _, and don't begin with a digit; a name with dots (gemm.i) belongs to code
// that was inlined from another kernel. Integers are written as in Go (12, 1_000,
// 0xff), floating-point numbers have digits on both sides of the point or an
// exponent (1.5, 1e-3), inf and nan are literals too. A statement ends at the end
// of its line, at a semicolon, or before }. A line may break inside brackets, after
// an operator or a comma, and before the { or the where of a header.
//
// These words are no names: kernel schedule func for in out inout if else let var
// where inf nan, the types, and the functions min max abs exp log sqrt tanh sigmoid
// fma select. The words of schedules (block, tail, step, parallel, ...) are free, and so
// are the names of the other built-in functions, but for funcs.
//
// # Grammar
//
// In EBNF, with NL for the end of a statement:
//
//	file      = { func | kernel | schedule } .
//	func      = "func" name "(" [ name { "," name } ":" type { "," ... } ] ")" ":" type [ body ] .
//	body      = "{" { let NL } "return" expr NL "}" .
//	kernel    = "kernel" name "(" [ params { "," params } ] ")" [ "where" expr { "," expr } ] block .
//	params    = name { "," name } ":" ( "size" | type )
//	          | ( "in" | "out" | "inout" ) name { "," name } ":" type extents [ layout ] .
//	extents   = "[" expr "]" { "[" expr "]" } .
//	layout    = "packs" "[" name ":" expr "]" { ... } "as" "[" expr "]" { ... } .
//	type      = "f64" | "f32" | "bf16" | "f16" | "i8" | "u8" | "i16" | "i32" | "i64" .
//	block     = "{" { statement NL } "}" .
//	statement = [ label ":" ] ( for | assign | call ) | if | let | var | prefetch .
//	for       = "for" clause { "," clause } block .
//	clause    = name "in" expr ".." expr [ "step" expr ] { attribute } .
//	attribute = "parallel" | "vectorize" | "unroll" | ( "reduction" | "reduce" ) "(" op ":" name { "," name } ")" .
//	op        = "+" | "*" | "min" | "max" .
//	if        = "if" expr block [ "else" ( if | block ) ] .
//	let       = "let" name "=" expr .
//	var       = "var" name ":" type [ extents | "=" expr ] [ "in" ( "registers" | "stack" | "heap" ) ] .
//	assign    = cell ( "=" | "+=" | "-=" | "*=" | "/=" | "min=" | "max=" ) expr .
//	call      = name "(" [ argument { "," argument } ] ")" .
//	argument  = expr | name { "[" ( expr | [ expr ] ".." [ expr ] ) "]" } .
//	prefetch  = "prefetch" cell "to" ( "L1" | "L2" ) .
//	cell      = name { "[" expr "]" } .
//	expr      = unary | expr binary expr .
//	unary     = [ "-" | "!" ] primary .
//	primary   = number | cell | function "(" expr { "," expr } ")" | type "(" expr ")" | "(" expr ")" .
//	schedule  = "schedule" name [ "(" name ":" kind { "," ... } ")" ] "for" name "{" { step NL } "}" .
//	step      = verb { token } .
//
// Binary operators bind as in Go, from loose to tight: ||, then &&, then == != <
// <= > >=, then + -, then * / %. A unary operator binds tightest.
//
// # Parameters
//
// A size is an integer >= 0. A scalar is a value that does not change. The shape
// of an array is built from sizes. An in array is only read; an out array starts
// uninitialized, and every cell of it must be written; an inout array is both.
// Parameters stand in any order. The where clause states what holds for the sizes.
//
// Array parameters never overlap.
//
// A packed array says how it holds a logical one. Here cell (n, c) of the logical
// array lies at A[n][c/16][c%16]:
//
//	kernel packed(N, C: size,
//	              in    A: f32[N][C/16][16] packs [n: N][c: C] as [n][c/16][c%16],
//	              inout S: f32[C])
//	  where C%16 == 0
//	{
//	  for n in 0..N, b in 0..C/16, c in 0..16 {
//	    S[16*b+c] += A[n][b][c]
//	  }
//	}
//
// # Names
//
// Every name is declared before it is used, once; an inner scope can't declare it
// again, but scopes beside each other may. A let names an index or a value that
// does not change. A var is a local, scalar or array: it is new in each iteration of
// the loop around it, private to that iteration, and uninitialized unless set. After
// "in" stands where it lives.
//
//	kernel names(N, stride: size, in A: f32[stride*N], out B: f32[N]) {
//	  for i in 0..N {
//	    let at = stride*i    // an index, since only sizes and iterators are in it
//	    let x = A[at]        // a value
//	    var t: f32[2] in registers
//	    t[0] = x
//	    t[1] = x * x
//	    B[i] = t[0] + t[1]
//	  }
//	}
//
// # Indices and values
//
// An index expression is an exact integer without bounds: sizes, iterators, index
// lets, integers, + - * / % min max. Its / and % floor, and their divisor is
// positive. Loop bounds, extents, subscripts and arguments for sizes are index
// expressions. A subscript where an in parameter is read may be an integer value
// instead, as in A[p[i]]: that it is a legal index is an assumption on the inputs,
// which check and verify state. What is read is then known only to be equal where the
// subscripts are. Schedules may be applied to such kernels. The Go that gen emits tests
// each such index, and panics with a *ShapeError where it is none.
//
// A value has one of the types f64 f32 bf16 f16 i8 u8 i16 i32 i64. Operands of an
// operator have the same type; f32(x) converts, and converts an index to a value
// as well. An integer literal takes the type of its place, a floating-point literal
// too if it is a floating-point type. Values have + - * /, integers have % as
// well, where / and % truncate as in Go, and integers wrap around. The functions
// are
//
//	min(a, b, ...)  max(a, b, ...)  abs(x)
//	exp(x)  log(x)  sqrt(x)  tanh(x)  sigmoid(x)  fma(a, b, c)
//	select(condition, a, b)
//	round(x)  floor(x)  ceil(x)  trunc(x)
//	and(a, b)  or(a, b)  xor(a, b)  not(x)  shl(x, 3)  shr(x, 3)  bitcast(x)
//
// and those that func declares. fma(a, b, c) is a*b + c rounded once. Only the chosen
// argument of select is read. round goes to the nearest integer, ties to even; i32(...)
// and its like from a floating-point number to an integer truncate and saturate, NaN
// becoming 0, so that i32(round(x)) converts to the nearest. and, or, xor, not work on the
// bits of integers, a negative one being two's complement. shl and shr shift by a literal
// from 0 to one below the number of bits; shl wraps and shr rounds down, which keeps the
// sign of all types but u8. bitcast takes the bits of an f32 as an i32 and those of an f64
// as an i64, or the other way round; which NaN's bits it takes of a NaN is not told, as
// the processors that compute NaNs differ.
//
// # Functions
//
// A func without a body is an uninterpreted function: nothing is known of it but that
// equal arguments give equal results. One with a body is short for it: lets, and the
// value that it returns. In it stand values only, the parameters and lets above, built-in
// functions and the funcs that are declared above. It has a value whatever the arguments
// are, so that integers are divided by literals only.
//
//	// 2 to the power of n, for n from -126 to 127
//	func power(n: i32): f32 {
//	  return bitcast(shl(n + 127, 23))
//	}
//
//	func swish(x: f32): f32 {
//	  let e = exp(-x)
//	  return x / (1 + e)
//	}
//
//	kernel both(N: size, in A: f32[N], in E: i32[N], out B: f32[N]) {
//	  for i in 0..N { B[i] = swish(A[i]) * power(E[i]) }
//	}
//
// A condition compares indices or values of one type; it stands in where, if and
// select.
//
//	func score(a, b: i32): i32
//
//	kernel values(N: size, alpha: f32, in A: bf16[N], in D: i32[N], out B: f32[N], out E: i32[N]) {
//	  for i in 0..N {
//	    B[i] = select(i%2 == 0 && alpha > 0, f32(A[i]) * alpha, f32(i) + 0.5)
//	    E[i] = score(D[i], 7) / 2
//	  }
//	}
//
// # Loops
//
// for i in lo..hi step s runs its body for i = lo, lo+s, ... below hi; not at all when
// hi <= lo. Bounds may be negative and may use outer iterators; the step is
// positive. Several clauses in one header are loops inside each other. Words after
// the range say how iterations may run, and the checker of package equiv proves
// that they may: parallel is in any order and at once, vectorize makes iterations
// lanes, unroll asks the generator to write each one out. Two iterations of a
// parallel loop never touch one cell when one of them writes it, except by updates
// that reduction permits.
//
//	kernel dot(N: size, in A: f32[N], in B: f32[N], inout S: f32[1]) {
//	  var s: f32 = 0
//	  for i in 0..N parallel reduction(+: s) {
//	    s += A[i] * B[i]
//	  }
//	  S[0] += s
//	}
//
// # Equality
//
// Two kernels are equal in one of three strengths, and every message means these words:
//
//   - exact: bit for bit, on all inputs, NaN, infinities and signed zeros included; where one
//     result is NaN so is the other, its payload aside. Integers wrap, so that regrouping
//     them is exact. An integer quotient by zero is a fault: after may have one only where
//     before has.
//   - reassociated: the same terms in another order or grouping, or x*y + z contracted to
//     fma(x, y, z).
//   - algebraic: the same over the reals. What drops or merges a term is no more than that:
//     0*y, x - x, 2*x for x + x, and x + 0.0 for x, as -0.0 + 0.0 is 0.0. Nor is what takes the
//     order of values to be total: b <= a for !(a < b), max(a, b) for select(a > b, a, b), which
//     NaN tells apart, and m max= x for if x > m { m = x }.
//
// Inputs that are NaN or infinite, and signs of zeros, refute exact only.
//
// # Calls
//
// A call runs another kernel of the file on indices, values and windows of arrays.
// A[i] drops a dimension, A[lo..hi] keeps it, half open; dimensions that are left
// out are whole, and lo.. has the extent that the callee declares. One array can't
// be handed over twice if one of the two is written.
//
//	kernel axpy(n: size, a: f32, in x: f32[n], inout y: f32[n]) {
//	  for i in 0..n { y[i] += a*x[i] }
//	}
//
//	kernel update(M, N: size, in A: f32[M][2*N], inout B: f32[M][N]) {
//	  for i in 0..M {
//	    S1: axpy(N, 0.5, A[i][N..], B[i])
//	  }
//	}
//
// # Schedules
//
// A schedule is a list of steps for one kernel, or for any. Four steps rewrite nothing:
// param names a number or a name that can be set from outside, assume restricts the schedule to
// some sizes, target says for which machine it is, and use runs the steps of another
// schedule. Every other verb is a primitive of package transform. A step names loops
// by their iterators, i@S1 being the loop i around statement S1.
//
//	kernel scale(N: size, inout A: f32[N]) {
//	  for i in 0..N { A[i] *= 2 }
//	}
//
//	// A reusable schedule: V stands for a number, l for a loop.
//	schedule lanes(V: int, l: loop) for any {
//	  block l by V into lo, l tail guard
//	  vectorize l
//	}
//
//	schedule fast for scale {
//	  param V = 16 in {8, 16}
//	  assume N % V == 0
//	  use lanes(V, i)
//	}
package loopir
