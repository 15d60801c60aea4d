package config

import "posthog-accounts-mcp/internal/policy"

// Policy is which fields and tags may be written.
func (s *Server) Policy() (policy.Policy, error) {
	return policy.New(named(s.AllowFields), named(s.AllowTags))
}

// named are the items of a list that somebody really set.
func named(list []string) []string {
	var items []string
	for _, item := range list {
		if item = given(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
