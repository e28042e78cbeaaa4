package loopir

// FormatParam gives one parameter as it stands in a kernel's head.
func FormatParam(q *Param) string {
	text := q.Name + ": " + paramType(q)
	if q.Kind == ArrayParam {
		text = q.Dir.String() + " " + text
	}
	return text
}
