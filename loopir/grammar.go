package loopir

import (
	"sync"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The grammar of everything that stands between two statement ends, as
// participle reads it. Blocks and statement ends are found by hand (parse.go),
// so that an error stays inside its statement and the next one is parsed too.

// A word is a name with its place.
type word struct {
	Pos  lexer.Position
	Text string `parser:"@Ident"`
}

func (w word) span() Span {
	return tokenSpan(lexer.Token{Type: symIdent, Value: w.Text, Pos: w.Pos})
}

type funcDecl struct {
	Name   word        `parser:"'func' @@ '('"`
	Groups []funcGroup `parser:"( @@ ( ',' @@ )* )? ')'"`
	Result word        `parser:"':' @@"`
}

// A funcGroup is a, b: i32, or a type alone.
type funcGroup struct {
	Names []word `parser:"@@"`
	Type  *word  `parser:"( ':' @@ )?"`
}

type kernelHeader struct {
	Name   word         `parser:"'kernel' @@ '('"`
	Groups []paramGroup `parser:"( @@ ( ',' @@ )* ','? )? ')'"`
	Where  []Expr       `parser:"( 'where' @@ ( ',' @@ )* ','? )?"`
}

// A paramGroup is N, K: size or in I: f32[N][K] packs ... as ...
type paramGroup struct {
	Pos    lexer.Position
	Dir    string      `parser:"@( 'inout' | 'in' | 'out' )?"`
	Names  []word      `parser:"@@ ( ',' @@ )* ':'"`
	Type   word        `parser:"@@"`
	Shape  []Expr      `parser:"( '[' @@ ']' )*"`
	Layout *layoutDecl `parser:"@@?"`
}

type layoutDecl struct {
	Dims  []layoutDim `parser:"'packs' @@+"`
	Index []Expr      `parser:"'as' ( '[' @@ ']' )+"`
}

type layoutDim struct {
	Iter   word `parser:"'[' @@ ':'"`
	Extent Expr `parser:"@@ ']'"`
}

type forHeader struct {
	Clauses []forClause `parser:"'for' @@ ( ',' @@ )*"`
}

type forClause struct {
	Iter  word       `parser:"@@"`
	Lo    Expr       `parser:"'in' @@"`
	Hi    Expr       `parser:"'..' @@"`
	Step  Expr       `parser:"( 'step' @@ )?"`
	Attrs []loopAttr `parser:"@@*"`
}

// A loopAttr is parallel, vectorize, unroll or reduction(+: s, t).
type loopAttr struct {
	Word   word   `parser:"( @@"`
	Op     string `parser:"  ( '(' @( '+' | '*' | 'min' | 'max' ) ':'"`
	Names  []word `parser:"    @@ ( ',' @@ )* ')' )? )"`
	EndPos lexer.Position
}

type ifHeader struct {
	Cond Expr `parser:"'if' @@"`
}

type letStmt struct {
	Name  word `parser:"'let' @@"`
	Value Expr `parser:"'=' @@"`
}

type varStmt struct {
	Name  word   `parser:"'var' @@ ':'"`
	Type  word   `parser:"@@"`
	Shape []Expr `parser:"( '[' @@ ']' )*"`
	Init  Expr   `parser:"( '=' @@ )?"`
	Mem   *word  `parser:"( 'in' @@ )?"`
}

type assignStmt struct {
	LHS Expr   `parser:"@@"`
	Op  string `parser:"@( '=' | '+=' | '-=' | '*=' | '/=' | 'min' '=' | 'max' '=' )"`
	RHS Expr   `parser:"@@"`
}

type returnStmt struct {
	Value Expr `parser:"'return' @@"`
}

type callStmt struct {
	Call Expr `parser:"@@"`
}

type prefetchStmt struct {
	Cell  Expr `parser:"'prefetch' @@"`
	Level word `parser:"'to' @@"`
}

type scheduleHeader struct {
	Name   word          `parser:"'schedule' @@"`
	Groups []formalGroup `parser:"( '(' ( @@ ( ',' @@ )* ','? )? ')' )?"`
	Kernel word          `parser:"'for' @@"`
}

// A formalGroup is V, W: int.
type formalGroup struct {
	Names []word `parser:"@@ ( ',' @@ )* ':'"`
	Type  word   `parser:"@@"`
}

// A paramStep is what follows the verb param: V = 16 in {8, 16}.
type paramStep struct {
	Name    word   `parser:"@@"`
	Default Expr   `parser:"'=' @@"`
	Choices []Expr `parser:"( 'in' '{' @@ ( ',' @@ )* '}' )?"`
}

// assumeStep is what follows the verb assume.
type assumeStep struct {
	Conds []Expr `parser:"@@ ( ',' @@ )* ','?"`
}

func production[G any]() *participle.Parser[G] {
	return participle.MustBuild[G](
		participle.Lexer(definition),
		participle.UseLookahead(2),
		participle.ParseTypeWith(parseExpr),
	)
}

// The parsers are built when first used: that takes a millisecond each.
var (
	funcGrammar     = sync.OnceValue(production[funcDecl])
	kernelGrammar   = sync.OnceValue(production[kernelHeader])
	forGrammar      = sync.OnceValue(production[forHeader])
	ifGrammar       = sync.OnceValue(production[ifHeader])
	letGrammar      = sync.OnceValue(production[letStmt])
	varGrammar      = sync.OnceValue(production[varStmt])
	assignGrammar   = sync.OnceValue(production[assignStmt])
	returnGrammar   = sync.OnceValue(production[returnStmt])
	callGrammar     = sync.OnceValue(production[callStmt])
	prefetchGrammar = sync.OnceValue(production[prefetchStmt])
	scheduleGrammar = sync.OnceValue(production[scheduleHeader])
	paramGrammar    = sync.OnceValue(production[paramStep])
	assumeGrammar   = sync.OnceValue(production[assumeStep])
)

// read parses all of ts by g. The error points at the token that does not fit
// and tells the shape of what was expected.
func read[G any](g func() *participle.Parser[G], ts []lexer.Token, shape string) (*G, *Error) {
	out, err := g().ParseFromLexer(peeking(ts))
	if err == nil {
		return out, nil
	}
	switch e := err.(type) {
	case *Error:
		return nil, e
	case *participle.UnexpectedTokenError:
		t := e.Unexpected
		out := Errorf(tokenSpan(t), "unexpected %s", describe(t))
		switch {
		case t.EOF():
			out.Msg = "this ends too early"
		case t.Value == "and":
			out.Msg += "; conditions are joined by &&"
		case t.Value == "or":
			out.Msg += "; conditions are joined by ||"
		case t.Value == "=" && ts[0].Value == "if":
			out.Msg += "; write == to compare"
		}
		return nil, out.Note(Span{}, "the form is: %s", shape)
	case participle.Error:
		p := e.Position()
		return nil, Errorf(tokenSpan(lexer.Token{Pos: p}), "%s", e.Message()).Note(Span{}, "the form is: %s", shape)
	}
	return nil, Errorf(spanOf(ts), "%v", err)
}
