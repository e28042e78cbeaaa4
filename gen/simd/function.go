package simd

import "github.com/loopopt/loopopt/loopir"

// called lowers a call of a function with a body, in place: its lets are values that all who
// name them share. So is the call, among those of a statement that read the same.
func (l *lowerer) called(fn *loopir.Func, e *loopir.Intrinsic) (*value, error) {
	if l.bound != nil { // names mean something else there
		return l.body(fn, e)
	}
	text := loopir.FormatExpr(e)
	if v := l.calls[text]; v != nil {
		return v, nil
	}
	v, err := l.body(fn, e)
	l.calls[text] = v
	return v, err
}

func (l *lowerer) body(fn *loopir.Func, e *loopir.Intrinsic) (*value, error) {
	bound := map[string]*value{}
	for i, a := range e.Args {
		v, err := l.value(a)
		if err != nil {
			return nil, err
		}
		bound[fn.Names[i]] = v
	}
	around := l.bound
	l.bound = bound
	defer func() { l.bound = around }()
	for _, let := range fn.Lets {
		v, err := l.value(let.Value)
		if err != nil {
			return nil, err
		}
		bound[let.Name] = v
	}
	return l.value(fn.Value)
}

// intrinsic lowers a built-in function.
func (l *lowerer) intrinsic(op valueOp, e *loopir.Intrinsic) (*value, error) {
	if err := l.known(e.Type, e.Span); err != nil {
		return nil, err
	}
	switch op {
	case opShl, opShr:
		x, err := l.value(e.Args[0])
		if err != nil {
			return nil, err
		}
		return &value{op: op, typ: e.Type, args: []*value{x}, step: e.Args[1].(*loopir.Int).Value.Int64()}, nil
	case opBitcast:
		x, err := l.value(e.Args[0])
		return &value{op: op, typ: e.Type, args: []*value{x}}, err
	}
	return l.apply(op, e.Span, e.Args...)
}
