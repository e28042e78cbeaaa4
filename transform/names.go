package transform

import (
	"slices"
	"strconv"
	"strings"

	"github.com/loopopt/loopopt/loopir"
)

// Fresh returns base, or base with a number, such that nothing in the kernel
// is called so.
func (c *Context) Fresh(base string) string {
	used := map[string]bool{}
	for _, p := range c.Kernel.Params {
		used[p.Name] = true
	}
	c.Scan(func(s loopir.Stmt, _ []Scope) { used[declared(s)] = true })
	return unused(base, used)
}

// CheckNew rejects a name that a step gives to a new loop or local in the place
// of s, when a parameter, something around s or something in s is called so. The
// names in free are about to disappear.
func (c *Context) CheckNew(tok loopir.Token, s loopir.Stmt, free ...string) error {
	if slices.Contains(free, tok.Text) {
		return nil
	}
	if c.Kernel.Param(tok.Text) != nil {
		return c.Reject(tok.Span, "%s is already a parameter of %s", tok.Text, c.Kernel.Name)
	}
	clash := false
	for _, sc := range c.Around(s) {
		clash = clash || declared(sc.Stmt) == tok.Text
	}
	for t := s; t != nil; t = c.enclosing(t) {
		body, at := c.Parent(t)
		for _, sib := range (*body)[:at] {
			l, ok := sib.(*loopir.Local)
			clash = clash || ok && l.Name == tok.Text
		}
	}
	loopir.Walk([]loopir.Stmt{s}, func(t loopir.Stmt) bool {
		clash = clash || declared(t) == tok.Text
		return true
	})
	if clash {
		return c.Reject(tok.Span, "%s already has a meaning here: choose another name", tok.Text)
	}
	return nil
}

// enclosing returns the innermost statement around s, or nil.
func (c *Context) enclosing(s loopir.Stmt) loopir.Stmt {
	if around := c.Around(s); len(around) > 0 {
		return around[len(around)-1].Stmt
	}
	return nil
}

// declared gives the name that s brings into being, or "".
func declared(s loopir.Stmt) string {
	switch s := s.(type) {
	case *loopir.For:
		return s.Iter
	case *loopir.Local:
		return s.Name
	}
	return ""
}

// Nearest returns the one of names that name is most likely a misspelling of,
// or "" when none is close.
func Nearest(name string, names []string) string {
	if name == "" {
		return ""
	}
	best, found := 1+len(name)/3, ""
	if len(name) == 1 {
		best = 0 // any letter is one edit from any other
	}
	for _, n := range names {
		if d := distance(name, n); d < best || d == best && found == "" || strings.EqualFold(name, n) {
			if strings.EqualFold(name, n) {
				d = 0
			}
			best, found = d, n
		}
	}
	return found
}

// distance is the number of single-letter edits between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diag := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			d := diag
			if a[i-1] != b[j-1] {
				d++
			}
			diag = row[j]
			row[j] = min(d, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}

// unused returns base, or base followed by the first number from 2 that makes
// it new.
func unused(base string, used map[string]bool) string {
	name := base
	for n := 2; used[name]; n++ {
		name = base + strconv.Itoa(n)
	}
	return name
}

// legal says what name could have been: " (did you mean q? the loops are p, q)".
func legal(are, name string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	s := are + " " + strings.Join(names, ", ")
	if n := Nearest(name, names); n != "" {
		s = "did you mean " + n + "? " + s
	}
	return " (" + s + ")"
}
