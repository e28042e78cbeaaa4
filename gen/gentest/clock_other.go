//go:build !linux

package gentest

import "time"

// onCore is a clock of the thread of the caller: here that of the wall.
func onCore() time.Duration { return time.Since(began) }
