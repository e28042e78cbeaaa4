//go:build !cgo || !goz3

package smt

import "errors"

// newGoZ3 says that this program was built without Z3 inside.
func newGoZ3(limits) (engine, error) {
	return nil, errors.New("engine goz3 is not built in: needs cgo, libz3-dev and the build tag goz3")
}
