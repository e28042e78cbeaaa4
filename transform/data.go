package transform

var dataPrimitives = []*Primitive{
	contract,
	expand,
	inline,
	layout,
	outline,
	prefetch,
	replace,
	rfactor,
	shrink,
	stage,
}
