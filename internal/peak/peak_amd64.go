//go:build !purego

package peak

import "golang.org/x/sys/cpu"

//go:noescape
func fma512(n int64)

//go:noescape
func fma256(n int64)

//go:noescape
func read256(p *byte, n int64)

//go:noescape
func rotate(n int64)

// turn does 16 operations of one cycle, one after the other, n times.
func turn(n int64) bool {
	rotate(n)
	return true
}

// read loads the bytes of a buffer, whose length is a positive multiple of 256.
func read(buf []byte) bool {
	if !cpu.X86.HasAVX2 {
		return false
	}
	read256(&buf[0], int64(len(buf)))
	return true
}

// loops are the FMA loops that this processor can run.
func loops() map[string]loop {
	m := map[string]loop{}
	if cpu.X86.HasAVX512F {
		m["avx512"] = loop{run: fma512, flops: 28 * 16 * 2}
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		m["avx2"] = loop{run: fma256, flops: 14 * 8 * 2}
	}
	return m
}
