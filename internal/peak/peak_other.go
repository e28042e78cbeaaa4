//go:build !amd64 || purego

package peak

func loops() map[string]loop { return nil }
