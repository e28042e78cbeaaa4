package benchtable

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Ratios makes a table of the lines `ratio CASE PEER VALUE` of a text: a row a case, a
// column a peer, in the order in which they come. A value is how many times as fast as the
// peer it is.
func Ratios(r io.Reader) (string, error) {
	var cases, peers []string
	values := map[[2]string]string{}
	add := func(list []string, s string) []string {
		if slices.Contains(list, s) {
			return list
		}
		return append(list, s)
	}
	in := bufio.NewScanner(r)
	for in.Scan() {
		f := strings.Fields(in.Text())
		if len(f) == 0 || f[0] != "ratio" {
			continue
		}
		if len(f) != 4 {
			return "", fmt.Errorf("%q: a ratio has a case, a peer and a value", in.Text())
		}
		cases, peers = add(cases, f[1]), add(peers, f[2])
		values[[2]string{f[1], f[2]}] = f[3]
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| case | %s |\n|---|%s\n", strings.Join(peers, " | "), strings.Repeat("---|", len(peers)))
	for _, c := range cases {
		fmt.Fprintf(&b, "| %s |", c)
		for _, p := range peers {
			v := values[[2]string{c, p}]
			if v == "" {
				v = "-"
			}
			fmt.Fprintf(&b, " %s |", v)
		}
		b.WriteString("\n")
	}
	return b.String(), in.Err()
}
