package tools_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/sandbox/seed"
)

// setProperty changes one property of an account, as somebody in PostHog would.
func setProperty(h *house, id, key string, value any) {
	h.Helper()
	properties := h.raw("GET", api+"accounts/"+id, nil).Get("properties").Value().(object)
	h.raw("PATCH", api+"accounts/"+id, object{"properties": with(properties, key, value)})
}

// What others change after the index was read is found as it is now: an index
// only says where to look.
func TestIndexIsNeverBelieved(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	h.must("get_account", object{"account": seed.AcmeStripeID}) // reads the index
	id := func(reference string) string {
		return h.must("get_account", object{"account": reference}).str("account.id")
	}
	target := func(reference string) string {
		return h.must("update_account", object{"account": reference, "name": "X", "dry_run": true}).str("preview.account")
	}

	setProperty(h, seed.AcmeID, "stripe_customer_id", "cus_new")
	setProperty(h, seed.NorthwindA, "stripe_customer_id", seed.AcmeStripeID)
	require.Equal(t, seed.NorthwindA, id(seed.AcmeStripeID), "it moved")
	require.Equal(t, seed.AcmeID, id("cus_new"))
	require.Equal(t, seed.NorthwindA, target(seed.AcmeStripeID))

	setProperty(h, seed.NorthwindB, "stripe_customer_id", "cus_new")
	require.Contains(t, h.refused("update_account", object{"account": "cus_new", "name": "X"}), "fits 2 accounts", "a second one has it now")

	made := h.raw("POST", api+"accounts/", object{"name": "Brand New Company", "properties": object{"zendesk_id": "36999"}}).Get("id").String()
	require.Equal(t, made, id("36999"))
	require.Equal(t, made, id("brand-new company, Inc."))
	h.raw("PATCH", api+"accounts/"+made, object{"name": "Other Company"})
	require.Contains(t, h.refused("get_account", object{"account": "brand-new company, Inc."}), "No account has")
	h.raw("DELETE", api+"accounts/"+made, nil)
	require.Contains(t, h.refused("get_account", object{"account": "36999"}), "No account has")
	require.Empty(t, h.writes())
}

// The index is read when something needs it, by one request for many calls, and
// another key has one of its own.
func TestIndexIsReadWhenNeeded(t *testing.T) {
	t.Parallel()
	h := open(t, setup{pinned: sandbox.ProjectID, sandbox: sandbox.Options{Keys: []sandbox.Key{{Value: "phx_other", Scopes: []string{"account:read"}}}}})
	walks := func() (n int) {
		for _, r := range h.requests() {
			if strings.HasSuffix(r.path, "/accounts/") && r.query.Get("limit") == "500" {
				n++
			}
		}
		return n
	}
	for _, exact := range []string{seed.AcmeID, seed.AcmeExternalID, seed.AcmeName, "ACME robotics", "https://" + strings.TrimPrefix(h.origin, "http://")} {
		h.call("get_account", object{"account": exact})
	}
	h.must("update_account", object{"account": seed.AcmeName, "name": "X", "dry_run": true})
	require.Zero(t, walks(), "PostHog's own search tells")

	for _, reference := range []string{seed.AcmeStripeID, "Acme Robotics, Inc.", seed.SharedSlackChannel, "société generale de cafe", seed.AcmeStripeID} {
		h.call("get_account", object{"account": reference})
	}
	require.Equal(t, 1, walks())
	h.refused("get_account", object{"account": "cus_nobody"})
	require.Equal(t, 1, walks(), "that there is none is looked up")
	require.False(t, h.callAs("phx_other", "get_account", object{"account": seed.AcmeStripeID}).isError)
	require.Equal(t, 1, walks(), "what one key may see is no other's")
}

// Addresses that people paste from PostHog, and those that lead elsewhere.
func TestPastedAddresses(t *testing.T) {
	t.Parallel()
	h := open(t, setup{pinned: sandbox.ProjectID})
	page := h.origin + "/project/1/"
	account := h.must("get_account", object{"account": page + "customer_analytics/accounts/" + seed.AcmeID + "/notes"})
	require.Equal(t, seed.AcmeID, account.str("account.id"))
	note := h.must("update_account", object{"account": page + "notebooks/" + seed.AcmeLatestNote, "name": "X", "dry_run": true})
	require.Equal(t, seed.AcmeID, note.str("preview.account"), "the account that lists the note")
	for _, address := range []string{page + "persons/" + seed.TwinUUIDA, page + "person/" + seed.TwinDistinctA} {
		require.Equal(t, seed.TwinUUIDA, h.must("get_person", object{"person": address}).str("person.uuid"))
		require.Contains(t, h.refused("get_account", object{"account": address}), "of a person")
	}
	for address, want := range map[string]string{
		h.origin + "/project/2/customer_analytics/accounts/" + seed.AcmeID: "is in project 2, and this call works on project 1",
		"https://eu.posthog.com/project/1/persons/" + seed.TwinUUIDA:       "is in another PostHog, eu.posthog.com",
		page + "insights/abc": "of no account, notebook or person",
		page + "customer_analytics/accounts/019aaaaa-0000-7000-8000-000000000": "does not exist in this project",
		page + "notebooks/nosuchno": "no account of this project lists",
	} {
		require.Contains(t, h.refused("update_account", object{"account": address, "name": "X"}), want)
		if !strings.Contains(want, "this project") {
			require.Contains(t, h.refused("get_person", object{"person": address}), want)
			require.Contains(t, h.refused("resolve", object{"query": address}), want)
		}
	}
	require.Contains(t, h.refused("get_person", object{"person": page + "notebooks/" + seed.AcmeLatestNote}), "of a notebook, not of a person")
}

// Who is this user, and whose account?
func TestWhoseAccount(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	const rosalind = "rosalind.merriweather@acme-robotics.example"
	uuid := seed.PersonUUID(rosalind)
	for _, query := range []string{rosalind, uuid, "Rosalind Merriweather", strings.ToUpper(rosalind), h.origin + "/project/1/persons/" + uuid} {
		r := h.must("resolve", object{"query": query})
		require.Equal(t, uuid, r.str("persons.0.uuid"), query)
		require.Equal(t, seed.AcmeID, r.str("persons.0.accounts.0.id"), query)
		require.False(t, r.get("persons.0.accounts.0.exact").Bool(), "evidence that anybody can write")
		require.NotEmpty(t, r.str("persons.0.accounts.0.matched_by"))
		require.Equal(t, h.origin+"/project/1/persons/{uuid}", r.str("url_templates.person"))
	}
	require.Equal(t, seed.AcmeID, h.must("resolve", object{"query": "somebody.new@acme-robotics.example"}).str("accounts.0.id"))
	require.Equal(t, seed.AcmeID, h.must("resolve", object{"query": "https://www.acme-robotics.example/jobs"}).str("accounts.0.id"))
	twins := h.must("resolve", object{"query": seed.TwinEmail})
	require.Equal(t, 2, len(twins.get("persons").Array()))
	require.Equal(t, 2, len(twins.get("persons.0.accounts").Array()), "the company is a name of two")
	require.Empty(t, h.must("resolve", object{"query": "ada@gmail.com"}).get("accounts").Array())
}

// Colleagues are found by e-mail, number or name, with what they look after.
func TestResolveColleagues(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	for query, exact := range map[string]bool{"Grace@example.com": true, "Grace Lindqvist": false, "grace": false} {
		r := h.must("resolve", object{"query": query})
		require.EqualValues(t, seed.Grace, r.get("users.0.id").Int(), query)
		require.Equal(t, exact, r.get("users.0.exact").Bool())
		if h.can(filterRoles) {
			require.EqualValues(t, seed.GraceAccounts, r.get("users.0.roles.csm").Int())
		} else {
			require.False(t, r.get("users.0.roles").Exists(), "to count them every account would have to be asked")
		}
	}
	few := open(t, setup{key: "phx_few", sandbox: sandbox.Options{Keys: []sandbox.Key{{Value: "phx_few", Scopes: []string{"account:read", "project:read"}}}}})
	r := few.must("resolve", object{"query": seed.AcmeName})
	require.Equal(t, seed.AcmeID, r.str("accounts.0.id"))
	require.Contains(t, r.str("note"), "Persons were not looked through")
	require.Contains(t, r.str("note"), "Colleagues were not looked through")
	none := open(t, setup{key: "phx_none", pinned: sandbox.ProjectID, sandbox: sandbox.Options{Keys: []sandbox.Key{{Value: "phx_none", Scopes: []string{"user:read"}}}}})
	require.Contains(t, none.refused("resolve", object{"query": seed.AcmeName}), "lacks the scope")
}

// Nothing is reported as not found that was not looked for: when any part of
// the question got no answer, there is none.
func TestResolveIsWholeOrFails(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/accounts", "/persons", "/members"} {
		h := open(t, setup{pinned: sandbox.ProjectID, client: []client.Option{client.WithTimeouts(client.Timeouts{Retry: 1})}})
		h.sandbox.SetFaults(sandbox.Fault{Kind: sandbox.FaultServerError, Rate: 1, Path: path})
		require.Contains(t, h.refused("resolve", object{"query": "nobody-knows-this"}), outage, path)
	}
}

// A domain on record counts, that of a mailbox provider does not.
func TestDomains(t *testing.T) {
	t.Parallel()
	h := open(t, setup{generation: "current"})
	setProperty(h, seed.AcmeID, "email_domains", []string{"acme-robotics.example", "gmail.com"})
	setProperty(h, seed.NorthwindA, "website_domain", "https://www.Northwind.example/")
	for query, want := range map[string]string{
		"acme-robotics.example": seed.AcmeID, "https://acme-robotics.example/x?y": seed.AcmeID, "eu.mail.acme-robotics.example": seed.AcmeID, "northwind.example": seed.NorthwindA,
	} {
		require.Equal(t, want, h.must("get_account", object{"account": query}).str("account.id"), query)
		require.Contains(t, h.refused("update_account", object{"account": query, "name": "X"}), want)
	}
	require.Contains(t, h.refused("get_account", object{"account": "gmail.com"}), "No account is exactly", "a mailbox provider")
	known := h.raw("GET", api+"accounts/?limit=500&include_churned=true&include_ignored=true", nil).Get("results.#.properties.known_emails|@flatten").Array()
	require.NotEmpty(t, known)
	require.Equal(t, "known_emails, an address on record", h.must("get_account", object{"account": known[0].String()}).str("matched_by"))
}
