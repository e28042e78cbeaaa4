package peak

import (
	"fmt"
	"runtime"
	"time"
)

// A Stream measures how fast one core reads as many bytes as fit in one place of the
// memory hierarchy, one sample at a time.
type Stream struct {
	buf   []byte
	times int
}

// maxStream is more than caches hold.
const maxStream = 256 << 20

// NewStream returns a meter that reads so many bytes, over and over, and whose samples take
// about the given time. It fails where there is no fast loop for it.
func NewStream(bytes int64, sample time.Duration) (*Stream, error) {
	s := &Stream{buf: make([]byte, min(max(bytes+255, 256), maxStream)/256*256), times: 1}
	for i := 0; i < len(s.buf); i += 4096 {
		s.buf[i] = 1 // a page of its own
	}
	if !read(s.buf) {
		return nil, fmt.Errorf("this processor or build has no loop for it")
	}
	start := time.Now()
	read(s.buf)
	s.times = max(1, int(sample/max(time.Since(start), 1)))
	return s, nil
}

// Sample measures once: bytes a second.
func (s *Stream) Sample() float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := time.Now()
	for range s.times {
		read(s.buf)
	}
	return float64(s.times) * float64(len(s.buf)) / time.Since(start).Seconds()
}
