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
// do when no account matches, so that answer alone is never believed: the list decides.
func (p *Project) AccountByExternalID(ctx context.Context, externalID string) (Account, error) {
	c := p.call(http.MethodGet, "get account by external id", "accounts", "by_external_id")
	if strings.TrimSpace(externalID) == "" || utf8.RuneCountInString(externalID) > maxExternalID {
		return Account{}, c.refused("an external id has 1 to 400 characters")
	}
	c.query = map[string][]string{"external_id": {externalID}}
	account, err := fetch(ctx, p.session, c, decodeAccount)
	if KindOf(err) != NotFound {
		return account, err
	}
	query := AccountQuery{Search: externalID, IncludeChurned: true, IncludeIgnored: true, Limit: maxLimit}
	for candidate, listErr := range p.Accounts(ctx, query) {
		if listErr != nil {
			return Account{}, listErr
		}
		if candidate.ExternalID != nil && *candidate.ExternalID == externalID {
			return candidate, nil
		}
	}
	return Account{}, err
}
