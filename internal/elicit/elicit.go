// Package elicit asks the person behind a tool call a yes-or-no question, with a form that the client shows.
//
// MCP has two ways to ask. From 2026-07-28 on the call's result is the question, and the client calls again
// with the answer; that works on every transport. Before, the server sends the client a request in the middle
// of the call; that needs a connection on which the client is known to answer, which only stdio is here.
package elicit

import (
	"context"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// Way is how the person behind one call can be asked.
type Way int

// The ways.
const (
	Unreachable Way = iota // not at all
	ByResult               // the result asks, and the call is repeated with the answer
	ByRequest              // a request to the client asks, while the call waits
)

// Answer is what came of a question.
type Answer int

// The answers.
const (
	None      Answer = iota // nobody was asked yet, or the answer cannot be read
	Yes                     // go ahead
	Declined                // the person said no
	Cancelled               // the person closed the form without an answer
	Failed                  // the client could not ask, and said so
	Silent                  // nobody answered in time, or not in a way that can be read
)

// Question is what a person is asked. State comes back with the answer; it goes through the client's hands,
// so whoever reads it there must be able to trust nothing but a seal.
type Question struct{ Message, State string }

// Talk is where a call stands with the person behind it.
type Talk struct {
	Way    Way
	State  string // of the question that Answer is to
	Answer Answer
}

// Answered tells whether a person answered, whatever it was.
func (t Talk) Answered() bool {
	return t.Answer == Yes || t.Answer == Declined || t.Answer == Cancelled
}

// CannotAsk is the action of an answer that stands for a client's error: it declares forms and has none.
const CannotAsk mcp.ElicitationResponseAction = "error"

// Names on the wire: of the question within a result, and of the form's only field.
const (
	questionID = "confirmation"
	field      = "go_ahead"
)

// Open tells how the person behind a call can be asked, and what they answered to an earlier result. Answers
// count only from a client that could have been asked: any other has nobody to have them from.
func Open(ctx context.Context, request mcp.CallToolRequest) Talk {
	if mcpserver.IsModernRequest(ctx) {
		declared := mcpserver.RequestProtocolInfoFromContext(ctx).ClientCapabilities
		if declared == nil || !showsForms(declared.Elicitation) {
			return Talk{}
		}
		given := request.Params.MultiRoundTripParams
		return Talk{
			Way: ByResult, State: given.RequestState,
			Answer: read(mcpserver.ElicitationResponse(given.InputResponses, questionID)),
		}
	}
	if _, connected := lineFrom(ctx); !connected {
		return Talk{}
	}
	session, known := mcpserver.ClientSessionFromContext(ctx).(mcpserver.SessionWithClientInfo)
	if !known || !showsForms(session.GetClientCapabilities().Elicitation) {
		return Talk{}
	}
	return Talk{Way: ByRequest}
}

// showsForms reads a declared capability. One that names no mode means forms: there was no other at first.
func showsForms(declared *mcp.ElicitationCapability) bool {
	return declared != nil && (declared.Form != nil || declared.URL == nil)
}

// read takes nothing but a plain yes for one.
func read(result *mcp.ElicitationResult) Answer {
	if result == nil {
		return None
	}
	switch result.Action {
	case mcp.ElicitationResponseActionDecline:
		return Declined
	case mcp.ElicitationResponseActionCancel:
		return Cancelled
	case mcp.ElicitationResponseActionAccept:
		if content, ok := result.Content.(map[string]any); ok && content[field] == true {
			return Yes
		}
		return Declined
	}
	return None
}

// Result is the question as the result of a call, for ByResult.
func (q Question) Result() *mcp.CallToolResult {
	return mcpserver.NewInputRequestBuilder(q.State).Elicit(questionID, q.form()).ToolResult()
}

// Put asks the client and waits for the answer, for ByRequest. It gives up when the line's patience ends, when
// the client hangs up, and when the call ends; nobody has said yes then.
func (q Question) Put(ctx context.Context) Talk {
	put := Talk{Way: ByRequest, State: q.State, Answer: Silent}
	line, connected := lineFrom(ctx)
	server := mcpserver.ServerFromContext(ctx)
	if !connected || server == nil {
		put.Answer = Failed
		return put
	}
	ctx, cancel := context.WithTimeout(ctx, line.Patience)
	defer cancel()
	go func() {
		select {
		case <-line.HungUp:
			cancel()
		case <-ctx.Done():
		}
	}()
	result, err := server.RequestElicitation(ctx, mcp.ElicitationRequest{Params: q.form()})
	switch {
	case ctx.Err() != nil:
		return put
	case err != nil || result.Action == CannotAsk:
		put.Answer = Failed
		return put
	}
	if answer := read(result); answer != None {
		put.Answer = answer
	}
	return put
}

func (q Question) form() mcp.ElicitationParams {
	return mcp.ElicitationParams{
		Mode: mcp.ElicitationModeForm, Message: q.Message,
		RequestedSchema: map[string]any{
			"type": "object",
			"properties": map[string]any{field: map[string]any{
				"type": "boolean", "title": "Go ahead", "default": false,
				"description": "Yes does it, for good. Anything else does nothing.",
			}},
			"required": []string{field},
		},
	}
}

type lineKey struct{}

// Line is a connection over which the client can be asked in the middle of a call.
type Line struct {
	Patience time.Duration   // how long to wait for an answer
	HungUp   <-chan struct{} // closed when nothing more will come from the client; nil for never
}

// WithLine returns a context whose calls come over such a connection.
func WithLine(ctx context.Context, line Line) context.Context {
	return context.WithValue(ctx, lineKey{}, line)
}

func lineFrom(ctx context.Context) (Line, bool) {
	line, ok := ctx.Value(lineKey{}).(Line)
	return line, ok
}

type talkKey struct{}

// With returns a context that carries a talk to the code that may need an answer.
func With(ctx context.Context, talk Talk) context.Context {
	return context.WithValue(ctx, talkKey{}, talk)
}

// From returns the talk of ctx. Without one nobody can be asked.
func From(ctx context.Context) Talk {
	talk, _ := ctx.Value(talkKey{}).(Talk)
	return talk
}
