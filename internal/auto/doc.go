// Package auto proposes schedules for a kernel that has none.
//
//	nest.go     for each assignment the loops around it, those that its cell does not use (a
//	            reduction), and how far apart the cells of two iterations lie
//	forms.go    what can be done with a loop: lanes, a tile of registers, partial sums, tiles of time
//	propose.go  the forms of a kernel's assignments put together, the better half kept by a score
//	sizes.go    values of sizes where nobody gives any
//
// The forms are those of the literature: lanes and partial sums (R. Allen, K. Kennedy, Optimizing
// Compilers for Modern Architectures, 2002), register tiles (K. Goto, R. van de Geijn, Anatomy of
// high-performance matrix multiplication, TOMS 34(3), 2008), time skewing (M. Wolfe, Loop skewing:
// the wavefront method revisited, IJPP 15(4), 1986).
//
// A proposal is text. Whether it is legal is not looked at here, but where a look saves a proof.
package auto
