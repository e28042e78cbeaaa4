// Package lift reads emitted Go and assembly back from their text, as loop programs
// that package equiv compares with the kernel they were emitted from.
package lift
