package portfolio

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"posthog-accounts-mcp/client"
)

// Colleague is a member of the organisation whom a text may mean.
type Colleague struct {
	ID          int64
	Email, Name string
	By          string
	Exact       bool
}

// Colleagues finds the members of the organisation by e-mail, user id or name.
func (b *Book) Colleagues(ctx context.Context, reference string) ([]Colleague, error) {
	members, err := b.directory.Members(ctx, b.session)
	if err != nil {
		return nil, err
	}
	reference = strings.TrimSpace(reference)
	var found []Colleague
	for _, m := range members {
		name := strings.TrimSpace(m.User.FirstName + " " + m.User.LastName)
		c := Colleague{ID: m.User.ID, Email: m.User.Email, Name: name}
		key := nameKey(reference)
		switch {
		case strings.EqualFold(m.User.Email, reference):
			c.By, c.Exact = "email", true
		case reference == strconv.FormatInt(m.User.ID, 10):
			c.By, c.Exact = "user id", true
		case key != "" && key == nameKey(name):
			c.By = "name"
		case key != "" && (key == nameKey(m.User.FirstName) || key == nameKey(m.User.LastName)):
			c.By = "part of the name"
		default:
			continue
		}
		found = append(found, c)
	}
	slices.SortStableFunc(found, func(a, b Colleague) int { return strings.Compare(a.By, b.By) })
	return found, nil
}

// Held counts the accounts of which a colleague holds each role, where that is
// known without asking for each account. It is nil where it is not.
func (b *Book) Held(user int64) map[Role]int {
	_, read, partial := b.index().state()
	if !read || partial || b.api.KnownRolesIn() == client.RolesInRelationships {
		return nil
	}
	return b.index().held(user)
}
