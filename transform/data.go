package transform

var dataPrimitives = []*Primitive{
	contract,
	expand,
	implement,
	inline,
	layout,
	outline,
	prefetch,
	reciprocal,
	replace,
	rfactor,
	shrink,
	stage,
	winograd,
}
