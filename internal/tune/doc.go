// Package tune says which values of a schedule's params are worth timing, and keeps what was
// found out about them.
//
// Predict follows the execution-cache-memory model (J. Treibig, G. Hager, Introducing a
// performance model for bandwidth-limited loop kernels, PPAM 2009): a run takes as long as the
// core would with all data in the first cache, or as its loads and, one after the other, the
// transfers behind them for which the core has to wait, or as what one level of the memory
// hierarchy hands over, whichever is longest.
//
//	tile     the statements in the innermost loop that is not written out: of them the
//	         multiply-adds, loads, broadcasts, stores and instructions of one iteration are
//	         counted, a cell that several of them read once, and the vectors that have to be in
//	         registers at a time. The busiest of these resources gives the cycles of an
//	         iteration (S. Williams, A. Waterman, D. Patterson, Roofline, CACM 52(4), 2009).
//	calls    each entry from Go into assembly takes some cycles more.
//	levels   what a loop touches is a box of cells for each array, its footprint. In a cache
//	         that holds the footprint of a loop's body, consecutive iterations find what they
//	         share; else each of them reads its own again (M. Wolf, M. Lam, A data locality
//	         optimizing algorithm, PLDI 1991). That gives the bytes that each level hands to the
//	         one before. For those in pieces shorter than a page the core waits.
//
// It reads the scheduled loops only and knows nothing of what is emitted for them, nor of pages and
// of lines that want the same place of a cache. How near it comes is printed beside each
// measurement. Whatever it says, only what is proved is timed.
package tune
