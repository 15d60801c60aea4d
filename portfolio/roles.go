package portfolio

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/recent"
)

// Role is a part that a colleague plays for an account.
type Role string

// The roles of the documented generation, where they live in an account's
// properties under these names.
const (
	CSM              Role = "csm"
	AccountExecutive Role = "account_executive"
	AccountOwner     Role = "account_owner"
)

// Roles are all roles, in the order in which people list them.
var Roles = []Role{CSM, AccountExecutive, AccountOwner}

// The words that stand for a holder.
const (
	Me         = "me"         // the owner of the key
	Unassigned = "unassigned" // nobody
	None       = "none"       // nobody, when a role is set
)

// Holder is who holds a role: PostHog keeps both the id and the e-mail.
type Holder struct {
	ID    int64  `json:"id"`
	Email string `json:"email"`
}

// Ref names the holder in the form that every argument for a colleague takes.
func (h *Holder) Ref() string {
	if h.Email != "" {
		return h.Email
	}
	return strconv.FormatInt(h.ID, 10)
}

// HolderOf is who holds a role of an account, or nil. A role without an id
// counts as unassigned, as it does for PostHog's own filters.
func HolderOf(account client.Account, role Role) *Holder {
	stored := gjson.ParseBytes(account.Properties[string(role)])
	id := stored.Get("id").Int()
	if id == 0 {
		return nil
	}
	return &Holder{ID: id, Email: stored.Get("email").String()}
}

// Directory knows the members of an organisation and who holds which role for
// which account. It remembers each key's answers for a minute or two; what one
// key may see never serves another. It also keeps calls that write the same
// thing out of each other's way.
type Directory struct {
	members       *recent.Cache[[]client.Member]
	selves        *recent.Cache[int64]
	relationships *relationshipCache
	indexes       indexCache
	searches      *recent.Cache[[]FoundNote]
	turns         *turns
}

// NewDirectory returns an empty directory.
func NewDirectory() *Directory {
	return &Directory{
		members: recent.New[[]client.Member](time.Minute, 100),
		selves:  recent.New[int64](time.Minute, 1000),

		relationships: newRelationshipCache(),
		indexes:       newIndexCache(),
		searches:      recent.New[[]FoundNote](searchesKept, 20_000),
		turns:         newTurns(),
	}
}

// Members lists the organisation of the key's owner.
func (d *Directory) Members(ctx context.Context, session *client.Session) ([]client.Member, error) {
	return d.members.Get(ctx, session.Key().Fingerprint(), session.Members)
}

// self is the user id of the key's owner.
func (d *Directory) self(ctx context.Context, session *client.Session) (int64, error) {
	return d.selves.Get(ctx, session.Key().Fingerprint(), func(ctx context.Context) (int64, error) {
		info, err := session.KeyInfo(ctx)
		return info.UserID, err
	})
}

// userID resolves who is meant: me, a user id or an e-mail. The e-mail is
// empty when an id was given and nothing had to be looked up.
func (b *Book) userID(ctx context.Context, who string) (Holder, error) {
	who = strings.TrimSpace(who)
	if who == Me {
		id, err := b.directory.self(ctx, b.session)
		return Holder{ID: id}, err
	}
	if id, err := strconv.ParseInt(who, 10, 64); err == nil && id > 0 {
		return Holder{ID: id}, nil
	}
	return b.member(ctx, func(u client.User) bool { return strings.EqualFold(u.Email, who) }, who)
}

// holder resolves who is meant with both id and e-mail, as a role needs them.
func (b *Book) holder(ctx context.Context, who string) (Holder, error) {
	h, err := b.userID(ctx, who)
	if err != nil || h.Email != "" {
		return h, err
	}
	found, err := b.member(ctx, func(u client.User) bool { return u.ID == h.ID }, who)
	switch client.KindOf(err) {
	case client.MissingScope, client.Forbidden, client.NoKeyAccess:
		return b.unlisted(ctx, h.ID, err)
	}
	return found, err
}

// unlisted is a colleague of whom only the id is known, for a key that may not
// list members. A relationship takes no more than the id; a role among the
// properties has the e-mail too, which another account may show.
func (b *Book) unlisted(ctx context.Context, id int64, refusal error) (Holder, error) {
	place, err := b.api.RolesIn(ctx)
	if err != nil || place == client.RolesInRelationships {
		return Holder{ID: id}, err
	}
	for _, role := range Roles {
		query := client.AccountQuery{Limit: 1}
		setRole(&query, role, strconv.FormatInt(id, 10))
		page, err := b.api.ListAccounts(ctx, query)
		if err != nil {
			return Holder{}, err
		}
		for _, account := range page.Results {
			if holder := HolderOf(account, role); holder != nil && holder.ID == id && holder.Email != "" {
				return *holder, nil
			}
		}
	}
	return Holder{}, refusal
}

func (b *Book) member(ctx context.Context, matches func(client.User) bool, who string) (Holder, error) {
	members, err := b.directory.Members(ctx, b.session)
	if err != nil {
		return Holder{}, err
	}
	for _, m := range members {
		if matches(m.User) {
			return Holder{ID: m.User.ID, Email: m.User.Email}, nil
		}
	}
	emails := make([]string, len(members))
	for i, m := range members {
		emails[i] = m.User.Email
	}
	slices.Sort(emails)
	const most = 20
	if len(emails) > most {
		emails = append(emails[:most], "…")
	}
	return Holder{}, plain.Refuse("Nobody in this PostHog organisation is %q. A colleague is given as e-mail, user id or \"me\"; the members are %s.",
		plain.Short(who), strings.Join(emails, ", "))
}

// stored is how the documented generation keeps a holder.
func (h Holder) stored() json.RawMessage {
	raw, _ := json.Marshal(h) // a number and a string always encode
	return raw
}
