package client

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// AccountNote is a notebook of some account, without its body.
type AccountNote struct {
	ShortID, Title         string
	AccountID, AccountName string
	CreatedAt              time.Time
	CreatedBy              *User
	LastModifiedAt         *time.Time
}

// NotesQuery filters notes across accounts; filters combine with AND, the users of one filter with OR.
type NotesQuery struct {
	Search    string // whole words of title or text, or a substring of the account's name
	AccountID string
	CreatedBy []int64 // users' numbers
	// AssignedTo are users the account is assigned to. Older PostHog means CSM or account executive by that,
	// not the owner; newer any relationship that lasts.
	AssignedTo    []int64
	Limit, Offset int // default 100, at most 1000
}

// AccountNotes returns one page of the notes of all accounts, the last changed first. The first versions of
// the documented generation do not have the list: Unsupported.
func (p *Project) AccountNotes(ctx context.Context, query NotesQuery) (Page[AccountNote], error) {
	c := p.callUnder("projects", http.MethodGet, "list notes across accounts", "account_notes")
	w, err := newWindow(c, query.Offset, query.Limit)
	if err != nil {
		return Page[AccountNote]{}, err
	}
	c.query = w.values()
	for name, value := range map[string]string{
		"search": query.Search, "account_id": query.AccountID,
		"created_by": joined(query.CreatedBy), "assigned_to": joined(query.AssignedTo),
	} {
		if value != "" {
			c.query.Set(name, value)
		}
	}
	return fetch(ctx, p.session, c, page(w, decodeAccountNote))
}

// joined writes numbers the way PostHog's list parameters take them.
func joined(numbers []int64) string {
	texts := make([]string, len(numbers))
	for i, number := range numbers {
		texts[i] = strconv.FormatInt(number, 10)
	}
	return strings.Join(texts, ",")
}

func decodeAccountNote(row gjson.Result) (AccountNote, error) {
	note := AccountNote{
		ShortID:        text(row, "short_id"),
		Title:          text(row, "title"),
		AccountID:      text(row, "account_id"),
		AccountName:    text(row, "account_name"),
		CreatedAt:      since(row, "created_at"),
		CreatedBy:      userOf(row.Get("created_by")),
		LastModifiedAt: moment(row, "last_modified_at"),
	}
	if note.ShortID == "" || note.AccountID == "" {
		return AccountNote{}, errNoID
	}
	return note, nil
}
