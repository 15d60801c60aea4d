package portfolio

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"posthog-accounts-mcp/client"
)

// AllAccounts stands for all accounts of a project where one is asked for by
// id.
const AllAccounts = ""

// Look gives a digest of an account, or of all: it is another one once they
// look different. It covers the fields of a snapshot, and of one account its
// custom properties too; of all it leaves out the roles that are kept as
// relationships, which take a request for each. What is gone has a digest as
// well.
func (b *Book) Look(ctx context.Context, account string) (string, error) {
	if account == AllAccounts {
		return b.lookAtAll(ctx)
	}
	fields, err := b.FieldsOf(ctx, account)
	if isGone(err) {
		return "gone", nil
	}
	if err != nil {
		return "", err
	}
	values, err := b.api.Values(ctx, account)
	if isGone(err) {
		return "gone", nil
	}
	if err != nil {
		return "", err
	}
	custom := map[string]json.RawMessage{}
	for _, value := range values {
		custom[value.DefinitionID] = value.Value
	}
	return digest(fields, custom)
}

func (b *Book) lookAtAll(ctx context.Context) (string, error) {
	accounts, err := b.all(ctx)
	if err != nil {
		return "", err
	}
	fields := make(map[string]Fields, len(accounts))
	for _, account := range accounts {
		fields[account.ID] = fieldsOf(account, nil)
	}
	return digest(fields)
}

func isGone(err error) bool {
	kind := client.KindOf(err)
	return kind == client.NotFound || kind == client.Forbidden
}

func digest(values ...any) (string, error) {
	encoded, err := json.Marshal(values) // maps encode in the order of their keys
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sha256.Sum256(encoded)), nil
}
