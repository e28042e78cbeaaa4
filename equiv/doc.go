// Package equiv decides whether a kernel is safe and whether two kernels
// compute the same, for all sizes.
//
// # Claim
//
// A kernel denotes a function from sizes that satisfy its where clause and
// contents of in and inout arrays to contents of inout and out arrays. Check
// compares two kernels as such functions; it takes both to be safe, which
// CheckSafety shows: accesses in bounds, no cell read before it is written, every
// cell of an out array written, no races. The answer is Proved, Refuted or
// Unknown. Proved names how strong the equality is (Verdict); Refuted
// comes with a run of the interpreter that differs; everything else is Unknown.
//
// # Strength
//
//   - Exact: bit for bit, for all inputs, infinities and signed zeros included; where one
//     result is NaN, so is the other, its payload aside. Integers wrap, so what is a
//     regrouping of integers is exact.
//   - Reassociated: each cell combines the same terms, in another order or grouping, or with
//     x*y + z contracted to fma(x, y, z). No term is dropped, merged or multiplied out.
//   - Algebraic: the same polynomial over the reals. Whatever drops or merges a term is no
//     more than that, in sums and recurrences too: 0*y (y may be infinite), x - x, 2*x for
//     x + x, and 0.0 + x where the other side has x alone (x may be -0.0). Nor is what takes the
//     order of values to be total: max(a, b) for select(a > b, a, b), b <= a for !(a < b). That
//     nothing is said of NaN, infinities and the sign of zero is a note of the result.
//
// Where sums are compared by their updates, a 0.0 that only one side starts from is such a
// term. Where both have one, further ones change nothing, as where the partial sums of one
// that starts from 0.0 do so, too: such a sum is never -0.0. -0.0 changes no bit of a sum.
//
// What is equal under a strength is never refuted by inputs of which it says nothing: inputs that
// are NaN, infinite or -0.0 refute where Options.Require is Exact, and there any difference in a
// bit does. Else, where nothing is proved, a difference at such inputs is a note of the failure.
//
// # Terms
//
// A [Program] is a kernel with calls and lets inlined. Its statements are
// assignments. An instance is a statement and values of the iterators around it
// (an Env); the domain says which instances exist (loop bounds, steps, guards on
// sizes and iterators), and [Before] orders them as they execute. The source of
// a read is the instance that last wrote the cell. A local is new in each
// iteration around its declaration, so two of its cells are one only in the same
// iteration ([Program.SameCell]). A condition on data is stored in a hidden
// Boolean local where it is tested, and an assignment under it writes
// select(cond, new, old); a sum, product or extremum is updated by select(cond, term, none)
// instead, where none changes nothing, bit for bit: -0.0 in a sum.
//
// A read at indices of data, A[p[i]] of an array neither written nor packed, is a function of
// these indices of which nothing is known (lookup.go): it equals another read of A where
// they are equal. That they are legal is an assumption of the result.
//
// A statement sets its cell, or updates it: it combines the old content with a
// term by +, *, min or max. Where an array is updated by several operators, the
// one that visits a cell many times counts, and a statement that uses the old
// content in another way, as a ReLU applied to a sum does, sets the cell to a
// value that reads it. What a read finds is then a node: an initial value, left
// by the last set or by the caller, and the groups of updates since, in order.
//
// # Algorithm
//
// For each output array, the final value of each logical cell is compared: a
// statement that reads the cell at the end is added to both programs (check.go).
// Comparing two values goes down both expressions (compare.go, terms.go); at a
// read it goes on at the source:
//
//   - flow.go guesses, for each statement that sets the array, the instances that
//     may be the source, by solving "it writes the cell that is read" for its
//     iterators (solve.go: linear equations, and sums such as 16*cb+c2 as numbers
//     in mixed radix, also where several indices are digits of one); iterators that
//     stay open take the latest values. Where that fails, further guesses are the
//     latest by all bounds, not those of the loop alone, and one step before the last. A piece of the source is where one guess
//     exists and no other one is later. For each piece it is proved that no set of
//     the cell comes in between, or what does writes the same again: where tiles are moved
//     back to fit, as in min(8*t, N-8) + l.
//   - Copies are transparent (copies.go), whence staging, packing, register
//     tiles and layouts need no rule; a choice between reads by a condition on
//     iterators is a copy, too. One that may copy what it copied before, as where
//     each step of time carries on the border of a grid, writes what first came from
//     elsewhere, by induction over its instances. Inputs match when they are one cell under
//     the declared layouts (layout.go).
//   - Computed values match when the hint of the new statement names the old
//     instance; then both statements are compared once, for all instances
//     (checker.match). Without a usable hint the two expressions are compared in
//     place, to a bounded depth, which inlines and outlines temporaries.
//   - Nodes match (reduce.go) when their initial values do and the hints map the
//     new updates one to one onto the old ones: each image is an update of the old
//     node (into), no two have one image (once), each old update is an image
//     (onto, the inverse being guessed by the solver of equations), and matched
//     updates do the same. If the order is kept too, the nodes are equal whatever
//     the updates do; else only for one commutative operator, and for float sums
//     and products the verdict drops to reassociated. Updates that add a partial
//     sum stand for the updates of that partial sum (sum.go): split accumulators,
//     tiles that start from zero, sums written as an expression.
//   - Where sources are beyond the guesses, two cells are also equal if they saw
//     the same sets and updates in the same order (compareHistories).
//
// A local that is copied in, updated and copied out again and again, as when a
// register tile is staged inside a blocked reduction, hides one sum behind a
// chain of copies. destage.go proves that updates may as well go to the other
// array, and compares the program where they do. Where it can't, copies that both
// programs have are matched like computations instead of being followed
// (checker.keepCopies). A set to the first step of a sum, c = 0.0 + x, counts as
// c = 0.0 and c += x, and m = max(m, x, y) as two steps (restart.go). An update by what
// changes no bit where a condition on iterators fails, m max= select(c, x, -inf), counts as
// one under that condition, and if x > m { m = x } as m max= x for integers (updates.go), for
// floats by the order of the reals (below). A choice by data between updates of a cell by one
// operator counts as an update by a choice, s += select(c, x, -0.0) for select(c, s + x, s), and
// assignments of one cell in both arms of an if as one of a choice (updates.go). Where selects on
// data are compared, their condition holds in the first arm and not in the second, which decides
// selects on it in what the arms are made of (choice.go).
// Arrays that hold
// the rows of a matrix or a triangle one after the other, i*N+j, i*(i+1)/2+j or
// i*N-i*(i-1)/2+j, have rows and columns instead where each access is proved to keep to its
// row (unpack.go): questions about cells are linear then, as that whether each cell of an out
// array is written.
//
// Kernels of the same text, marks on loops aside, are equal without more ado
// (unchanged.go). A comparison that fails is first given to the interpreter, which
// looks for a run on finite numbers that differs (refute.go), then to the prover
// of polynomials (algebra.go), then all of it is done with comparisons by the order of the
// reals (order.go); if none can tell, the interpreter takes longer,
// and the comparison is made once more with more
// guesses (checker.thorough). The work is bounded: how deep statements are expanded
// in place, and how many pairs of expressions are compared for one pair of
// statements.
//
// Hints are the Origins of the statements of after, true or not; where there are
// none, infer.go lays statements of the same form beside each other and solves
// for the iterators. Iterators that only bounds determine, as those of tiles, are
// solved for too (solve_bounds.go). Where that does not lead to a proof, both
// programs are run at a few sizes with fingerprints for values (trace.go,
// fingerprint.go), instances that computed equal values are paired, and affine maps
// laid through the pairs (guess.go, fit.go); a hint that a run speaks against gives
// way to these. An iterator of before that no map gives
// is free: the claim is then proved for all its values, and where sums are
// compared the one that belongs to the cell is solved for (free.go). A statement
// whose instances did what several statements did is split by conditions on its
// iterators (guess_split.go); an instance belongs to just one part, so the program
// is the same. A map through the samples that have one counterpart only is preferred to
// a free iterator if it holds for all. What a run shows to be wrong of a hint is not
// claimed (guess_judge.go). At last the roles of the programs are exchanged (attempt.go):
// equality is symmetric, the search is not. Outputs whose fingerprints differ in
// a run are first looked for a counterexample at its sizes.
//
// # Order
//
// Over the reals the order of values is total. So there is a form of each program in which
// comparisons are < and ==, negated or not, select(a < b, b, a) is max(a, b), both arms of an if
// that set one cell are a choice, and if x > m { m = x } is m = max(x, m), an update in any order
// (order.go). These forms are compared by all means above, and what they prove is algebraic where
// a rewriting is not the same bit for bit: the order of integers is total. The argument needs
// values to be no NaN: each array has a kind, tame, maybe infinite or wild, which is found by
// going round all assignments until nothing changes, from inputs that are finite. Sums and
// products of what may be infinite are wild, and so is what has no value for some arguments, as
// quotients, roots and logarithms, or may be anything, as functions of which nothing is known.
// Nothing is rewritten that compares what is wild, so that of two such programs a run on finite
// inputs, in which nothing overflows, finds the same numbers but for the sign of zero.
//
// # Polynomials
//
// Two kernels are algebraically equal when each output cell is one polynomial over
// the reals in the inputs. expand.go follows a value to its inputs and writes it
// as a sum of terms: a rational coefficient times atoms, summed over bound
// variables within conditions (realpoly.go, canon.go). Iterations of loops of constant
// extent, up to 32, become terms of their own; sums of symbolic extent stay sums,
// their bound variables counted from 0 and named so that the text of the term is
// least. An atom is an input cell, an index as a value, or a function of
// polynomials: exp, min, a conversion that rounds, a comparison, a choice by one. Where
// the source of a value depends on its cell, terms hold under conditions; cases are
// split until each of them is decided (polyMatch.compare), and in a case h%2 = 1 the
// index h is written 2*(h/2) + 1. Two polynomials are equal when their normal forms are
// the same text. Where they are not, both are written by the laws of functions and compared
// again: sigmoid(y) is 1/2 + tanh(y/2)/2, exp(x+y) is exp(x)*exp(y), which is never 0, and
// log(exp(x)*y) is x + log(y) (exp.go). So softmax is the same without the maximum that is
// subtracted, whose exp is a factor of each term; no other law is known.
//
// What a statement writes is expanded once for all its instances, but for iterators that are
// constant where it is read, and like terms are added up at once (expand_once.go): in Winograd's
// convolution the products of transformed inputs, thousands of terms, cancel down to a few before
// any case of a cell's place in its tile is looked at.
//
// The sum of a term that does not depend on what is summed over is the number of terms times
// that, where the number is proved not to be negative. Where normal forms differ, cases are
// split by the conditions on data that choices ask (algebra_cases.go): there the choice is one
// of its arms, and with x == 0 in the case that it holds x is 0.
//
// Sums that are split, blocked or begun in another way have other texts. Their terms are
// taken together by what they are but for indices and bound variables, and a summand goes
// by its indices (algebra_sums.go). If it is proved that on either side no two summands
// have the same indices, and that each summand of one side is one of the other and the
// other way round, both sides add the same. Functions of sums are one atom where their
// arguments are equal by these means.
//
// A recurrence can't be followed to its inputs. Its statements are compared along the
// hints, as polynomials in the values that both read, which are matched in turn, or in
// landmarks (landmarks.go): the value of a statement that has a counterpart is an atom,
// named by the counterpart's instance, which is proved to exist. So temporaries that only
// one side has are multiplied out, and the recurrence ends where both sides keep a value.
// A cell that is updated in place has no such statement; of it there is the claim that a
// read finds what its counterpart found, which is proved once, too.
// What updates leave that are no sum is what the last of them computes. Before anything is
// followed to where it was computed, cells that were updated are atoms as well, and those
// of both sides matched as they are where nothing is a polynomial: the sum by which a row
// is divided stays one value, in however many pieces it was made.
//
// Literals count as the decimal fractions that they are written as. A quotient
// x/y is x times the atom 1/y, and nothing cancels that atom: (x*y)/y is not x.
// Should a term with such an atom vanish, as in x/y - x/y or 0*(x/y), then the
// condition that y is not 0 would get lost, and there is no proof. So x/y equals
// x*(1/y): both exist for the same y. Square roots, logarithms and quotients of
// integers are guarded in the same way. x*0 and x - x are 0: an algebraic verdict
// says nothing of inputs that are NaN or infinite.
//
// Where neither side multiplied out a sum, merged terms, folded constants or left out a
// zero, the verdict is reassociated. A zero is left out where it is a factor or a summand,
// and where it is one of the values that a read finds in different cases; but if both sides
// have a 0.0 among the operands of one sum, as what it starts from, that is none. x - y is x + (-y) bit for bit, and s -= e is s += -e;
// the negated sum of terms is the sum of the negated terms but for the sign of
// zero, and so algebraic. Integers wrap, which makes a ring, too: polynomials over
// them that are equal are equal bit for bit.
//
// # Error bounds
//
// A reassociated or algebraic proof says that both kernels compute one value x
// over the reals. Each computes a value near it, so that
//
//	|after - before| <= |before - x| + |after - x|,
//
// and for each kernel alone the error is bounded by a standard argument. Every
// value x has a number of roundings k and a magnitude M such that, with
// R = (1+u)^k, the computed value differs from x by at most (R-1)*M, and
// |x| <= M. For input cells k = 0 and M = |x|; a literal that is no value of its
// type counts one rounding. By induction over execution:
//
//	x + y, x - y      k = max(kx, ky) + 1      M = Mx + My
//	x * y             k = kx + ky + 1          M = Mx * My
//	x * y             k = max(kx, ky) + 1      M = 3 * Mx * My, if R <= 2
//	fma(x, y, z)      as x*y + z with one rounding less
//	x / y             k = kx + 1               M = Mx / |y|, y exact; 3 for an inexact literal
//	x / y             k = max(kx, ky) + 1      M = 2*Mx/|y| + 2*|x|*My/y^2, if 2*(R-1)*My <= |y|
//	-x, abs(x)        k = kx                   M = Mx
//	min, max          k = max(kx, ky)          M = max(Mx, My), 0 for inf
//	tanh(x)           k = kx + 4               M = Mx
//	sigmoid(x)        k = kx + 4               M = Mx/4 + 1
//	exp, log, sqrt    k = 4, 1 for sqrt        M = |f(x)|, x exact
//	exp(x)            k = kx + 4               M = exp(x)*max(1, 2*Mx), if (R-1)*Mx <= 1
//	log(x)            k = kx + 4               M = max(|log(x)|, 2*Mx/x), if 2*(R-1)*Mx <= x
//	sqrt(x)           k = kx + 1               M = Mx/sqrt(x)
//	T(x)              k = kx + 1               M = Mx, k = kx if T has all values of x's type
//
// The product's first row is (Rx-1)*Ry + (Ry-1) = Rx*Ry - 1; the second is
// R*R - 1 <= 3*(R-1) for R <= 2. tanh moves by at most as much as its argument
// and is at most as large; sigmoid moves by a quarter. The other functions move by
// the error of their argument times their slope, which is bounded near x under the
// conditions that the bound then names (Bound.Provided). Exact are values made of
// in parameters, indices and integers by operations that do not round (settled in
// depth.go). Choices between values by exact conditions take the larger k. No
// bound is stated, and the reason is told, for what depends on conditions or
// integers computed from rounded values, or on functions of them that jump or of which
// nothing is known, and for numbers made of bits: a small error may make any difference
// there.
//
// # Functions with bodies
//
// Calls of them are written out, lets as initialized locals, before anything is compared
// (Inline), so that a function and its text written in place are the same. Operators on
// bits are compared as functions, but for shifts to the left and complements, which are
// arithmetic that wraps.
//
// Before that, a proof is tried without a look into bodies, as of functions of which nothing
// is known: most steps of a schedule leave them alone.
//
// A function that only after calls may stand for a built-in one: where package library
// has a measurement of its text, after is compared with calls of the built-in function in
// their places, and the verdict is approximate (implement.go). In the bounds the function
// counts for twice the units in the last place that were measured, and for no fewer
// roundings than usual.
//
// The k of an array is the largest of its cells' (depth.go, paths.go). Statements form a
// graph: an edge leads to a read from each statement that may have written the
// cell before, unless the solver rules that out. A strongly connected component is
// a recurrence or a sum. The roundings of a value in it are at most those along
// some path of instances: what the first adds to values from outside, and what
// each edge adds, by the rows above. The length of paths is bounded loop by loop.
// An iterator that the solver proves equal along all edges (bound/fixed) counts
// for nothing. Else one is taken that no edge decreases: either each edge increases
// it (bound/increases), or it is that of the outermost loop that is not fixed, as
// execution proceeds. A path that comes to a new value never comes back, and
// between two changes it stays in a slice where the iterator is fixed; so the
// bound is the number of values, a polynomial in sizes (upper.go), times a bound
// for a slice, in which some edges are gone and which is treated alike. A sum over
// C, R and S counts C*R*S roundings and one more for the product of its first
// term, and a recurrence over T counts T times those of a step. The product of two
// values of one component takes the row with factor 3, as k would double at each
// step otherwise.
//
// (1+u)^k - 1 <= gamma(k) = k*u/(1 - k*u); with several types k1*u1 + k2*u2 takes
// the place of k*u. Magnitudes are computed by a kernel that has the same loops on
// absolute values, sums in place of differences (magnitude.go); where a magnitude
// depends on values, it keeps these in arrays of their own. Two kernels that
// are equal up to the order of sums and products have the same magnitudes, as these
// are sums and products in the same order; algebraic ones have two, and Winograd's
// are larger than those of the direct form. The assumptions are those of [Bound].
//
// # Why it is sound
//
// Guesses and hints are only ever used in conditions that the solver proves for
// all integers; a wrong one makes a condition fail. The claim "statement s writes
// what its hint says, wherever both instances exist" is used while it is proved.
// That is induction: a source executes strictly before the read in the new
// program, or else the step leaves the new instance alone and follows the old
// program to an earlier one, and expressions get smaller in between. A source is
// always the true one: the guesses that exist are compared by Before, the latest
// is taken, and no other write is in between. The claim that two reads find the same is
// used of reads that executed before the one for which it is being proved, and in claims
// about statements that executed no earlier than the reads. A cell of a local or of an out array
// that was never written counts as equal to another such cell, which is sound
// because safe kernels do not depend on them.
//
// An integer divided by zero faults. The proof of equal values takes such quotients to have some
// value; faults.go then shows that after divides by zero only where before does: each divisor
// of after is never 0, or before has a division by the same divisor, bit for bit, at an instance
// that exists and under no more conditions on data. Used or not makes no difference, a division in an arm
// of a select or behind && counts where it is evaluated, and an argument of a call at the call.
// Reads at indices of data are legal in after if they are in before: that is assumed, and said.
//
// The hypotheses of every obligation are: sizes are not negative, both where
// clauses, the domains of the instances, and the guards of the pieces. Should the
// where clauses contradict each other, Check reports an error rather than a proof.
// Quotients by zero or less have no known value. With Options.Explain the result
// says, besides what was matched and where each read gets its value, which
// obligations hold of nothing because a case never comes up (vacuous.go).
//
// # Effort
//
// The steps of comparing one pair of statements are counted, and there is a
// bound: a recurrence whose conditions read what it computes splits into more
// cases at each step back. A step counts for more the more is assumed in it. A claim that reaches the bound fails as a whole, so
// that the answer is the same on each run. What was not proved is then run by
// the interpreter, within a bound on its steps: on small sizes and those at the
// constants of the kernels; on small numbers, scalars -1, 0 and 1, the limits of bytes and
// integers, the literals of the kernels and what is next to them, and contents that make
// divisors 0 (refute_roots.go: a divisor is solved as a polynomial of the second degree in
// what it reads). NaN, infinities and -0.0 are for exact only. Where floating-point results differ on finite inputs, both kernels are run
// on symbolic values, and the cell is computed over the rationals (refute_exact.go), or, where
// functions make it no rational number, with exponents so wide that exp neither overflows nor
// underflows (refute_wide.go). If it is the same, it was rounding that differed, and that
// refutes nothing. A result that is NaN or infinite on finite inputs and is not known so counts
// at last, where there is no proof. After cancellation nothing new is begun.
//
// # What stays unknown
//
// Sources that no guess hits and whose writers have no hints; reductions whose
// regrouping is neither a permutation nor by partial sums; rewrites by the laws of
// arithmetic in a recurrence no value of which both sides keep, as Horner's rule and a sum
// of powers, or of functions other than + - * /; nonlinear conditions that the solver gives
// up on; arrays that are written or packed and read at indices of data. Each
// failure names the place and what could not be shown. What people wrote that is equal and
// not proved, and what that would take:
//
//   - A running sum in a scalar against one that starts from the cell before: the claim that
//     a scalar holds, before each iteration, what a cell of an array does.
//   - A running difference against a product with the index: closed forms of recurrences.
//   - An exclusive running sum against the inclusive one less its last term: to take a term
//     out of a sum that both keep, and cancel it.
//   - A linear recurrence in blocks whose starts are corrected afterwards: composition of
//     the steps of a recurrence, proved by induction over the steps of a block.
//   - A variance by squared distances against one by the mean of squares: n * (1/n) = 1 where
//     n is not 0, and products of sums as sums of products.
//   - Columns of a sliding window that are kept in a buffer for the next one, and cells of a
//     ring that a tile leaves there for the next: what a buffer holds before each iteration,
//     by induction, where no guess of a source reaches back that far.
//   - Rows of symbolic length in rounded blocks, R*g + 4*q + l where 4*q + l < R: rows and
//     columns for arrays that are outputs, where the coverage of their cells is shown.
//   - max(a, b) - min(a, b) against abs(a - b) in a wider type: ranges of converted integers,
//     and cases by the order of two values.
//   - a choice by what updates left against a maximum that is used in another way, as in
//     s > 0 ? 2*s : 0 against 2*max(s, 0): cases by values that each program names by itself.
package equiv
