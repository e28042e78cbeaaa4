package gentest

import (
	"fmt"
	"os"
	"syscall"
)

// guarded is memory with an unreadable page before and after each array, so
// that an access outside faults.
type guarded struct{ maps [][]byte }

// alloc gives n bytes that end (or begin) at a guard page.
func (g *guarded) alloc(n int, atEnd bool) []byte {
	page := os.Getpagesize()
	inner := (n + page - 1) / page * page
	m, err := syscall.Mmap(-1, 0, inner+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(fmt.Sprintf("gentest: mmap: %v", err))
	}
	for _, guard := range [][]byte{m[:page], m[page+inner:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			panic(fmt.Sprintf("gentest: mprotect: %v", err))
		}
	}
	g.maps = append(g.maps, m)
	if atEnd {
		return m[page+inner-n : page+inner : page+inner]
	}
	return m[page : page+n : page+n]
}

func (g *guarded) free() {
	for _, m := range g.maps {
		if err := syscall.Munmap(m); err != nil {
			panic(fmt.Sprintf("gentest: munmap: %v", err))
		}
	}
	g.maps = nil
}
