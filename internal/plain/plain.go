// Package plain is where failures become the sentences that a model or a
// person reads: what failed, why, and what to do next.
package plain

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/opaque"
	"posthog-accounts-mcp/internal/schema"
)

// Refusal is a failure whose text is meant for the caller as it stands.
type Refusal struct {
	Text string
	// Absent tells that what was asked for does not exist: PostHog said so.
	Absent bool
}

// Error returns the text.
func (r *Refusal) Error() string { return r.Text }

// Refuse makes a Refusal.
func Refuse(format string, args ...any) error {
	return &Refusal{Text: fmt.Sprintf(format, args...)}
}

// Absent refuses a reference to something that does not exist.
func Absent(format string, args ...any) error {
	return &Refusal{Text: fmt.Sprintf(format, args...), Absent: true}
}

// IsAbsent tells whether a failure says that something does not exist, as
// opposed to everything that says nothing about it.
func IsAbsent(err error) bool {
	var refusal *Refusal
	return errors.As(err, &refusal) && refusal.Absent || client.KindOf(err) == client.NotFound
}

// IsNoProject tells whether a failure says that the key reaches no such
// project.
func IsNoProject(err error) bool { return client.KindOf(err) == client.ProjectNotFound }

// Candidate is one thing that an ambiguous reference may mean.
type Candidate struct{ ID, Name, Detail string }

// Ambiguous refuses a reference that fits several things, naming them.
func Ambiguous(kind, reference string, candidates []Candidate) error {
	const most = 10
	var b strings.Builder
	fmt.Fprintf(&b, "%q fits %d %ss. Repeat the call with the id of the one you mean:", Short(reference), len(candidates), kind)
	for i, c := range candidates {
		if i == most {
			fmt.Fprintf(&b, "\n- and %d more; a more exact reference narrows it down", len(candidates)-most)
			break
		}
		fmt.Fprintf(&b, "\n- %s: %q", c.ID, Short(c.Name))
		if c.Detail != "" {
			b.WriteString(" (" + c.Detail + ")")
		}
	}
	return &Refusal{Text: b.String()}
}

// Short caps text that somebody else wrote, on one line, for use in a sentence.
func Short(text string) string {
	const most = 80
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// Explain words any failure of a tool, a resource or a prompt. Failures that
// are nobody's business but ours become one general sentence; the log has
// them.
func Explain(err error) string { return Visible(explain(err)) }

func explain(err error) string {
	var refusal *Refusal
	var problems *schema.Problems
	var failure *client.Error
	switch {
	case errors.As(err, &refusal):
		return refusal.Text
	case errors.As(err, &problems):
		return arguments(problems)
	case errors.As(err, &failure):
		return sentence(failure) + next(failure)
	case errors.Is(err, opaque.ErrCursor):
		return capital(err.Error()) + "."
	case errors.Is(err, context.Canceled):
		return "The call was cancelled before it finished."
	case errors.Is(err, context.DeadlineExceeded):
		return "The call took too long and was given up. Nothing can be said about what was not read."
	}
	return "This server failed at something unexpected; its log says what. Trying once more may help, and nothing should be concluded from this answer."
}

func arguments(p *schema.Problems) string {
	if len(p.List) == 1 {
		text := "Not done, because of an argument: " + p.List[0]
		if strings.HasSuffix(text, "?") { // did you mean ...?
			return text
		}
		return text + "."
	}
	return fmt.Sprintf("Not done, because of %d problems with the arguments:\n- %s", len(p.List), strings.Join(p.List, "\n- "))
}

func sentence(e *client.Error) string {
	switch e.Kind {
	case client.RateLimited, client.MissingScope, client.ProjectNotFound: // PostHog's text says the same once more
		bare := *e
		bare.Detail, bare.RetryAfter = "", 0
		e = &bare
	}
	return strings.TrimRight(capital(e.Error()), ".") + "."
}

// next is what the reader can do about a failure.
func next(e *client.Error) string {
	switch e.Kind {
	case client.NoKey:
		return " Set POSTHOG_API_KEY to a personal API key (PostHog: Settings, Personal API keys), over HTTP send it as the header X-PostHog-API-Key, or run the server with --sandbox to try it without a key."
	case client.Unauthorized:
		return " Check that the key was not revoked and that POSTHOG_HOST is the region it was made in (us or eu): keys exist in one region only."
	case client.MissingScope:
		return " The owner of the key can add the scope under Settings, Personal API keys; whoami lists what this key may do."
	case client.NoKeyAccess:
		return " No scope changes that; use another tool, or the PostHog app."
	case client.Forbidden:
		return " The key's owner needs more rights in PostHog, or the key is limited to other projects; whoami tells."
	case client.ProjectNotFound:
		return " whoami lists the projects this key can reach."
	case client.RateLimited:
		if e.RetryAfter > 0 {
			return fmt.Sprintf(" Wait %d seconds before the next call.", int(math.Ceil(e.RetryAfter.Seconds())))
		}
		return " Wait a minute before the next call."
	case client.Conflict:
		return " Read it again and repeat the change if it is still wanted."
	}
	return outage(e)
}

// outage words the failures that say nothing about PostHog's data.
func outage(e *client.Error) string {
	switch e.Kind {
	case client.Unavailable, client.TimedOut, client.Unreachable, client.BadResponse, client.TooLarge:
		if e.Sent {
			return " Look whether the change is there before you repeat it."
		}
		return " This says nothing about what exists: do not report it as not found. Try again later."
	}
	return ""
}

func capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
