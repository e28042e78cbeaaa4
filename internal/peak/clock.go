package peak

import (
	"fmt"
	"time"
)

// Clock measures how many cycles a second the core does at the moment, by operations that
// wait for one another.
func Clock() (float64, error) {
	const turns = 20000
	start := time.Now()
	if !turn(turns) {
		return 0, fmt.Errorf("this build has no loop for it")
	}
	return 16 * turns / time.Since(start).Seconds(), nil
}
