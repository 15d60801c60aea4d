package sandbox

// accountStore holds the accounts of the project.
type accountStore struct{}

func (s *Sandbox) routeAccounts() {}
