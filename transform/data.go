package transform

var dataPrimitives = []*Primitive{
	contract,
	expand,
	implement,
	inline,
	layout,
	outline,
	prefetch,
	replace,
	rfactor,
	shrink,
	stage,
}
