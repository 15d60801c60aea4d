package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// The two eras of the protocol: a handshake and then plain requests, or requests that say all by themselves.
const (
	legacy = "2025-11-25"
	modern = "2026-07-28"
)

// object is a JSON object.
type object = map[string]any

// request builds one JSON-RPC request of an era.
func request(era string, id any, method string, params object) object {
	full := object{}
	for key, value := range params {
		full[key] = value
	}
	if era == modern {
		full["_meta"] = object{
			"io.modelcontextprotocol/protocolVersion":    modern,
			"io.modelcontextprotocol/clientInfo":         object{"name": "e2e", "version": "1"},
			"io.modelcontextprotocol/clientCapabilities": object{},
		}
	}
	return object{"jsonrpc": "2.0", "id": id, "method": method, "params": full}
}

// call builds a tool call.
func call(era string, id any, tool string, arguments object) object {
	return request(era, id, "tools/call", object{"name": tool, "arguments": arguments})
}

// hello builds the handshake of the legacy era.
func hello(id any) object {
	return request(legacy, id, "initialize", object{
		"protocolVersion": legacy, "capabilities": object{}, "clientInfo": object{"name": "e2e", "version": "1"},
	})
}

func encode(t testing.TB, message any) []byte {
	t.Helper()
	encoded, err := json.Marshal(message)
	require.NoError(t, err)
	return encoded
}

// send writes one line to the program.
func (p *process) send(message any) {
	p.t.Helper()
	line, ok := message.(string)
	if !ok {
		line = string(encode(p.t, message))
	}
	_, err := io.WriteString(p.in, line+"\n")
	require.NoError(p.t, err)
}

// receive reads the next message of the program.
func (p *process) receive() gjson.Result {
	p.t.Helper()
	type read struct {
		line string
		err  error
	}
	next := make(chan read, 1)
	go func() {
		line, err := p.out.ReadString('\n')
		next <- read{line, err}
	}()
	select {
	case got := <-next:
		require.NoError(p.t, got.err, p.err.String())
		require.True(p.t, gjson.Valid(got.line), "standard output holds something that is no JSON: %q", got.line)
		return gjson.Parse(got.line)
	case <-time.After(patience):
		require.FailNow(p.t, "no answer", p.err.String())
		return gjson.Result{}
	}
}

// ask sends one message and reads the answer to it.
func (p *process) ask(message object) gjson.Result {
	p.t.Helper()
	p.send(message)
	for {
		if answer := p.receive(); answer.Get("id").Exists() {
			return answer
		}
	}
}

// answer is what an HTTP server said.
type answer struct {
	status int
	header http.Header
	body   gjson.Result
}

// post sends one message to an HTTP endpoint, with the headers its era wants and further ones in pairs. The
// header Host is the name the request asks for.
func post(t testing.TB, url string, message object, headers ...string) answer {
	t.Helper()
	got, err := tryPost(url, message, headers...)
	require.NoError(t, err)
	return got
}

func tryPost(url string, message object, headers ...string) (answer, error) {
	encoded, err := json.Marshal(message)
	if err != nil {
		return answer{}, err
	}
	r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(encoded))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	params, _ := message["params"].(object)
	if _, isModern := params["_meta"]; isModern {
		r.Header.Set("Mcp-Protocol-Version", modern)
		r.Header.Set("Mcp-Method", message["method"].(string))
		if name, ok := params["name"].(string); ok {
			r.Header.Set("Mcp-Name", name)
		}
		if uri, ok := params["uri"].(string); ok {
			r.Header.Set("Mcp-Name", uri)
		}
	}
	return do(r, headers...)
}

// do sends a request with further headers, in pairs.
func do(r *http.Request, headers ...string) (answer, error) {
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	response, err := (&http.Client{Timeout: patience}).Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	return answer{response.StatusCode, response.Header, gjson.ParseBytes(body)}, nil
}

// texts are the elements of an array of strings.
func texts(array gjson.Result) []string {
	var list []string
	for _, element := range array.Array() {
		list = append(list, element.String())
	}
	return list
}
