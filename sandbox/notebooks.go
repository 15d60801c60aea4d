package sandbox

func (s *Sandbox) routeNotebooks() {}
