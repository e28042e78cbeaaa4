package loopir

import (
	"os"
	"testing"
)

func TestConvAccepted(t *testing.T) {
	src, err := os.ReadFile("testdata/conv.loop")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse("conv.loop", src)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Kernels) != 1 || len(f.Schedules) != 1 || len(f.Schedules[0].Items) != 16 {
		t.Fatalf("%d kernels, %d schedules", len(f.Kernels), len(f.Schedules))
	}
}
