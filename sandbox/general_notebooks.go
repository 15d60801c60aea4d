package sandbox

import (
	"net/http"

	"posthog-accounts-mcp/notes"
)

// routeGeneralNotebooks is the part of PostHog's general notebooks API that
// an account's note needs: it is the only way to edit one, to soft-delete it
// and to read it once its account is gone.
func (s *Sandbox) routeGeneralNotebooks() {
	read, write := []string{"notebook:read"}, []string{"notebook:write"}
	s.route(bothMounts, "notebooks", actions{"GET": {scopes: read, reads: true, run: s.listGeneralNotebooks}})
	s.route(bothMounts, "notebooks/{notebook}", actions{
		"GET":    {scopes: read, reads: true, run: s.showGeneralNotebook},
		"PATCH":  {scopes: write, run: s.updateGeneralNotebook},
		"PUT":    {scopes: write, run: s.updateGeneralNotebook},
		"DELETE": {scopes: write, reads: true, run: s.forbidNotebookDelete},
	})
	if s.gen.newest() {
		s.route(bothMounts, "notebooks/{notebook}/markdown", actions{"GET": {scopes: read, reads: true, run: s.showMarkdown}})
	}
}

// generalNotebookBody is a notebook as the general API shows it.
type generalNotebookBody struct {
	notebookBody
	Version         int64           `json:"version"`
	Deleted         bool            `json:"deleted"`
	UserAccessLevel string          `json:"user_access_level"`
	ParentResource  *parentResource `json:"parent_resource"`
}

type parentResource struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

func (n *notebook) generalBody() generalNotebookBody {
	body := generalNotebookBody{notebookBody: n.body(), Version: n.version, Deleted: n.deleted, UserAccessLevel: "manager"}
	if n.account != nil {
		body.ParentResource = &parentResource{Type: "account", ID: n.account.String()}
	}
	return body
}

// listGeneralNotebooks is empty: notes on accounts are internal, and the
// sandbox has no others.
func (s *Sandbox) listGeneralNotebooks(q *request) reply {
	return ok(paginate(q, nil, (*notebook).generalBody))
}

func (s *Sandbox) showGeneralNotebook(q *request) reply {
	n := s.notebookRows().rows[q.arg("notebook")]
	if n == nil || n.deleted {
		return notFound("Not found.")
	}
	return ok(n.generalBody())
}

// showMarkdown is a notebook as text, whatever it is stored as. A blank page
// has none.
func (s *Sandbox) showMarkdown(q *request) reply {
	n := s.notebookRows().rows[q.arg("notebook")]
	if n == nil || n.deleted {
		return notFound("Not found.")
	}
	markdown, _ := notes.ToMarkdown(n.document()) // what is no document shows as a blank page
	return ok(map[string]string{"markdown": markdown})
}

func (s *Sandbox) forbidNotebookDelete(*request) reply {
	return fail(http.StatusMethodNotAllowed, "invalid_request", "method_not_allowed",
		`Hard delete of this model is not allowed. Use a patch API call to set "deleted" to true`, "")
}

// notebookInput is the body of an update.
type notebookInput struct {
	body        fields
	title, text textField
	version     *int64
	deleted     *bool
}

func (q *request) notebookInput() (in notebookInput, refusal *reply) {
	if in.body, refusal = q.object(); refusal != nil {
		return in, refusal
	}
	if in.title, refusal = in.body.text("title", titleRule, true); refusal != nil {
		return in, refusal
	}
	if in.text, refusal = in.body.text("text_content", bodyRule, true); refusal != nil {
		return in, refusal
	}
	if in.body.sent("version") {
		text, _ := textOf(in.body["version"])
		version, ok := parsePythonInt(text)
		if !ok {
			return in, refuse("version", "", "A valid integer is required.")
		}
		in.version = &version
	}
	if in.body.sent("deleted") {
		deleted, refusal := in.body.boolean("deleted")
		if refusal != nil {
			return in, refusal
		}
		in.deleted = &deleted
	}
	return in, nil
}

// updateGeneralNotebook edits a notebook, soft-deleted ones included: that is
// how one comes back. Content is only taken together with the version that
// its author last read. A version sent without content is just stored, which
// is a trap PostHog has.
func (s *Sandbox) updateGeneralNotebook(q *request) reply {
	store := s.notebookRows()
	old := store.rows[q.arg("notebook")]
	if old == nil {
		return notFound("Not found.")
	}
	in, refusal := q.notebookInput()
	if refusal != nil {
		return *refusal
	}
	n := *old
	if in.version != nil {
		n.version = *in.version
	}
	if in.body.sent("content") {
		if in.version == nil || *in.version != old.version {
			return conflict("Someone else edited the Notebook")
		}
		n.version = old.version + 1
		n.made, n.content = ofContent, nil
		if !in.body.isNull("content") {
			n.content = jsonb(in.body["content"])
		}
	}
	n.change(in)
	if in.touches() {
		n.modifiedAt, n.modifiedBy = s.rowTime(), q.user
	}
	store.rows[n.shortID] = &n
	return ok(n.generalBody())
}

// touches tells whether the body holds any field that can be written.
func (in notebookInput) touches() bool {
	return in.title.sent || in.text.sent || in.body.sent("content") || in.version != nil || in.deleted != nil
}

// change applies the plain fields. A new text leaves the document alone, so
// what was rendered from the old text is kept first.
func (n *notebook) change(in notebookInput) {
	if in.title.sent {
		n.title = in.title.value
	}
	if in.text.sent {
		n.content, n.made = n.document(), ofContent
		n.text = in.text.value
	}
	if in.deleted != nil {
		n.deleted = *in.deleted
	}
}
