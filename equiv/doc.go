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
// Unknown. Proved names the strongest algebra that was needed (Verdict); Refuted
// comes with a run of the interpreter that differs; everything else is Unknown.
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
// select(cond, new, old).
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
//     in mixed radix); iterators that stay open take the latest values. A piece of
//     the source is where one guess exists and no other one is later. For each
//     piece it is proved that no set of the cell comes in between.
//   - Copies are transparent (describe.go), whence staging, packing, register
//     tiles and layouts need no rule. Inputs match when they are one cell under
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
// (checker.keepCopies).
//
// Kernels of the same text, marks on loops aside, are equal without more ado
// (unchanged.go). A comparison that fails is first given to the interpreter, which
// looks for a run that differs (refute.go); if it finds none, the comparison is
// made once more with more guesses (checker.thorough). The work is bounded: how
// deep statements are expanded in place, and how many pairs of expressions are
// compared for one pair of statements.
//
// Hints are the Origins of the statements of after, true or not; where there are
// none, infer.go lays statements of the same form beside each other and solves
// for the iterators. Iterators that only bounds determine, as those of tiles, are
// solved for too (solve_bounds.go). Where that does not lead to a proof, both
// programs are run at a few sizes with fingerprints for values (trace.go,
// fingerprint.go), instances that computed equal values are paired, and affine maps
// laid through the pairs (guess.go, fit.go). An iterator of before that no map gives
// is free: the claim is then proved for all its values, and where sums are
// compared the one that belongs to the cell is solved for (free.go). A statement
// whose instances did what several statements did is split by conditions on its
// iterators (guess_split.go); an instance belongs to just one part, so the program
// is the same. At last the roles of the programs are exchanged (attempt.go):
// equality is symmetric, the search is not. Outputs whose fingerprints differ in
// a run are first looked for a counterexample at its sizes.
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
// is taken, and no other write is in between. A cell of a local or of an out array
// that was never written counts as equal to another such cell, which is sound
// because safe kernels do not depend on them.
//
// The hypotheses of every obligation are: sizes are not negative, both where
// clauses, the domains of the instances, and the guards of the pieces. Should the
// where clauses contradict each other, Check reports an error rather than a proof.
// Quotients by zero or less have no known value.
//
// # Effort
//
// The steps of comparing one pair of statements are counted, and there is a
// bound: a recurrence whose conditions read what it computes splits into more
// cases at each step back. A claim that reaches the bound fails as a whole, so
// that the answer is the same on each run. What was not proved is then run by
// the interpreter, within a bound on its steps: on small sizes and those at the
// constants of the kernels; on small numbers, the literals of the kernels and
// what is next to them and, where values are exact however operations are
// grouped, NaN and infinities. After cancellation nothing new is begun.
//
// # What stays unknown
//
// Sources that no guess hits and whose writers have no hints; reductions whose
// regrouping is neither a permutation nor by partial sums; rewrites that change
// operations (distributivity, x/y as x*(1/y)); nonlinear conditions that the
// solver gives up on. Each failure names the place and what could not be shown.
package equiv
