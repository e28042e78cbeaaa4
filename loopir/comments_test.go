package loopir

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"
)

// Comments survive wherever they stand: behind and between statements, inside
// headers, in brackets, after operators, beside braces.
func TestCommentsAnywhere(t *testing.T) {
	for name, src := range corpus(t) {
		toks, err := tokenize(name, src)
		if err != nil {
			t.Fatal(err)
		}
		for seed := range int64(4) {
			f, err := ParseSyntax(name, scatter(rand.New(rand.NewSource(seed)), toks))
			if err != nil {
				t.Fatalf("%s, seed %d: %v", name, seed, err)
			}
			checkFormat(t, f)
			if t.Failed() {
				t.Fatalf("%s, seed %d", name, seed)
			}
		}
	}
}

// scatter writes the tokens with comments and blank lines where a line may break.
func scatter(r *rand.Rand, toks *tokenized) []byte {
	var b strings.Builder
	n := 0
	for i, t := range toks.tokens {
		breaks := t.Type == symNewline
		if !breaks {
			b.WriteString(t.Value + " ")
			breaks = strings.Contains("([,{+*", t.Value) && t.Value != "" && r.Intn(6) == 0 ||
				t.Value == "}" && i+1 < len(toks.tokens) && toks.tokens[i+1].Type == symNewline
		}
		if !breaks {
			continue
		}
		if r.Intn(3) == 0 {
			n++
			fmt.Fprintf(&b, "// c%d", n)
		}
		b.WriteString("\n")
		for r.Intn(4) == 0 {
			n++
			b.WriteString([]string{"\n", "\n\n", fmt.Sprintf(" // c%d\n", n)}[r.Intn(3)])
		}
	}
	return []byte(b.String())
}
