package sandbox

// featureRequests is the flag that gates them in PostHog. The sandbox's
// organisation does not have it.
const featureRequests = "customer-analytics-feature-requests"

// routeAccountExtras is what the current generation has around an account. The
// sandbox has neither tickets nor mail, and says so with empty lists.
func (s *Sandbox) routeAccountExtras() {
	if !s.gen.tracksAccounts() {
		return
	}
	tickets := []string{"account:read", "ticket:read"}
	s.route(bothMounts, "accounts/{account}/support_tickets", actions{"GET": {scopes: tickets, reads: true, run: s.listTickets}})
	s.route(bothMounts, "accounts/{account}/support_tickets/{ticket}", actions{"GET": {scopes: tickets, reads: true, run: s.findNothing}})
	s.route(bothMounts, "accounts/{account}/email_threads", actions{"GET": {scopes: tickets, reads: true, run: s.listEmailThreads}})
	s.route(bothMounts, "accounts/{account}/email_threads/{thread}", actions{"GET": {scopes: tickets, reads: true, run: s.findNothing}})
	s.route(bothMounts, "accounts/{account}/meetings", actions{})  // no scope is mapped to these two,
	s.route(bothMounts, "accounts/{account}/summaries", actions{}) // so that no key gets in

	read, write := []string{"customer_analytics:read"}, []string{"customer_analytics:write"}
	s.route(bothMounts, "feature_requests", actions{
		"GET":  {scopes: read, flag: featureRequests},
		"POST": {scopes: write, flag: featureRequests},
	})
	s.route(bothMounts, "feature_requests/{request}", actions{
		"GET":   {scopes: read, flag: featureRequests},
		"PUT":   {scopes: write, flag: featureRequests},
		"PATCH": {scopes: write, flag: featureRequests},
	})
}

// listTickets is a bare array.
func (s *Sandbox) listTickets(q *request) reply {
	if s.accountAbove(q) == nil {
		return rowNotFound()
	}
	return ok([]struct{}{})
}

func (s *Sandbox) listEmailThreads(q *request) reply {
	if s.accountAbove(q) == nil {
		return rowNotFound()
	}
	return ok(paginate(q, []struct{}{}, func(nothing struct{}) struct{} { return nothing }))
}

// findNothing looks for one of what there is none of.
func (s *Sandbox) findNothing(*request) reply { return rowNotFound() }
