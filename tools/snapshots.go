package tools

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"posthog-accounts-mcp/internal/recent"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/portfolio"
)

// What accounts looked like when somebody last asked what changed is kept in
// the journal, as it has to be known after a restart and in other processes.
// Nothing of it is in PostHog, so a read-only server keeps it too. With the
// journal off, or out of order, it is kept for as long as the process runs.

const (
	snapshotKind  = "snapshot"  // what all accounts looked like, by id
	snapshotsKind = "snapshots" // which snapshots there are, oldest first
	snapshotsID   = "taken"

	snapshotLife = 30 * 24 * time.Hour
	// latestSnapshots are kept whenever they were taken; of those before them
	// the last of each day.
	latestSnapshots = 12
)

// taken is an entry in the list of snapshots.
type taken struct {
	ID   string    `json:"id"`
	At   time.Time `json:"at"`
	Seen time.Time `json:"seen"` // when all accounts still looked like this
}

// itemStore is what snapshots need of a journal.
type itemStore interface {
	Keep(ctx context.Context, items ...journal.Item) error
	Item(ctx context.Context, p journal.Principal, kind, id string) (journal.Item, error)
	Forget(ctx context.Context, p journal.Principal, kind string, ids ...string) error
}

// snapshots are those that one caller has of one project.
type snapshots struct {
	items   itemStore
	owner   journal.Principal
	turn    *sync.Mutex // of changing the list, within this process
	passing string      // why they end with the process, if they do
}

// snapshotsOf are the snapshots that a call may see.
func (d *Desk) snapshotsOf(ctx context.Context, s scope) snapshots {
	kept := snapshots{items: d.remembered, owner: s.principal(), turn: &d.snapshotTurn}
	if d.ledger == nil {
		kept.passing = "The journal is off: what accounts look like is remembered only as long as this server runs."
		return kept
	}
	book, err := d.ledger.journal(ctx)
	if err != nil {
		kept.passing = "The journal cannot be used: what accounts look like is remembered only as long as this server runs."
		return kept
	}
	kept.items = book
	return kept
}

// list gives the snapshots there are, oldest first. One that was tampered with
// is as good as none.
func (k snapshots) list(ctx context.Context) ([]taken, error) {
	item, err := k.items.Item(ctx, k.owner, snapshotsKind, snapshotsID)
	if isLost(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []taken
	return list, json.Unmarshal(item.Payload, &list)
}

func isLost(err error) bool {
	return errors.Is(err, journal.ErrNotFound) || errors.Is(err, journal.ErrTampered)
}

// at gives the newest snapshot taken at or before a moment, or the oldest if
// all are younger; of the zero moment the newest. There may be none.
func (k snapshots) at(ctx context.Context, since time.Time) (taken, portfolio.Snapshot, error) {
	list, err := k.list(ctx)
	if err != nil {
		return taken{}, portfolio.Snapshot{}, err
	}
	for len(list) > 0 {
		at := len(list) - 1
		for at > 0 && !since.IsZero() && list[at].At.After(since) {
			at--
		}
		found, err := k.read(ctx, list[at].ID)
		if !isLost(err) {
			return list[at], found, err
		}
		list = append(list[:at:at], list[at+1:]...)
	}
	return taken{}, portfolio.Snapshot{}, nil
}

// read gives one snapshot.
func (k snapshots) read(ctx context.Context, id string) (portfolio.Snapshot, error) {
	item, err := k.items.Item(ctx, k.owner, snapshotKind, id)
	if err != nil {
		return portfolio.Snapshot{}, err
	}
	return unpackSnapshot(item.Payload)
}

// keep keeps a snapshot, or notes that the newest one still holds.
func (k snapshots) keep(ctx context.Context, now portfolio.Snapshot, at time.Time) (id string, err error) {
	k.turn.Lock()
	defer k.turn.Unlock()
	newest, last, err := k.at(ctx, time.Time{})
	if err != nil {
		return "", err
	}
	list, err := k.list(ctx)
	if err != nil {
		return "", err
	}
	var items []journal.Item
	expires := at.Add(snapshotLife)
	if newest.heldUntil(at, list) && last.NoRoles == now.NoRoles && len(portfolio.Compare(last, now)) == 0 {
		list[len(list)-1].Seen, id = at, newest.ID
	} else {
		id = fmt.Sprintf("%x", at.UnixNano())
		packed, err := packSnapshot(now)
		if err != nil {
			return "", err
		}
		list = append(list, taken{ID: id, At: at, Seen: at})
		items = append(items, journal.Item{Principal: k.owner, Kind: snapshotKind, ID: id, Payload: packed, Expires: expires})
	}
	list, dropped := thinned(list, at)
	encoded, err := json.Marshal(list)
	if err != nil {
		return "", err
	}
	items = append(items, journal.Item{Principal: k.owner, Kind: snapshotsKind, ID: snapshotsID, Payload: encoded, Expires: expires})
	if err := k.items.Keep(ctx, items...); err != nil {
		return "", err
	}
	return id, k.items.Forget(ctx, k.owner, snapshotKind, dropped...)
}

// heldUntil tells whether a snapshot that is like a new one may stand for it:
// the last of the list, and of the same day, as an old one is soon gone.
func (t taken) heldUntil(at time.Time, list []taken) bool {
	return t.ID != "" && t.ID == list[len(list)-1].ID && day(t.At) == day(at)
}

// thinned drops what is older than snapshots are kept, and of all but the
// latest everything but the last of each day.
func thinned(list []taken, now time.Time) (kept []taken, dropped []string) {
	dayKept := ""
	for back := len(list) - 1; back >= 0; back-- {
		t := list[back]
		latest := len(list)-back <= latestSnapshots
		if now.Sub(t.At) > snapshotLife || !latest && day(t.At) == dayKept {
			dropped = append(dropped, t.ID)
			continue
		}
		dayKept = day(t.At)
		kept = append([]taken{t}, kept...)
	}
	return kept, dropped
}

// packSnapshot compresses a snapshot, which repeats the same names all over.
func packSnapshot(s portfolio.Snapshot) (json.RawMessage, error) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if err := errors.Join(json.NewEncoder(w).Encode(s), w.Close()); err != nil {
		return nil, err
	}
	return json.Marshal(packed.Bytes())
}

func unpackSnapshot(payload json.RawMessage) (s portfolio.Snapshot, err error) {
	var packed []byte
	if err := json.Unmarshal(payload, &packed); err != nil {
		return s, err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return s, err
	}
	unpacked, err := io.ReadAll(r)
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(unpacked, &s)
}

// passingItems keep items where there is no journal, for as long as the
// process runs.
type passingItems struct{ kept *recent.Cache[journal.Item] }

func newPassingItems() passingItems {
	const most = 300
	return passingItems{recent.New[journal.Item](snapshotLife, most)}
}

func itemName(p journal.Principal, kind, id string) string {
	return strings.Join([]string{p.Key, fmt.Sprint(p.Project), kind, id}, " ")
}

// Keep keeps items.
func (m passingItems) Keep(_ context.Context, items ...journal.Item) error {
	for _, item := range items {
		m.kept.Put(itemName(item.Principal, item.Kind, item.ID), item)
	}
	return nil
}

// Item is one item, journal.ErrNotFound without it.
func (m passingItems) Item(_ context.Context, p journal.Principal, kind, id string) (journal.Item, error) {
	if item, kept := m.kept.Peek(itemName(p, kind, id)); kept {
		return item, nil
	}
	return journal.Item{}, journal.ErrNotFound
}

// Forget removes items.
func (m passingItems) Forget(_ context.Context, p journal.Principal, kind string, ids ...string) error {
	for _, id := range ids {
		m.kept.Drop(itemName(p, kind, id))
	}
	return nil
}
