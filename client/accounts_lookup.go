package client

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"
)

// maxExternalID is PostHog's limit, in characters.
const maxExternalID = 400

// AccountByExternalID returns the account with exactly that external id, churned and ignored ones included.
//
// Only newer PostHog has an endpoint for it. Older ones take its name for an account's id and answer as they
// do when no account matches, so unless the server is known to have the endpoint the list decides.
func (p *Project) AccountByExternalID(ctx context.Context, externalID string) (Account, error) {
	c := p.call(http.MethodGet, "get account by external id", "accounts", "by_external_id")
	if strings.TrimSpace(externalID) == "" || utf8.RuneCountInString(externalID) > maxExternalID {
		return Account{}, c.refused("an external id has 1 to 400 characters")
	}
	if p.known().generation(p.id) != Documented {
		c.query = map[string][]string{"external_id": {externalID}}
		account, err := fetch(ctx, p.session, c, p.decodeAccount)
		if err == nil {
			p.known().asked(p.id, Current)
		}
		if KindOf(err) != NotFound || p.known().hasLookup(p.id) {
			return account, err
		}
	}
	query := AccountQuery{Search: externalID, IncludeChurned: true, IncludeIgnored: true, Limit: maxLimit}
	for candidate, err := range p.Accounts(ctx, query) {
		if err != nil {
			return Account{}, err
		}
		if candidate.ExternalID != nil && *candidate.ExternalID == externalID {
			return candidate, nil
		}
	}
	return Account{}, &Error{Kind: NotFound, Op: c.op, Method: c.method, Status: http.StatusNotFound,
		Detail: "no account has exactly that external id"}
}
