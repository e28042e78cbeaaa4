package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strconv"
	"strings"
)

// A byteSize is a number of bytes, as a flag: 4GB, 512MB.
type byteSize int64

var byteUnits = []struct {
	name  string
	bytes float64
}{{"TB", 1 << 40}, {"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}}

func (b *byteSize) String() string {
	for _, u := range byteUnits {
		if n := float64(*b) / u.bytes; n >= 1 {
			return strconv.FormatFloat(float64(int64(n*10+0.5))/10, 'f', -1, 64) + u.name
		}
	}
	return strconv.FormatInt(int64(*b), 10) + "B"
}

// Set reads a size. Units are powers of 1024, with or without their B or iB.
func (b *byteSize) Set(text string) error {
	s := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(strings.TrimSpace(text)), "B"), "I")
	for _, u := range byteUnits {
		number, ok := strings.CutSuffix(s, u.name[:1])
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(n > 0) || n*u.bytes >= 1<<62 {
			break
		}
		*b = byteSize(n * u.bytes)
		return nil
	}
	return fmt.Errorf("%q is no size; write 4GB or 512MB", text)
}

func (b *byteSize) Type() string { return "size" }

// defaultMemory is 4 GB, or half of what there is if that is less.
func defaultMemory() byteSize {
	const most = 4 << 30
	if have := memoryThere(); have > 0 {
		return byteSize(min(most, have/2))
	}
	return most
}

// memoryThere is the memory of the machine or what a container leaves of it, 0 if that
// can't be told.
func memoryThere() int64 {
	have := int64(0)
	if f := fieldsAfter("/proc/meminfo", "MemTotal:"); len(f) > 0 {
		kb, _ := strconv.ParseInt(f[0], 10, 64)
		have = kb << 10
	}
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		data, _ := os.ReadFile(file)
		n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
		if err == nil && n > 0 && (have == 0 || n < have) {
			have = n
		}
	}
	return have
}

// A memory is what is resident.
type memory struct {
	all  int64 // of this process and those that it started
	inGo int64 // what of it is Go's
	live int64 // what of that was no garbage when it was last looked at
}

// A meter measures what is resident. The processes that this one started are listed anew
// now and then only: one file for each thread has to be read for that.
type meter struct {
	looks    int
	children [][]byte // their numbers
}

// listEvery is after how many looks the processes are listed anew.
const listEvery = 8

// footprint measures. Where no /proc tells, Go's memory is all that is known.
func (t *meter) footprint() memory {
	read := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(read)
	m := memory{inGo: int64(read[0].Value.Uint64() - read[1].Value.Uint64()), live: int64(read[2].Value.Uint64())}
	if m.all = resident("self"); m.all == 0 {
		m.all = m.inGo
		return m
	}
	m.inGo = min(m.inGo, m.all)
	if t.looks%listEvery == 0 {
		t.children = t.children[:0]
		lists, _ := filepath.Glob("/proc/self/task/*/children")
		for _, list := range lists {
			pids, _ := os.ReadFile(list)
			t.children = append(t.children, bytes.Fields(pids)...)
		}
	}
	t.looks++
	for _, pid := range t.children {
		m.all += resident(string(pid))
	}
	return m
}

// resident is the resident memory of a process, 0 if that can't be told.
func resident(pid string) int64 {
	data, err := os.ReadFile("/proc/" + pid + "/statm")
	fields := bytes.Fields(data)
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize())
}

func fieldsAfter(file, head string) []string {
	data, _ := os.ReadFile(file)
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, head); ok {
			return strings.Fields(rest)
		}
	}
	return nil
}
