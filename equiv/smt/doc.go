// Package smt states proof obligations over the integers and has them decided.
//
// A [Term] is an immutable formula or integer expression. Integer terms are kept as
// polynomials in normal form and comparisons as "polynomial >= 0" or "polynomial = 0", so
// that equal things mostly look equal and many obligations fold to a constant while they
// are built. A [Query] asks whether hypotheses imply a goal; it does exactly if the
// hypotheses together with the negated goal are unsatisfiable. A [Pool] answers queries: it
// tries a small sound procedure of its own first, then its cache, then a solver, that with
// variables for products before it is with products (relax.go).
//
// Two engines decide the same problems: "process" speaks SMT-LIB 2 to a solver over a pipe
// and needs no cgo, "goz3" calls Z3 in process and is built in only with the tag goz3. Both
// make a short attempt before the long one: Z3 takes very different ways, and what is slow
// by one is seldom slow by another.
//
// A pool may have second solvers, to which every query is put as it was asked (replay.go);
// one contradiction and nothing that the pool said is to be trusted.
//
// Answers are never optimistic. Unknown is the zero [Status]; a model is handed out only
// after it was evaluated and found to satisfy the assertions.
package smt
