package portfolio

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
)

// Draft is a new account.
type Draft struct {
	Name       string                     `json:"name"`
	ExternalID string                     `json:"external_id,omitempty"`
	Set        map[string]json.RawMessage `json:"set,omitempty"`
	Roles      map[Role]string            `json:"roles,omitempty"`
	Tags       []string                   `json:"tags,omitempty"`

	// Since is what was there before, for whoever has to find again what was
	// made; Create looks itself without it.
	Since *Horizon `json:"since,omitempty"`
}

// create is the account without its roles, as it is sent.
func (d Draft) create() client.AccountCreate {
	create := client.AccountCreate{Name: trimmed(d.Name), Properties: map[string]json.RawMessage{}, Tags: normalTags(d.Tags)}
	if external := trimmed(d.ExternalID); external != "" {
		create.ExternalID = &external
	}
	maps.Copy(create.Properties, d.Set)
	return create
}

// Check refuses a draft that cannot become an account. It asks PostHog nothing.
func (d Draft) Check() error {
	if trimmed(d.Name) == "" {
		return plain.Refuse("Not done: the name is blank.")
	}
	if d.ExternalID != "" && trimmed(d.ExternalID) == "" {
		return plain.Refuse("Not done: the external_id is blank; leave it out for none.")
	}
	return checkTags(d.Tags)
}

// change is what the draft writes, as a change of nothing.
func (d Draft) change() Change {
	return Change{Name: d.Name, ExternalID: d.ExternalID, Set: d.Set, Roles: d.Roles, TagsAdd: d.Tags}
}

// Create makes an account. A taken external id is no failure: the account that
// has it is the answer, untouched.
func (b *Book) Create(ctx context.Context, draft Draft) (Result, error) {
	if err := cmp.Or(draft.Check(), b.allowed(draft.change())); err != nil {
		return Result{}, err
	}
	m, err := b.making(ctx, draft)
	if err != nil {
		return Result{}, err
	}
	if m.apart, err = b.rolesApart(ctx, &m.create, m.roles); err != nil {
		return Result{}, err
	}
	made, found, err := b.make(ctx, m.create, draft.Since)
	if !m.apart && refusesRoles(err, m.roles) { // a newer PostHog that had no account to show that it is
		b.api.LearnRoles(client.RolesInRelationships)
		if m.apart, err = b.rolesApart(ctx, &m.create, m.roles); err != nil {
			return Result{}, err
		}
		made, found, err = b.make(ctx, m.create, draft.Since)
	}
	switch {
	case client.KindOf(err) == client.Conflict && m.create.ExternalID != nil:
		return b.existing(ctx, *m.create.ExternalID, err)
	case err != nil:
		return Result{}, err
	}
	sent := sending{}.then(b.giveRoles(ctx, made, m.roles, m.apart))
	account, err := b.read(ctx, made.ID)
	switch {
	case client.KindOf(err) == client.NotFound:
		return Result{}, unseen(nil, err)
	case err != nil:
		return Result{}, plain.Refuse("The account was created with the id %s, but could not be read back (%s). Look with get_account; do not create it again.", made.ID, plain.Explain(err))
	}
	result := m.result(account)
	result.Note = strings.TrimSpace(found + " " + sent.remark(result.Outcome))
	return result, nil
}

// making is a draft on its way.
type making struct {
	create client.AccountCreate
	roles  map[Role]Holder
	asked  target
	apart  bool // roles go into relationships
}

// making finds out which colleagues a draft means.
func (b *Book) making(ctx context.Context, draft Draft) (*making, error) {
	roles, err := b.drafted(ctx, draft.Roles)
	if err != nil {
		return nil, err
	}
	m := &making{create: draft.create(), roles: roles}
	for role, holder := range roles {
		m.create.Properties[string(role)] = holder.stored()
	}
	whole := client.Account{Name: m.create.Name, ExternalID: m.create.ExternalID, Properties: m.create.Properties, Tags: m.create.Tags}
	m.asked = target{client.Account{Properties: m.create.Properties}, State(whole)}
	return m, nil
}

// result holds what was made against what was asked.
func (m *making) result(account client.Account) Result {
	result := Result{Account: account, After: State(account)}
	result.Outcome = journal.Compare(nil, m.asked.named(account), pick(result.After, m.asked.wanted), same)
	if result.Outcome != journal.Applied {
		result.Outcome = journal.Partial // the account exists, whatever became of its fields
	}
	return result
}

// make makes the account, or finds that the request made it although the answer
// was lost, and says so then.
func (b *Book) make(ctx context.Context, create client.AccountCreate, since *Horizon) (made client.Account, remark string, err error) {
	mine, err := b.directory.turns.take(ctx, b.turnOf("create", create.Name))
	if err != nil {
		return made, "", err
	}
	defer mine.giveBack()
	if since == nil {
		before, err := b.horizon(ctx, create)
		if err != nil {
			return made, "", err
		}
		since = &before
	}
	made, err = b.api.CreateAccount(ctx, create)
	if unclear(err) {
		remark = foundAgain
		made, err = b.findMade(ctx, create, *since, mine, err)
	}
	if err == nil {
		mine.made[made.ID] = true
	}
	return made, remark, err
}

// drafted resolves the colleagues of a draft.
func (b *Book) drafted(ctx context.Context, asked map[Role]string) (map[Role]Holder, error) {
	roles := map[Role]Holder{}
	for role, who := range asked {
		if who == None || who == Unassigned {
			continue
		}
		holder, err := b.holder(ctx, who)
		if err != nil {
			return nil, err
		}
		roles[role] = holder
	}
	return roles, nil
}

// rolesApart takes the roles out of a create where PostHog keeps them as
// relationships, after looking that it has them.
func (b *Book) rolesApart(ctx context.Context, create *client.AccountCreate, roles map[Role]Holder) (apart bool, err error) {
	if len(roles) == 0 {
		return false, nil
	}
	place, err := b.api.RolesIn(ctx)
	if err != nil || place != client.RolesInRelationships {
		return false, err
	}
	create.Properties = withoutRoles(create.Properties)
	_, err = b.handovers(ctx, roles, nil)
	return true, err
}

// refusesRoles tells that PostHog takes no roles among the properties.
func refusesRoles(err error, roles map[Role]Holder) bool {
	refusal, ok := errors.AsType[*client.Error](err)
	if !ok || refusal.Kind != client.Invalid || refusal.Attr != "properties" {
		return false
	}
	key, _, _ := strings.Cut(refusal.Detail, ":")
	_, given := roles[Role(key)]
	return given
}

// giveRoles assigns the roles of an account that was just made.
func (b *Book) giveRoles(ctx context.Context, made client.Account, roles map[Role]Holder, apart bool) (sending, error) {
	if apart {
		return b.hand(ctx, made.ID, roles)
	}
	return b.giveDropped(ctx, made, roles)
}

// existing answers a create whose external id is taken.
func (b *Book) existing(ctx context.Context, externalID string, conflict error) (Result, error) {
	accounts, err := b.search(ctx, externalID)
	if err != nil {
		return Result{}, err
	}
	for _, account := range accounts {
		if account.ExternalID != nil && *account.ExternalID == externalID {
			if account, err = b.complete(ctx, account); err != nil {
				return Result{}, err
			}
			return Result{
				Outcome: journal.Ignored, Account: account, After: State(account),
				Note: "An account with this external_id exists already; it is shown in after and was not touched. Use update_account to change it.",
			}, nil
		}
	}
	return Result{}, conflict // taken by an account this key may not see
}

// Delete deletes an account that was just read, and looks that it is gone.
func (b *Book) Delete(ctx context.Context, account client.Account) (Result, error) {
	writeErr := b.api.DeleteAccount(ctx, account.ID)
	if writeErr != nil && !unclear(writeErr) {
		return Result{}, writeErr
	}
	result := Result{Outcome: journal.Applied, Account: account, Before: State(account)}
	var found client.Account
	err := b.settle(ctx, writeErr, func(ctx context.Context) (gone bool, err error) {
		found, err = b.read(ctx, account.ID)
		return client.KindOf(err) == client.NotFound, err
	})
	switch {
	case client.KindOf(err) == client.NotFound:
		return result, nil
	case err != nil:
		return Result{}, unseen(writeErr, err)
	}
	result.Outcome, result.Account, result.After = journal.Ignored, found, State(found)
	result.Note = "PostHog still shows the account."
	return result, nil
}
