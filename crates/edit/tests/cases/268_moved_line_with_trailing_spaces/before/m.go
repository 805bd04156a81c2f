func serve() {
	if handler == nil {
		if r.missing == nil {
			r.missing = plain()
		}
		handler = r.missing
	}
	if !r.keep {
		clear(req)
	}
}
