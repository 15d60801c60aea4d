package client_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/client"
)

// What people paste from PostHog's address bar says what it is of, and an
// address that leads elsewhere says so.
func TestLinks(t *testing.T) {
	t.Parallel()
	posthog, err := client.New("https://posthog.example.com/analytics")
	require.NoError(t, err)
	project := posthog.As(client.Key{}).Project(7)
	const here, id = "https://posthog.example.com/analytics/", "0194670b-9580-7b52-8c07-31f4a9be0d21"
	for _, test := range []struct {
		text    string
		link    client.Link
		problem string
	}{
		{text: "Acme Robotics"},
		{text: "acme.example"},
		{text: "https://acme.example/accounts/7"},
		{text: "https://acme.example/"},
		{text: "://"},
		{text: here + "project/7/customer_analytics/accounts/" + id, link: client.Link{Kind: client.AccountLink, ID: id}},
		{text: here + "project/7/customer_analytics/accounts/" + id + "/notes?tab=1#top", link: client.Link{Kind: client.AccountLink, ID: id}},
		{text: "posthog.example.com/analytics/project/7/customer_analytics/accounts/" + id, link: client.Link{Kind: client.AccountLink, ID: id}},
		{text: here + "customer_analytics/accounts/" + id + "/", link: client.Link{Kind: client.AccountLink, ID: id}},
		{text: here + "api/projects/7/accounts/" + id + "/", link: client.Link{Kind: client.AccountLink, ID: id}},
		{text: here + "project/7/notebooks/aB3xYz91", link: client.Link{Kind: client.NotebookLink, ID: "aB3xYz91"}},
		{text: here + "project/7/persons/" + id, link: client.Link{Kind: client.PersonLink, ID: id}},
		{text: "HTTPS://PostHog.example.com/analytics/project/7/person/org%2F42%2Fuser.7#activeTab=feed", link: client.Link{Kind: client.DistinctIDLink, ID: "org/42/user.7"}},
		{text: here + "project/8/persons/" + id, problem: "is in project 8, and this call works on project 7"},
		{text: "https://eu.posthog.com/project/7/persons/" + id, problem: "is in another PostHog, eu.posthog.com, and this server works on posthog.example.com"},
		{text: here + "project/7/insights/abc", problem: "is PostHog's, but of no account, notebook or person"},
		{text: here + "project/x/persons/" + id, problem: "is PostHog's, but of no account, notebook or person"},
		{text: here, problem: "is PostHog's, but of no account, notebook or person"},
	} {
		link, problem := project.Link(test.text)
		require.Equal(t, test.link, link, test.text)
		require.Equal(t, test.problem, problem, test.text)
	}
	cloud, err := client.New("us")
	require.NoError(t, err)
	link, problem := cloud.As(client.Key{}).Project(1).Link("https://app.posthog.com/project/1/persons/" + id)
	require.Empty(t, problem)
	require.Equal(t, client.Link{Kind: client.PersonLink, ID: id}, link, "the cloud's old name")
}
