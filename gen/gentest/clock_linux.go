package gentest

import (
	"time"

	"golang.org/x/sys/unix"
)

// onCore is for how long the thread of the caller has run so far: where others want the core, too,
// the time in which these have it does not count.
func onCore() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return time.Since(began)
	}
	return time.Duration(t.Nano())
}
