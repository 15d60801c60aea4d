package client

import (
	"context"
	"errors"
	"net/http"

	"github.com/tidwall/gjson"
)

// Generation is a stage of PostHog's accounts API.
type Generation string

// The generations; see the accounts reference, section 0. A server between the two counts as Documented,
// and may keep roles as relationships all the same: see RolesIn.
const (
	Documented Generation = "documented" // roles in account properties, rich-text notes
	Current    Generation = "current"    // roles as relationships, Markdown notes
)

// RolesIn says where a PostHog keeps who is responsible for an account.
type RolesIn string

// Where roles are kept.
const (
	RolesInProperties    RolesIn = "properties"    // csm, account_executive and account_owner of Account.Properties
	RolesInRelationships RolesIn = "relationships" // Project.Relationships; the project names its own roles
	// RolesUnknown: the server has relationships, yet may be one that still keeps roles in properties, or one
	// that drops them from there without a word. Only reading back a write, or a role that is found, tells.
	RolesUnknown RolesIn = "unknown"
)

// Generation returns which PostHog this is. Accounts that are read show it in passing; where none has been
// read lately it asks, once for all callers, and remembers the answer for ten minutes. A failure to ask, for
// want of a scope or of an answer, is returned and not remembered.
func (p *Project) Generation(ctx context.Context) (Generation, error) {
	if generation := p.known().generation(p.id); generation != "" {
		return generation, nil
	}
	hasLookup, err := p.askLookup(ctx)
	switch {
	case err != nil:
		return "", err
	case hasLookup:
		p.known().asked(p.id, Current)
		return Current, nil
	}
	// The first servers of the current generation had no look-up yet; their accounts show what they are.
	one := AccountQuery{Limit: 1, IncludeChurned: true, IncludeIgnored: true}
	accounts, err := p.ListAccounts(ctx, one)
	switch {
	case err != nil:
		return "", err
	case len(accounts.Results) > 0 && accounts.Results[0].Newer:
		return Current, nil // remembered as the account was read
	}
	p.known().asked(p.id, Documented)
	return Documented, nil
}

// askLookup asks whether PostHog looks accounts up by external id. One that does says that none was given; one
// that does not takes the word for an account's id, which it does not have.
func (p *Project) askLookup(ctx context.Context) (bool, error) {
	c := p.call(http.MethodGet, "find out which PostHog this is", "accounts", "by_external_id")
	_, err := fetch(ctx, p.session, c, func(gjson.Result) (struct{}, error) { return struct{}{}, nil })
	failure, refused := errors.AsType[*Error](err)
	switch {
	case refused && failure.Kind == NotFound:
		return false, nil
	case refused && failure.Kind == Invalid && failure.Status == http.StatusBadRequest && (failure.Code != "" || failure.Detail != ""):
		return true, nil
	case err == nil:
		return false, &Error{Kind: BadResponse, Op: c.op, Method: c.method, Status: http.StatusOK, Detail: "it was not expected"}
	}
	return false, err
}

// RolesIn returns where this PostHog keeps roles, asking as Generation does, and when that does not decide it
// asks once whether there are relationships at all. See LearnRoles for RolesUnknown.
func (p *Project) RolesIn(ctx context.Context) (RolesIn, error) {
	if roles := p.KnownRolesIn(); roles != "" {
		return roles, nil
	}
	generation, err := p.Generation(ctx)
	if err != nil {
		return RolesUnknown, err
	}
	if generation == Current {
		return RolesInRelationships, nil
	}
	roles, err := p.askRoles(ctx)
	if err != nil {
		return RolesUnknown, err
	}
	p.LearnRoles(roles)
	return roles, nil
}

// KnownRolesIn is what RolesIn would answer without asking, "" where it would have to ask.
func (p *Project) KnownRolesIn() RolesIn {
	if roles := p.known().roles(p.id); roles != "" {
		return roles
	}
	if p.known().generation(p.id) == Current {
		return RolesInRelationships
	}
	return ""
}

// askRoles asks an older PostHog whether it has relationships. That it does not decides; that it does is not
// enough, as late versions have them beside the properties.
func (p *Project) askRoles(ctx context.Context) (RolesIn, error) {
	c := p.call(http.MethodGet, "find out where PostHog keeps roles", "account_relationship_definitions")
	c.query = map[string][]string{"limit": {"1"}}
	_, err := fetch(ctx, p.session, c, page(window{limit: 1}, decodeRelationshipDefinition))
	switch KindOf(err) {
	case "":
		return RolesUnknown, nil
	case NotFound, Unsupported, NoKeyAccess:
		return RolesInProperties, nil
	}
	return "", err
}

// LearnRoles remembers where roles turned out to be kept, for ten minutes: a role was found there, or a write
// to it was there when read back. RolesUnknown takes that back, and stops asking for as long.
func (p *Project) LearnRoles(roles RolesIn) { p.known().learnRoles(p.id, roles) }

// Forget drops what is remembered of the project's PostHog, for an answer that contradicts it. What is asked
// next is asked anew: that a field is missing from accounts is no longer taken for a sign.
func (p *Project) Forget() { p.known().forget(p.id) }

// known is what is remembered of each project's PostHog, whoever asks: it does not depend on the key.
func (p *Project) known() *knowledge { return p.session.client.known }

// decodeAccount reads an account and takes note of what it shows of the server.
func (p *Project) decodeAccount(row gjson.Result) (Account, error) {
	account, err := decodeAccount(row)
	if err == nil {
		p.known().observed(p.id, account.Newer)
	}
	return account, err
}
