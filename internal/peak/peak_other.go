//go:build !amd64 || purego

package peak

func read([]byte) bool { return false }

func turn(int64) bool { return false }

func loops() map[string]loop { return nil }
