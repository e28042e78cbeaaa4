//go:build !linux

package gentest

// guarded is plain memory where guard pages are not at hand.
type guarded struct{}

func (*guarded) alloc(n int, _ bool) []byte { return make([]byte, n) }

func (*guarded) free() {}
