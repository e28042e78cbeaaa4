package smt

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// A cache holds the verdicts of one solver version, by the text of the problem. On disk it
// is one file of checksummed lines that are only ever appended, each in one write: many
// processes may share it, and a torn or foreign line costs that line only.
//
//	<sha256 of text and solver> unsat <crc32>
//	<sha256 of text and solver> sat 3,-5,1 <crc32>
//	<sha256 of text and solver> open 10000000 <reason> <crc32>
//
// What a solver left open after that many steps is asked anew by who grants more.
type cache struct {
	identity string
	path     string // empty: in memory only

	load    sync.Once // when it is first asked: where all proofs are known, many caches never are
	mu      sync.Mutex
	entries map[string]string // key to "unsat" or "sat values"
	file    *os.File          // nil until the first write
	torn    bool              // the file does not end with a newline
}

// maxCacheBytes bounds the file; a larger one is halved, the oldest lines go.
const maxCacheBytes = 32 << 20

// newCache is the cache of a solver, in a file of that name.
func newCache(dir, identity string) *cache {
	c := &cache{identity: identity, entries: map[string]string{}}
	if dir != "" {
		c.path = filepath.Join(dir, "smt-"+fileName(identity)+".log")
	}
	return c
}

// read reads the file. One that can't be read is an empty one.
func (c *cache) read() {
	data, err := os.ReadFile(c.path)
	if err != nil {
		return
	}
	if len(data) > maxCacheBytes {
		data = c.halve(data)
	}
	c.torn = len(data) > 0 && data[len(data)-1] != '\n'
	for line := range strings.SplitSeq(string(data), "\n") { // entries are parts of one text
		if key, entry, ok := readEntry(line); ok && replaces(entry, c.entries[key]) {
			c.entries[key] = entry
		}
	}
}

// lock locks the cache, read.
func (c *cache) lock() {
	c.mu.Lock()
	c.load.Do(c.read)
}

// halve keeps the younger half. The new file replaces the old one whole or not at all.
func (c *cache) halve(data []byte) []byte {
	young := data[len(data)/2:]
	young = young[bytes.IndexByte(young, '\n')+1:]
	tmp, err := os.CreateTemp(filepath.Dir(c.path), "smt-*.tmp")
	if err != nil {
		return data
	}
	_, err = tmp.Write(young)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), c.path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return data
	}
	return young
}

func readEntry(line string) (key, entry string, ok bool) {
	i := strings.LastIndexByte(line, ' ')
	if i < 0 || len(line)-i-1 != 2*crc32.Size {
		return "", "", false
	}
	sum, err := strconv.ParseUint(line[i+1:], 16, 32)
	if err != nil || uint32(sum) != crc32.ChecksumIEEE([]byte(line[:i])) {
		return "", "", false
	}
	key, entry, ok = strings.Cut(line[:i], " ")
	return key, entry, ok
}

// replaces tells whether entry says no less than old: processes that share a file may write
// in any order.
func replaces(entry, old string) bool {
	steps, _, open := openEntry(entry)
	before, _, wasOpen := openEntry(old)
	return !open || old == "" || wasOpen && steps >= before
}

func openEntry(entry string) (steps uint64, reason string, ok bool) {
	rest, ok := strings.CutPrefix(entry, "open ")
	if !ok {
		return 0, "", false
	}
	number, reason, _ := strings.Cut(rest, " ")
	steps, err := strconv.ParseUint(number, 10, 64)
	return steps, reason, err == nil
}

// openAt is the Unknown that budget steps came to before, or more did.
func (c *cache) openAt(key string, budget uint) (result, bool) {
	steps, reason, ok := openEntry(c.entry(key))
	if !ok || steps < uint64(budget) {
		return result{}, false
	}
	return result{reason: reason, spent: true}, true
}

func (c *cache) putOpen(key string, budget uint, r result) {
	entry := fmt.Sprintf("open %d %s", budget, oneLine(r.reason))
	if replaces(entry, c.entry(key)) {
		c.store(key, entry)
	}
}

func checksum(s string) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(s))) }

func (c *cache) key(p *problem) string {
	h := sha256.Sum256([]byte(c.identity + "\n" + p.logic + "\n" + p.text))
	return hex.EncodeToString(h[:])
}

// get gives the verdict on p if there is one.
func (c *cache) get(p *problem, key string) (result, bool) {
	entry := c.entry(key)
	if entry == "unsat" {
		return result{status: Unsat}, true
	}
	list, ok := strings.CutPrefix(entry, "sat ")
	if !ok {
		return result{}, false
	}
	r := result{status: Sat, model: Model{}}
	values := strings.FieldsFunc(list, func(c rune) bool { return c == ',' })
	names := append(append([]string(nil), p.ints...), p.bools...)
	if len(values) != len(names) {
		return result{}, false
	}
	for i, n := range names {
		v, ok := new(big.Int).SetString(values[i], 10)
		if !ok {
			return result{}, false
		}
		r.model[n] = v
	}
	return r, true
}

// put keeps a definite verdict. That the disk is full or read-only is no reason to fail.
func (c *cache) put(p *problem, key string, r result) {
	entry := "unsat"
	if r.status == Sat {
		var values []string
		for _, n := range p.ints {
			values = append(values, r.model.value(n).String())
		}
		for _, n := range p.bools {
			values = append(values, r.model.value(n).String())
		}
		entry = "sat " + strings.Join(append(values, ""), ",")
	}
	c.store(key, entry)
}

// keyOf is the key of a text that is no problem for a solver.
func (c *cache) keyOf(text string) string {
	h := sha256.Sum256([]byte(c.identity + "\n" + text))
	return hex.EncodeToString(h[:])
}

// entry is what store kept, or empty.
func (c *cache) entry(key string) string {
	c.lock()
	defer c.mu.Unlock()
	return c.entries[key]
}

// store keeps an entry, which is not empty.
func (c *cache) store(key, entry string) {
	c.lock()
	defer c.mu.Unlock()
	c.entries[key] = entry
	if c.path == "" {
		return
	}
	if c.file == nil && !c.open() {
		return
	}
	line := key + " " + entry
	line += " " + checksum(line) + "\n"
	if c.torn {
		line, c.torn = "\n"+line, false
	}
	_, _ = c.file.WriteString(line)
}

func (c *cache) open() bool {
	if err := os.MkdirAll(filepath.Dir(c.path), 0o755); err != nil {
		c.path = ""
		return false
	}
	f, err := os.OpenFile(c.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		c.path = ""
		return false
	}
	c.file = f
	return true
}

func (c *cache) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file == nil {
		return nil
	}
	f := c.file
	c.file = nil
	return f.Close()
}

// fileName keeps of a name what every file system takes.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.':
			return r
		}
		return '_'
	}, name)
}
