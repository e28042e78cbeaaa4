// Package lift reads emitted code back from its text and proves that it does what the
// kernel does that it was emitted from. It shares nothing with the emitters: it knows
// the Go that they write through go/parser and go/types, assembly through its own
// reader (package asm), and instructions through a table that is tested against the
// processor (package insn). What it does not know is an error.
//
// # From text to loops
//
// A compiled form is a Go type with the method run. [Package.Lift] reads its methods as
// a loop program over the sizes, scalars and arrays of the kernel (goread.go,
// gostmt.go, govalue.go). A parallelFor becomes parallel loops again when the decoding
// of its shared number is the inverse of a product of trip counts (gocall.go). Go
// divides towards zero and wraps around; sums and products of integers are exact modulo
// 2^64, so that only operands of divisions, comparisons, minima and maxima have to fit
// in 64 bits, and dividends not to be negative: each is a [Duty], proved by the solver.
// A part of an array, x := X[a:][:n], is read as that array (gorow.go): that all its elements lie in X,
// wherever it is made, and which are read lie in it, are duties.
// Go may fuse x*y+z, across statements too, unless the product is converted: one that is not
// converted to its own type is an error.
//
// Nothing is left unread (whole.go): the files of a form declare what its reading used and no
// more, under the signatures, fields and pools that the emitter writes. All iterations of a parallel loop share the
// receiver, so fields are set right before a parallelFor, and nowhere in one.
//
// A call of an assembly function becomes what its instructions amount to, executed on
// symbols:
//
//   - Jumps must form counted loops and branches on numbers (tree.go).
//   - An instruction of arm64 that Go's assembler has no mnemonic for stands as WORD in the
//     text; it is decoded by golang.org/x/arch, and must be one on vectors (asm/arm64.go).
//   - General registers and stack slots hold polynomials over sizes and iterators, or a
//     pointer: an array and a number of bytes (machine.go). A loop's words are those
//     that grow by the same polynomial in each iteration; its count is at least 1 where
//     it is entered, which is proved (exec.go). Only the frame's one argument, its own
//     slots and registers that do not belong to Go may be touched.
//   - A vector register holds its lane as an expression over the lane's number
//     (vector.go); a mask register holds a condition. Bitwise operations and the
//     processor's minimum and maximum become operators of the language where a sequence
//     of them computes one (idiom.go), and are an error where they would reach memory.
//   - Lanes of integers are numbers of a type of that size, or an index modulo their bits;
//     each instruction takes them with the sign that it works with (number.go).
//   - A register that lives across blocks is a local array of its lanes. Its
//     definitions and the uses they reach are one local (webs.go), declared in the
//     innermost region that holds them all, so that a read before the first write is one
//     for the checker too. Statements that follow a pattern are written as loops, and
//     their locals as one array (roll.go).
//   - What is made of literals alone is written with its type, where the language would take
//     that of its place (pin.go).
//   - A load is a read of each lane, whether or not its value is used (dropProbes). A
//     masked one reads where the mask is on.
//
// An address is an offset into a flat array, an array of the kernel has dimensions. The
// digits of the offset in the mixed radix of the shape are found by polynomial division
// ([coordinates]); they amount to the offset by construction, and that each lies within
// its extent is part of the safety that package equiv proves. So a cell can't be
// mistaken for another. Where several digits amount to one offset, those that are known to
// lie in their extents are taken; where none is, a refutation counts only if the programs
// over flat arrays are refuted too.
//
// # The proof
//
// [Package.Verify] proves of a form, for all sizes:
//
//   - the lifted program is safe: in bounds, no read before a write, no race;
//   - it equals the kernel, verdict exact: lists of statements are compared piece by
//     piece (compose.go). Those that are one sequence of events but for the order of
//     independent ones are equal (trace.go), lanes of registers taken for locals, values put
//     where they are read (propagate.go), loops apart
//     that share no cells, and conditions as far outside as they can stand (settle.go); other
//     pieces are compared by equiv.Check with the iterators around them as sizes; origins are guessed from names and indices (align.go);
//   - every duty holds;
//   - each exported function that leads into the form checks what the kernel's header
//     states, and that the processor has the instructions (wrapper.go, needs.go).
//
// # What has to be trusted
//
// This package's reading of Go and of assembly, the decoder of WORDs, the table of package
// insn, the Go compiler and assembler, and the run-time support that generated packages carry
// (support.go knows it by its text; package rt tests it). The kernel's arrays are taken
// to be what Go's slices are: contiguous and, as the checks of the exported function
// establish, disjoint.
//
// # What is not read
//
// Stack slots, post-increments and integer vectors of arm64, 16-bit floating-point numbers in
// lanes, permutations other than one lane to all, parallel reductions.
package lift
