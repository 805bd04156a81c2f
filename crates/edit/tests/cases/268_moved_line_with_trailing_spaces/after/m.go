func serve() {
	if handler == nil {
		handler = r.missing
		if handler == nil {
			handler = plain()
		}
	}
	if !r.keep {
		clear(req)
	}
}
