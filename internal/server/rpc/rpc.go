// Package rpc looks at a JSON-RPC message before mcp-go does: what kind it is, which request it belongs
// to, and whether mcp-go would garble it.
//
// It reads the envelope with encoding/json into the same shape mcp-go uses, so both agree on every oddity
// (names matched without case, the last of two equal names wins). A message that looks like one thing here
// and another there would be a way around the checks.
package rpc

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/tidwall/gjson"
)

// Kind is what a message is for.
type Kind int

// The kinds of message.
const (
	Request      Kind = iota // has a method and an id, and is owed an answer
	Notification             // has a method and no id
	Response                 // answers a request that this server sent
)

// Message is the envelope of one JSON-RPC message.
type Message struct {
	Kind   Kind
	Method string
	// ID is the id as the client spelled it; empty on notifications.
	ID json.RawMessage
	// Cancels is the id of the request that a notifications/cancelled is about.
	Cancels json.RawMessage
}

// maxExactInteger bounds the ids that survive the float64 mcp-go decodes them into.
const maxExactInteger = 1 << 53

// Parse reads the envelope of one message. The error, always an *Error, answers the message.
func Parse(data []byte) (Message, error) {
	if !utf8.Valid(data) {
		return Message{}, refuse(data, mcp.PARSE_ERROR, "the message is not valid UTF-8")
	}
	var envelope struct {
		JSONRPC string          `json:"jsonrpc"`
		Method  string          `json:"method"`
		ID      json.RawMessage `json:"id"`
		Result  json.RawMessage `json:"result"`
		Error   json.RawMessage `json:"error"`
		Params  json.RawMessage `json:"params"`
	}
	if err := json.Unmarshal(data, &envelope); err != nil {
		return Message{}, refuseUndecodable(data)
	}
	message := Message{Method: envelope.Method, ID: envelope.ID}
	switch {
	case envelope.Method == "" && len(envelope.Result) == 0 && len(envelope.Error) == 0:
		return Message{}, refuse(data, mcp.INVALID_REQUEST, "a message needs a method, a result or an error")
	case envelope.Method == "":
		message.Kind = Response
		return message, nil
	case present(envelope.Result) || present(envelope.Error):
		return Message{}, refuse(data, mcp.INVALID_REQUEST, "a message with a method must not have a result or an error")
	case len(envelope.ID) == 0:
		message.Kind = Notification
		if envelope.Method == string(mcp.MethodNotificationCancelled) {
			message.Cancels = cancelledID(envelope.Params)
		}
		return message, nil
	}
	return message, checkID(envelope.ID)
}

func present(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// refuseUndecodable tells broken JSON from JSON that is not a message.
func refuseUndecodable(data []byte) error {
	switch trimmed := bytes.TrimSpace(data); {
	case !json.Valid(data):
		return refuse(data, mcp.PARSE_ERROR, "the message is not valid JSON")
	case trimmed[0] == '[':
		return refuse(nil, mcp.INVALID_REQUEST, "batches are not supported: send each message on its own")
	}
	return refuse(data, mcp.INVALID_REQUEST, "the message is not a JSON-RPC object with a text method")
}

// checkID refuses ids that mcp-go would answer under another name, which leaves the client waiting.
func checkID(id json.RawMessage) error {
	var value any
	if err := json.Unmarshal(id, &value); err == nil {
		switch value := value.(type) {
		case string:
			return nil
		case float64:
			if value != math.Trunc(value) {
				break
			}
			if math.Abs(value) >= maxExactInteger {
				return &Error{ID: id, Code: mcp.INVALID_REQUEST,
					Text: "the id is beyond the integers JSON numbers hold exactly (2^53): use a smaller one or a string"}
			}
			return nil
		}
	}
	return &Error{Code: mcp.INVALID_REQUEST, Text: "the id must be a string or an integer"}
}

func cancelledID(params json.RawMessage) json.RawMessage {
	var body struct {
		RequestID json.RawMessage `json:"requestId"`
	}
	if json.Unmarshal(params, &body) != nil {
		return nil
	}
	return body.RequestID
}

// Key returns a form of the id under which its question and its answer meet, although mcp-go may spell
// the number differently. An absent, null or unusable id has the empty key.
func Key(id json.RawMessage) string {
	var value any
	if len(id) == 0 || json.Unmarshal(id, &value) != nil {
		return ""
	}
	return KeyOf(value)
}

// KeyOf is Key for an id that is already decoded, as mcp-go hands it to hooks.
func KeyOf(id any) string {
	switch value := id.(type) {
	case string:
		return "s" + value
	case float64:
		return "n" + strconv.FormatFloat(value, 'g', -1, 64)
	case int64:
		return "n" + strconv.FormatFloat(float64(value), 'g', -1, 64)
	}
	return ""
}

// Error is the refusal of a message, in the words its sender gets.
type Error struct {
	Code int
	Text string
	// ID is the refused request's id where it could be made out, so that its sender stops waiting.
	ID json.RawMessage
}

// Error returns the text for the sender.
func (e *Error) Error() string { return e.Text }

// Response encodes the JSON-RPC answer that carries the refusal.
func (e *Error) Response() []byte { return ErrorResponse(e.ID, e.Code, e.Text, nil) }

// ErrorResponse encodes a JSON-RPC error; an empty id becomes null, empty data is left out.
func ErrorResponse(id json.RawMessage, code int, text string, data map[string]any) []byte {
	if len(id) == 0 {
		id = json.RawMessage("null")
	}
	answer := struct {
		JSONRPC string                  `json:"jsonrpc"`
		ID      json.RawMessage         `json:"id"`
		Error   mcp.JSONRPCErrorDetails `json:"error"`
	}{JSONRPC: mcp.JSONRPC_VERSION, ID: id, Error: mcp.JSONRPCErrorDetails{Code: code, Message: text}}
	if len(data) > 0 {
		answer.Error.Data = data
	}
	encoded, err := json.Marshal(answer)
	if err != nil { // an id or data that is no JSON; the code and the text always encode
		return ErrorResponse(nil, code, text, nil)
	}
	return encoded
}

func refuse(data []byte, code int, text string) *Error {
	return &Error{Code: code, Text: text, ID: GuessID(data)}
}

// GuessID finds the id in a message that is damaged, or of which only the beginning is at hand. It gives
// nothing rather than something that is no valid id.
func GuessID(data []byte) json.RawMessage {
	if trimmed := bytes.TrimSpace(data); len(trimmed) == 0 || trimmed[0] != '{' {
		return nil
	}
	id := gjson.GetBytes(data, "id")
	if id.Type != gjson.String && id.Type != gjson.Number {
		return nil
	}
	raw := json.RawMessage(id.Raw)
	if !utf8.Valid(raw) || !json.Valid(raw) || checkID(raw) != nil {
		return nil
	}
	return raw
}
