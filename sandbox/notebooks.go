package sandbox

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/notes"
)

// notebookStore holds the notebooks and which account each is linked to. Like
// all rows here, a notebook is replaced, never changed.
type notebookStore struct {
	once  sync.Once
	rows  map[string]*notebook // by short id
	links map[uuid.UUID][]string
	seq   int64
}

// notebook is one row. All of them are internal in PostHog's terms: they
// belong to an account and are on no general list.
type notebook struct {
	id         uuid.UUID
	shortID    string
	account    *uuid.UUID // nil once the account is gone
	seq        int64
	title      *string
	text       *string
	content    json.RawMessage // nil for null, and for what is made of the text
	made       madeOf
	version    int64
	deleted    bool
	createdAt  time.Time
	modifiedAt time.Time
	createdBy  *user
	modifiedBy *user
}

// madeOf tells what a notebook's document is made of. What follows from the
// text is made when it is shown, to save memory.
type madeOf int

const (
	ofContent  madeOf = iota // it is stored
	ofMarkdown               // of the text, rendered as rich text
	ofText                   // of the text, whole, in a Markdown notebook
)

// fromText is what this generation makes of a note's text.
func (g generation) fromText() madeOf {
	if g.newest() {
		return ofText
	}
	return ofMarkdown
}

// notebookRows is how actions reach the notebooks; see accountRows.
func (s *Sandbox) notebookRows() *notebookStore {
	s.notebooks.once.Do(func() { s.loadNotebooks(&s.notebooks) })
	return &s.notebooks
}

// add inserts a row and its link.
func (store *notebookStore) add(n *notebook) {
	store.seq++
	n.seq = store.seq
	store.rows[n.shortID] = n
	store.links[*n.account] = append(slices.Clone(store.links[*n.account]), n.shortID)
}

// linked names every notebook of an account, those included that its
// notebooks endpoint hides.
func (store *notebookStore) linked(account uuid.UUID) []string {
	return append([]string{}, store.links[account]...)
}

// visible lists the notebooks of an account that are not soft-deleted.
func (store *notebookStore) visible(account uuid.UUID) []*notebook {
	var found []*notebook
	for _, shortID := range store.links[account] {
		if n := store.rows[shortID]; !n.deleted {
			found = append(found, n)
		}
	}
	return found
}

// orphan cuts the links of an account that is gone.
func (store *notebookStore) orphan(account uuid.UUID) {
	for _, shortID := range store.links[account] {
		n := *store.rows[shortID]
		n.account = nil
		store.rows[shortID] = &n
	}
	delete(store.links, account)
}

// remove deletes a notebook and its link for good.
func (store *notebookStore) remove(n *notebook) {
	delete(store.rows, n.shortID)
	left := slices.DeleteFunc(store.linked(*n.account), func(shortID string) bool { return shortID == n.shortID })
	store.links[*n.account] = left
}

func (s *Sandbox) routeNotebooks() {
	read, write := []string{"account:read"}, []string{"account:write"}
	s.route(bothMounts, "accounts/{account}/notebooks", actions{
		"GET":  {scopes: read, reads: true, run: s.listNotebooks},
		"POST": {scopes: write, run: s.createNotebook},
	})
	s.route(bothMounts, "accounts/{account}/notebooks/{notebook}", actions{
		"GET":    {scopes: read, reads: true, run: s.showNotebook},
		"DELETE": {scopes: write, run: s.deleteNotebook},
	})
	s.routeAccountNotes()
	s.routeGeneralNotebooks()
}

// notebookBody is a notebook as an account's notebooks endpoint shows it.
type notebookBody struct {
	ID             string          `json:"id"`
	ShortID        string          `json:"short_id"`
	Title          *string         `json:"title"`
	Content        json.RawMessage `json:"content"`
	TextContent    *string         `json:"text_content"`
	CreatedAt      string          `json:"created_at"`
	CreatedBy      *userBody       `json:"created_by"`
	LastModifiedAt string          `json:"last_modified_at"`
	LastModifiedBy *userBody       `json:"last_modified_by"`
}

func (n *notebook) body() notebookBody {
	return notebookBody{
		ID: n.id.String(), ShortID: n.shortID, Title: n.title, Content: n.document(), TextContent: n.text,
		CreatedAt: stamp(n.createdAt), CreatedBy: n.createdBy.show(),
		LastModifiedAt: stamp(n.modifiedAt), LastModifiedBy: n.modifiedBy.show(),
	}
}

func (n *notebook) document() json.RawMessage {
	switch n.made {
	case ofMarkdown:
		return jsonb(notes.FromMarkdown(*n.text))
	case ofText:
		return jsonb(notes.WrapMarkdown(*n.text))
	}
	return n.content
}

func (s *Sandbox) listNotebooks(q *request) reply {
	a := s.accountAbove(q)
	if a == nil {
		return rowNotFound()
	}
	rows := s.notebookRows().visible(a.id)
	if search := strings.TrimSpace(q.param("search")); search != "" {
		query := parseSearch(search)
		rows = slices.DeleteFunc(rows, func(n *notebook) bool { return !n.matches(query) })
	}
	sortNotebooks(rows, q.param("ordering"))
	return ok(paginate(q, rows, (*notebook).body))
}

// matches tells whether the title or the text holds all words of a search.
// The document itself is not searched.
func (n *notebook) matches(query searchQuery) bool {
	return n.title != nil && query.matches(*n.title) || n.text != nil && query.matches(*n.text)
}

// sortNotebooks orders by creation or by the author's name, newest first
// unless told otherwise. Notebooks of nobody come last, as PostgreSQL has it
// with nulls in an ascending order.
func sortNotebooks(rows []*notebook, ordering string) {
	column, descending := strings.CutPrefix(ordering, "-")
	compare := func(a, b *notebook) int { return a.createdAt.Compare(b.createdAt) }
	switch column {
	case "created_at":
	case "created_by":
		compare = func(a, b *notebook) int { return compareNames(authorName(a), authorName(b)) }
	default:
		descending = true
	}
	slices.SortFunc(rows, func(a, b *notebook) int {
		order := cmp.Or(compare(a, b), cmp.Compare(a.seq, b.seq))
		if descending {
			return -order
		}
		return order
	})
}

func authorName(n *notebook) string {
	if n.createdBy == nil {
		return "\U0010ffff"
	}
	return n.createdBy.FirstName + "\x00" + n.createdBy.LastName
}

// findNotebook is a visible notebook of the account in the URL.
func (s *Sandbox) findNotebook(q *request) *notebook {
	a := s.accountAbove(q)
	if a == nil {
		return nil
	}
	n := s.notebookRows().rows[q.arg("notebook")]
	if n == nil || n.deleted || n.account == nil || *n.account != a.id {
		return nil
	}
	return n
}

func (s *Sandbox) showNotebook(q *request) reply {
	n := s.findNotebook(q)
	if n == nil {
		return rowNotFound()
	}
	return ok(n.body())
}

func (s *Sandbox) deleteNotebook(q *request) reply {
	n := s.findNotebook(q)
	if n == nil {
		return rowNotFound()
	}
	s.notebookRows().remove(n)
	return noContent()
}

// titleRule and bodyRule are what a notebook's texts take.
var (
	titleRule = textRule{null: true, blank: true, max: 256}
	bodyRule  = textRule{null: true, blank: true}
)

// createNotebook checks the body before it looks for the account.
func (s *Sandbox) createNotebook(q *request) reply {
	body, refusal := q.object()
	if refusal != nil {
		return *refusal
	}
	title, refusal := body.text("title", titleRule, false)
	if refusal != nil {
		return *refusal
	}
	text, refusal := body.text("text_content", bodyRule, false)
	if refusal != nil {
		return *refusal
	}
	a := s.accountAbove(q)
	if a == nil {
		return rowNotFound()
	}
	now := s.rowTime()
	n := &notebook{id: newID(), shortID: newShortID(), account: &a.id, title: title.value, text: text.value,
		createdAt: now, modifiedAt: now, createdBy: q.user, modifiedBy: q.user}
	if refusal := s.storeDocument(n, body["content"]); refusal != nil {
		return *refusal
	}
	s.notebookRows().add(n)
	return created(n.body())
}

// storeDocument decides what becomes of a new notebook's content. A usable
// document is stored; without one, the text counts as Markdown; without a
// text, whatever was sent is stored, although the page may stay blank.
func (s *Sandbox) storeDocument(n *notebook, content json.RawMessage) *reply {
	sent := len(content) > 0 && string(content) != "null"
	switch {
	case !usableDocument(content) && n.text != nil && *n.text != "":
		n.made = s.gen.fromText()
	case sent && s.gen.newest():
		markdown, err := notes.ToMarkdown(content)
		if err != nil {
			return refuse("content", "", "Content could not be converted to a Markdown notebook.") // PostHog's own words are not known
		}
		n.content = jsonb(notes.WrapMarkdown(markdown))
	case sent:
		n.content = jsonb(content)
	}
	return nil
}

// usableDocument tells whether content is an object of type doc with a list
// of nodes, even an empty one.
func usableDocument(content json.RawMessage) bool {
	doc := gjson.ParseBytes(content)
	return doc.IsObject() && doc.Get("type").Type == gjson.String && doc.Get("type").String() == "doc" && doc.Get("content").IsArray()
}

// base57 is base 62 without the characters that people mix up.
const base57 = "23456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"

// newShortID is eight random characters, as PostHog names notebooks.
func newShortID() string {
	id := make([]byte, 8)
	_, _ = rand.Read(id) // never fails
	for i := range id {
		id[i] = base57[int(id[i])%len(base57)]
	}
	return string(id)
}

// allVisible lists every linked notebook that is not soft-deleted.
func (store *notebookStore) allVisible() []*notebook {
	var found []*notebook
	for account := range maps.Keys(store.links) {
		found = append(found, store.visible(account)...)
	}
	return found
}
