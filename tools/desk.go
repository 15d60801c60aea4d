package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/identity"
	"posthog-accounts-mcp/internal/plain"
	"posthog-accounts-mcp/internal/policy"
	"posthog-accounts-mcp/internal/recent"
	"posthog-accounts-mcp/people"
	"posthog-accounts-mcp/portfolio"
)

// Desk is what the handlers work with. It is shared by all callers and holds
// nothing of any of them but short-lived caches kept apart by key: who calls,
// and for which project, comes with each request's context and arguments.
type Desk struct {
	posthog   *client.Client
	pinned    int64 // the only project, or 0
	directory *portfolio.Directory
	projects  *recent.Cache[int64]
	written   *recent.Cache[madeOnce] // results of creates by the caller's key
	spent     spentHere               // confirmations that were used, with the journal off
	unasked   map[Toolset]bool        // where what cannot be taken back needs no confirmation
	ledger    *Ledger                 // nil with the journal off
	settled   sync.Map                // principals whose crashed writes were looked after
	undoes    bool                    // undo_write is listed, so that receipts may name it
	policy    policy.Policy           // which fields and tags may be written
	maxRows   int                     // how many rows a plan may touch
	lease     time.Duration           // how soon a call that died at a plan is known to have
	now       func() time.Time

	remembered   passingItems // what a journal would keep, where there is none
	snapshotTurn sync.Mutex
}

// DeskOption sets up a Desk.
type DeskOption func(*Desk)

// WithoutConfirmation has the tools of some toolsets do what cannot be taken
// back at the first call, asking nobody.
func WithoutConfirmation(sets ...Toolset) DeskOption {
	return func(d *Desk) {
		for _, set := range sets {
			d.unasked[set] = true
		}
	}
}

// NewDesk returns a desk on a PostHog. A pinned project other than 0 is the
// only one it works on.
func NewDesk(posthog *client.Client, pinned int64, options ...DeskOption) *Desk {
	d := &Desk{
		posthog: posthog, pinned: pinned, now: time.Now,
		directory: portfolio.NewDirectory(),
		projects:  recent.New[int64](time.Minute, 1000),
		written:   recent.New[madeOnce](24*time.Hour, 10_000),
		unasked:   map[Toolset]bool{},
		maxRows:   DefaultMaxRows,
		lease:     leaseLifetime,

		remembered: newPassingItems(),
	}
	for _, option := range options {
		option(d)
	}
	return d
}

// scope is where one call works: the caller's session in one project.
type scope struct {
	session *client.Session
	project int64
	book    *portfolio.Book
	people  *people.Register
	links   links
}

// scope resolves the caller and the project of a call, once.
func (d *Desk) scope(ctx context.Context, asked int64) (scope, error) {
	session := d.posthog.As(identity.From(ctx).Key)
	if session.Key().IsZero() {
		return scope{}, &client.Error{Kind: client.NoKey, Op: "ask PostHog"}
	}
	project, err := d.project(ctx, session, asked)
	if err != nil {
		return scope{}, err
	}
	return scope{
		session: session,
		project: project,
		book:    portfolio.Open(session, project, d.directory).Under(d.policy),
		people:  people.Open(session.Project(project)).Under(d.policy),
		links:   links{origin: d.posthog.Origin(), project: project},
	}, nil
}

// project is the number a call works on: the pinned one, the one it names, or
// the only one the key reaches. PostHog's "@current" is never used: it moves
// when its owner clicks around in the app.
func (d *Desk) project(ctx context.Context, session *client.Session, asked int64) (int64, error) {
	switch {
	case d.pinned != 0:
		return d.pinned, nil
	case asked != 0:
		return asked, nil
	}
	return d.projects.Get(ctx, session.Key().Fingerprint(), func(ctx context.Context) (int64, error) {
		return onlyProject(ctx, session)
	})
}

// Colleagues are the e-mails of everybody in the organisation of the caller's
// key, in order.
func (d *Desk) Colleagues(ctx context.Context) ([]string, error) {
	members, err := d.directory.Members(ctx, d.posthog.As(identity.From(ctx).Key))
	if err != nil {
		return nil, err
	}
	emails := make([]string, len(members))
	for i, member := range members {
		emails[i] = member.User.Email
	}
	slices.Sort(emails)
	return emails, nil
}

func onlyProject(ctx context.Context, session *client.Session) (int64, error) {
	reachable, err := reachableProjects(ctx, session)
	switch kind := client.KindOf(err); {
	case kind == client.MissingScope || kind == client.Forbidden || kind == client.NoKeyAccess:
		return 0, plain.Refuse("Which project? This key may not list its projects, so pass project_id (PostHog: Settings, Project), or have the operator set POSTHOG_PROJECT_ID.")
	case err != nil:
		return 0, err
	case len(reachable) == 1:
		return reachable[0].ID, nil
	case len(reachable) == 0:
		return 0, plain.Refuse("This key reaches no project. whoami tells what it may do.")
	}
	var b strings.Builder
	for _, p := range reachable {
		fmt.Fprintf(&b, "\n- %d: %s", p.ID, plain.Short(p.Name))
	}
	return 0, plain.Refuse("This key reaches several projects. Repeat the call with the project_id of one:%s", b.String())
}

// reachableProjects lists the projects of a key. A project-limited key may not
// list projects, but says itself which ones it is limited to.
func reachableProjects(ctx context.Context, session *client.Session) ([]client.ProjectInfo, error) {
	info, err := session.KeyInfo(ctx)
	if err != nil {
		return nil, err
	}
	if len(info.ScopedTeams) == 0 {
		return session.Projects(ctx)
	}
	limited := make([]client.ProjectInfo, len(info.ScopedTeams))
	for i, id := range info.ScopedTeams {
		limited[i] = client.ProjectInfo{ID: id}
	}
	return limited, nil
}

// links builds URLs into the PostHog app. They hold ids only, never an e-mail
// or a distinct id: URLs end up in logs.
type links struct {
	origin  string
	project int64
}

func (l links) in(path string) string {
	return fmt.Sprintf("%s/project/%d/%s", l.origin, l.project, path)
}

func (l links) account(id string) string     { return l.in("customer_analytics/accounts/" + id) }
func (l links) notebook(short string) string { return l.in("notebooks/" + short) }
func (l links) person(uuid string) string    { return l.in("persons/" + uuid) }

// accounts and persons are the lists, for what has no page any more.
func (l links) accounts() string { return l.in("customer_analytics/accounts") }
func (l links) persons() string  { return l.in("persons") }
