package sandbox

func (s *Sandbox) routeCustomProperties() {}
