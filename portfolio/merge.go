package portfolio

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/journal"
)

// PostHog replaces properties and tags as a whole and knows no versions. An
// update is therefore a three-way merge: base is the account as the caller's
// reference found it, mine the named fields, theirs the account as it is right
// before the PATCH. Mine goes over theirs, so that nothing unnamed is sent as it
// was some time ago; what is read back tells whether somebody else's replace
// took it away again.

const (
	// fresh is how long an account that was read counts as what is there now:
	// time to compute, not time for another request.
	fresh = 20 * time.Millisecond
	// maxRepairs bounds how often a change that was replaced is made again.
	maxRepairs = 3
	// repairPause keeps repairs from meeting the same writer again.
	repairPause = 30 * time.Millisecond
)

// merge is one update on its way.
type merge struct {
	*Book
	delta  delta
	base   client.Account // as the caller's reference found it
	theirs client.Account // as it was right before the PATCH
	aimed  target         // mine over theirs
	answer client.Account // PostHog's to the PATCH; the zero Account without one
	apart  bool           // PostHog keeps roles as relationships
	strict bool           // somebody else's change of a named field stops it
	turn   *turn          // keeps other calls of this process from the account
}

// Update changes an account that was just read, and reads back what is there
// then. Only what the change names is touched, whoever else is writing.
func (b *Book) Update(ctx context.Context, account client.Account, change Change) (Result, error) {
	return b.change(ctx, account, change, false)
}

// Restore is Update for taking a change back: it refuses to replace what
// somebody else made of a named field since the account was read.
func (b *Book) Restore(ctx context.Context, account client.Account, change Change) (Result, error) {
	return b.change(ctx, account, change, true)
}

func (b *Book) change(ctx context.Context, account client.Account, change Change, strict bool) (Result, error) {
	if err := b.allowed(change); err != nil {
		return Result{}, err
	}
	delta, err := b.resolve(ctx, change)
	if err != nil {
		return Result{}, err
	}
	m := &merge{Book: b, delta: delta, base: account, theirs: account, aimed: delta.on(account), strict: strict}
	if len(m.aimed.wanted) == 0 {
		return m.unchanged(), nil
	}
	if m.apart, err = b.keepsRolesApart(ctx, account); err != nil {
		return Result{}, err
	}
	if m.turn, err = b.directory.turns.take(ctx, b.turnOf("update", account.ID)); err != nil {
		return Result{}, err
	}
	defer m.turn.giveBack()
	defer b.forget([]client.Account{account})
	sent, err := m.send(ctx)
	switch {
	case err != nil:
		return Result{}, err
	case len(m.aimed.wanted) == 0: // somebody else did the same meanwhile
		return m.unchanged(), nil
	}
	found, err := m.look(ctx, sent.lost)
	if err != nil {
		return Result{}, unseen(sent.lost, err)
	}
	first := *m
	repairs, found, sent := m.repair(ctx, found, sent)
	return first.receipt(found, sent, repairs), nil
}

// alreadySo is said of a change that finds everything as asked. It is on record
// as ignored, like any call that was to write.
const alreadySo = "It is already so; nothing was sent."

// unchanged is the receipt of a change that is there already.
func (m *merge) unchanged() Result {
	same := map[string]any{}
	return Result{Outcome: journal.Ignored, Account: m.theirs, Was: m.theirs, Before: same, After: same, Note: alreadySo}
}

// send makes the requests of the change. Whatever has to be looked up is looked
// up before the account is read for the last time.
func (m *merge) send(ctx context.Context) (sending, error) {
	roles, err := m.handOver(ctx)
	if err != nil {
		return sending{}, err
	}
	var patch step
	if _, needed := m.aimed.patch(m.apart); needed {
		patch = m.patch
	}
	m.answer = client.Account{}
	sent, err := run(ctx, m.steps(m.base.ID, roles, patch))
	sent.apart = m.apart
	if err != nil || m.apart || m.answer.ID == "" || sent.lost != nil || sent.trouble != nil {
		return sent, err
	}
	return sent.then(m.giveDropped(ctx, m.answer, m.aimed.roles())), nil
}

// handOver works out what the roles of the change take where PostHog keeps them
// as relationships, from who holds them now.
func (m *merge) handOver(ctx context.Context) ([]handover, error) {
	if !m.apart || len(m.aimed.roles()) == 0 {
		return nil, nil
	}
	held, err := m.relationshipsNow(ctx, m.base.ID)
	if err != nil {
		return nil, err
	}
	m.theirs.Properties = withoutRoles(m.theirs.Properties)
	if err := m.meet(showRoles(m.theirs, held)); err != nil {
		return nil, err
	}
	return m.handovers(ctx, m.aimed.roles(), held)
}

// meet lays the change over the account as it is now.
func (m *merge) meet(theirs client.Account) error {
	m.theirs, m.aimed = theirs, m.delta.on(theirs)
	if fields := m.conflicts(); m.strict && len(fields) > 0 {
		return ChangedSince(fields)
	}
	return nil
}

// patch is the request for the account itself, after a look at what is there
// if it replaces anything as a whole, or must not replace a thing of others.
func (m *merge) patch(ctx context.Context) error {
	patch, needed := m.aimed.patch(m.apart)
	replaces := m.strict || !patch.Properties.IsZero() || !patch.Tags.IsZero()
	if replaces && !m.isFresh(m.base.ID, m.turn.last) {
		theirs, err := m.refresh(ctx)
		if err != nil {
			return err
		}
		if err := m.meet(theirs); err != nil {
			return err
		}
		patch, needed = m.aimed.patch(m.apart)
	}
	if !needed {
		return nil
	}
	var err error
	m.answer, err = m.api.PatchAccount(ctx, m.base.ID, patch)
	return err
}

// refresh reads the account right before it is changed. Relationships are no
// part of what a PATCH replaces, so they are not read for it.
func (m *merge) refresh(ctx context.Context) (client.Account, error) {
	account, err := m.api.AccountAfresh(ctx, m.base.ID)
	if err != nil || !m.apart {
		return account, err
	}
	account.Properties = withoutRoles(account.Properties)
	for _, role := range Roles {
		if held, shown := m.theirs.Properties[string(role)]; shown {
			account.Properties[string(role)] = held
		}
	}
	return account, nil
}

// look reads back. Where PostHog's answer was lost it looks until the change is
// there or can no longer come.
func (m *merge) look(ctx context.Context, lost error) (found client.Account, err error) {
	err = m.settle(ctx, lost, func(ctx context.Context) (bool, error) {
		found, err = m.read(ctx, m.base.ID)
		return err == nil && len(m.delta.on(found).wanted) == 0, err
	})
	return found, err
}

// repair makes the change again, as long as what is read back shows that
// somebody's replace took it away. Taking something back is not worth a quarrel:
// who set it again meanwhile may have meant it.
func (m *merge) repair(ctx context.Context, found client.Account, sent sending) (repairs int, _ client.Account, _ sending) {
	whole := m.delta
	for !m.strict && repairs < maxRepairs && sent.lost == nil && sent.trouble == nil {
		lost := m.replaced(found)
		if len(lost) == 0 || pause(ctx, jittered(repairPause)) != nil {
			break
		}
		repairs++
		m.delta, m.theirs = whole.only(lost), found
		m.aimed = m.delta.on(found)
		again, err := m.send(ctx)
		sent = sent.then(again, err)
		next, err := m.look(ctx, again.lost)
		if err != nil {
			sent.trouble = cmp.Or(sent.trouble, err)
			break
		}
		found, m.delta = next, whole
	}
	return repairs, found, sent
}

// replaced are the fields that PostHog had taken over and that are as they were
// before, or gone: the sign of a replace by somebody who had read them earlier.
// A third value is somebody's decision and stays, and so does any role that is
// a relationship: nobody's replace takes it along.
func (m *merge) replaced(found client.Account) []string {
	if m.answer.ID == "" {
		return nil
	}
	was, is := State(m.theirs), State(found)
	refused := m.delta.on(m.answer).wanted
	var fields []string
	for field := range m.delta.on(found).wanted {
		if m.apart && slices.Contains(Roles, Role(field)) {
			continue
		}
		_, isRefused := refused[field]
		reverted := field == "tags" || same(is[field], was[field]) || is[field] == nil
		if reverted && !isRefused {
			fields = append(fields, field)
		}
	}
	return fields
}

// receipt tells what became of a change that was sent.
func (m *merge) receipt(found client.Account, sent sending, repairs int) Result {
	result := m.delta.effect(m.theirs, m.aimed.wanted, found)
	result.RolesApart = sent.apart
	gaveRoles := m.apart && len(m.aimed.roles()) > 0 && sent.lost == nil && sent.trouble == nil // and PostHog said so
	if result.Outcome == journal.Ignored && (gaveRoles || len(m.replaced(found)) > 0) {
		result.Outcome = journal.Overridden
	}
	result.Note = strings.TrimSpace(strings.Join([]string{sent.remark(result.Outcome), repaired(repairs, result.Outcome), replacing(m.conflicts())}, " "))
	return result
}

// effect holds what is there against what a change was to make of an account.
// Taking it back concerns only what it made: where a field is not as it was
// asked for, that is somebody else's decision, or as it was before.
func (d delta) effect(was client.Account, aimed map[string]any, found client.Account) Result {
	before, after := pick(State(was), aimed), pick(State(found), aimed)
	missing := d.on(found).wanted
	wanted, mine := map[string]any{}, maps.Clone(aimed)
	for field := range aimed {
		wanted[field] = after[field] // it holds what was asked, whatever else
		if _, lacks := missing[field]; lacks {
			wanted[field], mine[field] = missing[field], before[field]
		}
	}
	return Result{
		Outcome: journal.Compare(before, wanted, after, same), Account: found, Was: was,
		Before: before, After: after, Back: Inverse(before, mine),
	}
}

// Effect looks what came of a change of an account that was made once, when
// the account was as given.
func (b *Book) Effect(ctx context.Context, was client.Account, change Change) (Result, error) {
	delta, err := b.resolve(ctx, change)
	if err != nil {
		return Result{}, err
	}
	found, _, err := b.Account(ctx, was.ID)
	if err != nil {
		return Result{}, err
	}
	return delta.effect(was, delta.on(was).wanted, found), nil
}

// repaired tells that the change had to be made more than once.
func repaired(repairs int, outcome journal.Outcome) string {
	switch {
	case repairs == 0:
		return ""
	case outcome == journal.Applied:
		return "Somebody else's change had taken it away; it was made again."
	}
	return "Somebody else keeps writing to this account: the change was made again and taken away each time."
}

// conflicts names the fields of the change that somebody else changed between
// the look-up and the write.
func (m *merge) conflicts() (fields []string) {
	base, theirs := State(m.base), State(m.theirs)
	for field := range m.aimed.wanted {
		if field != "tags" && !same(base[field], theirs[field]) {
			fields = append(fields, plain.Short(field))
		}
	}
	slices.Sort(fields)
	return fields
}

// replacing says that a change replaced what somebody else had just made of
// these fields.
func replacing(fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	return "Somebody else changed " + strings.Join(fields, ", ") + " at the same time; before shows their value, which this change replaced."
}
