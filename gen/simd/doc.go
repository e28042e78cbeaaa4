// Package simd emits Go assembler text for the inner loops of scheduled
// kernels, for AVX-512F, for AVX2 with FMA, and for NEON of arm64. A target says what
// differs between amd64 (x86.go, print.go, mask.go) and arm64 (neon.go).
//
// The unit is a Region: a tile whose accumulators live in registers, or a
// vectorized loop nest. Lower takes it apart, Emit writes one function:
//
//	vector   a loop marked vectorize becomes lanes; contiguous cells are vector
//	         loads and stores, cells that do not depend on the lane are
//	         broadcasts, locals in registers are vector registers
//	types    a register holds as many lanes of any type: as many as of the widest type of
//	         the region fit in it, so that narrower ones take a smaller register, or
//	         part of one; see elements.go, and instructions.go for what there is
//	number   a size or an iterator as a value is an argument, a general register in all
//	         lanes, or a table of the lanes' numbers beside one
//	loop     an unrolled loop is written out, any other is counted down to zero;
//	         its trip count is a constant or an argument
//	pointer  a cell is pointer + constant; the pointer starts at an array plus
//	         an argument and is bumped by constants or arguments, nothing else
//	guard    a condition on sizes and iterators is a comparison of a bumped
//	         number; on lanes it is a mask
//	choice   a condition on data chooses lane by lane between new and old values
//	function a call of a function with a body is its operations, in place; bits of numbers
//	         are those of integers of their size, which costs nothing (AVX2, AVX-512)
//	slant    a loop inside lanes whose bounds grow from lane to lane runs over all
//	         of them; masks leave out the lanes that are not in it
//	single   a vectorized loop whose body has no form for lanes, such as one that
//	         steps over cells, runs one lane after the other
//
// So the text can be read back: every pointer and guard is affine in the loop
// counters, and no jump depends on data. Everything that is not affine in the
// region's own iterators is computed by the Go caller and handed over in a
// struct of arguments; so are sizes and indices that are used as numbers. Scalars around the
// region that it sets become arrays of one cell (outer.go).
//
// A function for amd64 reads like this. AX points at the arguments. Each statement of the
// region that is a loop, a guard or a run of assignments is a segment: it loads
// its pointers from the arguments, so that only cells of locals in registers
// live from one segment to the next. In a segment
//
//	SI DI BX CX DX R8-R13   pointers, numbers, loop counters; what is left over
//	                        lives in stack slots, and R13, R12 are scratch
//	Z0- or Y0-              cells, then the temporaries of each block
//	K1-, or vectors         masks: number > lane or number <= lane, made by comparing
//	                        the table name_iota (0, 1, 2, ...) with the number
//	d(R)(X*scale)           a pointer on a line of pointers, X a multiple of the
//	                        symbolic distance between neighbours
//
// SP, BP, R14 and R15 are not touched. For arm64, R0 points at the arguments, R1-R15 and
// R19-R24 hold pointers, numbers and counters, without slots; R16 and R17 are pointer +
// index, R25 an argument in use. Vectors are F0-F31 where they are moved and V0-V31 where
// they are computed with; what the assembler has no mnemonic for is a WORD. There are no
// masks: lanes that fill no strip, and guarded ones, run one after the other.
//
// A loop tests its trip count before the first iteration unless it is a constant, and
// takes its bumps back after the last one, unless nothing of the segment follows or the
// constant bump of the loop around makes up for it. Integers wrap around; their quotients, and
// conversions of floating-point numbers to them, have no lanes, nor do 16-bit floating-point
// types; AVX2 has none of conversions to fewer bits, of products of bytes and of 64-bit
// integers, nor masks for lanes of 8 and 16 bits, and NEON takes one floating-point type at a
// time. min and max are exact sequences where
// the instruction differs from the language (see extremum).
//
// The assembly performs the very operations of the statements, in the same
// order for each cell: x*y+z is two roundings unless the kernel says fma.
// Statements on different cells are reordered so that few vectors are live; then, where
// registers are left, instructions so that few wait for the one before (schedule.go). A local
// whose scope ends with a block leaves its registers after their last use.
package simd
