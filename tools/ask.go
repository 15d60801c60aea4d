package tools

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"posthog-accounts-mcp/internal/elicit"
	"posthog-accounts-mcp/internal/plain"
)

// proposal is what a write that cannot be taken back would do.
type proposal struct {
	shown map[string]any // to the model
	note  string         // what the model should know besides
	lines []string       // the same for a person, in a few words

	undoable bool // it can be taken back
}

// question ends a call that must not go on before a person was asked.
type question struct{ elicit.Question }

// Error is for the logs of whoever calls past the tools of Serve, where
// questions are put.
func (*question) Error() string { return "a person has to be asked first" }

// ask makes the question whether to go ahead with a proposal.
func (a *agreement) ask(p proposal) error {
	lines := append([]string{}, p.lines...)
	end := "cannot be undone"
	if p.undoable {
		end = "can be undone as a whole"
	}
	lines = append(lines, fmt.Sprintf("This is in PostHog project %d and %s.", a.principal.Project, end))
	return &question{elicit.Question{Message: plain.Visible(strings.Join(lines, "\n")), State: a.seal(questions)}}
}

// answered runs a call as often as it takes: once, or once more with the
// answer of the person whom the client was made to ask. A question that the
// client is to put is the call's result. Each run reads anew what it is about,
// so what changed while a person was thinking is noticed.
func answered(ctx context.Context, talk elicit.Talk, run func(context.Context) (any, error)) (any, *question, error) {
	var open *question
	result, err := run(elicit.With(ctx, talk))
	if !errors.As(err, &open) {
		return result, nil, err
	}
	if talk.Way == elicit.ByResult {
		return nil, open, nil
	}
	result, err = run(elicit.With(ctx, open.Put(ctx)))
	return result, nil, err
}

// quoted is text that somebody else wrote in a line that a person reads: on
// one line, short, and with everything visible that would hide or reorder it.
func quoted(text string) string { return fmt.Sprintf("%q", plain.Short(text)) }

// count words a number of things.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// some lists the first few of many texts.
func some(texts []string) string {
	const most = 3
	var shown []string
	for _, text := range texts[:min(len(texts), most)] {
		shown = append(shown, quoted(text))
	}
	if len(texts) > most {
		shown = append(shown, "…")
	}
	return strings.Join(shown, ", ")
}
