// Package cases holds the kernels that the tests of gen/simd emit, compare
// with what is checked in here, and run against the interpreter.
package cases
