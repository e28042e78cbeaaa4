package loopir

// checkFile checks what concerns several declarations: their names.
func (f *File) checkFile() ErrorList {
	var errs ErrorList
	seen := map[string]Span{}
	once := func(what, name string, at Span) {
		if old, ok := seen[name]; ok {
			errs = append(errs, Errorf(at, "%s %s is already declared", what, name).Note(old, "%s is declared here", name))
			return
		}
		seen[name] = at
	}
	for _, fn := range f.Funcs {
		once("func", fn.Name, fn.Span)
		if Builtin(fn.Name) != nil && !IsReserved(fn.Name) { // the others are told where they are read
			errs = append(errs, Errorf(fn.Span, "%s is a built-in function and can't be the name of a func", fn.Name))
		}
	}
	for _, k := range f.Kernels {
		once("kernel", k.Name, k.Span)
	}
	schedules := map[string]Span{}
	for _, s := range f.Schedules {
		if s.Kernel == "" { // its head is no schedule's, as was told
			continue
		}
		key := s.Name + " for " + s.Kernel
		if old, ok := schedules[key]; ok {
			errs = append(errs, Errorf(s.Span, "schedule %s is already declared", key).Note(old, "it is declared here"))
		}
		schedules[key] = s.Span
	}
	return errs
}

// checkSchedule checks the frame of a schedule; its steps are checked by the
// primitives they name.
func (f *File) checkSchedule(s *Schedule) ErrorList {
	var errs ErrorList
	if s.Kernel != "" && s.Kernel != "any" && f.Kernel(s.Kernel) == nil {
		errs = append(errs, Errorf(s.Span, "schedule %s is for kernel %s, which is not in this file", s.Name, s.Kernel))
	}
	seen := map[string]Span{}
	for _, p := range s.Params {
		if old, ok := seen[p.Name]; ok {
			errs = append(errs, Errorf(p.Span, "param %s is already declared", p.Name).Note(old, "it is declared here"))
		}
		seen[p.Name] = p.Span
	}
	if k := f.Kernel(s.Kernel); k != nil {
		errs = append(errs, checkAssumes(s, k)...)
	}
	return errs
}

// checkAssumes checks that what s assumes is about sizes of k and params of s.
func checkAssumes(s *Schedule, k *Kernel) ErrorList {
	c := &checker{kernel: k, file: &File{}, scopes: []map[string]*symbol{{}}, over: "an assumption"}
	for _, p := range k.Params {
		if p.Kind == SizeParam {
			c.scopes[0][p.Name] = &symbol{kind: sizeName, typ: Index}
		}
	}
	for _, p := range s.Params {
		c.scopes[0][p.Name] = &symbol{kind: sizeName, typ: Index}
	}
	for _, step := range s.Items {
		if step.Verb != "assume" {
			continue
		}
		conds, err := NewCursor(step).Exprs(nil)
		if err != nil {
			continue // told when the step was parsed
		}
		for _, e := range conds {
			c.cond(e)
		}
	}
	return c.errs
}
