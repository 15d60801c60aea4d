package bench_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// A call is one prepared tools/call. The drivers below send it as bytes and read answers no deeper than
// they must, so that what is measured is the server and not a client library.
type call struct {
	tool, arguments string
	modern          bool // revision 2026-07-28, else the handshake revisions
}

const modernMeta = `,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
	`"io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`

// message is the call as JSON-RPC.
func (c call) message(id int) []byte {
	meta := ""
	if c.modern {
		meta = modernMeta
	}
	return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":%s%s}}`,
		id, c.tool, c.arguments, meta)
}

// httpRequest is a whole HTTP/1.1 request with a JSON body.
func httpRequest(method, path string, body []byte, headers ...string) []byte {
	var request bytes.Buffer
	fmt.Fprintf(&request, "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n", method, path)
	for _, header := range headers {
		request.WriteString(header + "\r\n")
	}
	fmt.Fprintf(&request, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return request.Bytes()
}

func (c call) httpRequest() []byte {
	var headers []string
	if c.modern {
		headers = []string{"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", "Mcp-Name: " + c.tool}
	}
	return httpRequest(http.MethodPost, "/mcp", c.message(firstID), headers...)
}

// firstID makes all ids of a run equally long, and with them all answers.
const firstID = 1_000_000

// measured is what a run of calls gives.
type measured struct {
	times []time.Duration // one per call
	took  time.Duration   // the whole run
	last  []byte          // the last answer
}

// stdioDriver has one client's calls outstanding on one process.
type stdioDriver struct {
	process *process
	next    int // id of the next call
}

// run makes calls with so many outstanding. One goroutine does it all: the requests outstanding fit the
// pipe many times over, so writing never waits for reading.
func (d *stdioDriver) run(t testing.TB, c call, calls, outstanding int) measured {
	t.Helper()
	if d.next == 0 {
		d.next = firstID
	}
	first := d.next
	sent := make([]time.Time, calls)
	send := func() {
		message := append(c.message(d.next), '\n')
		sent[d.next-first] = time.Now()
		d.next++
		_, err := d.process.stdin.Write(message)
		require.NoError(t, err)
	}
	m := measured{times: make([]time.Duration, 0, calls)}
	start := time.Now()
	for range min(outstanding, calls) {
		send()
	}
	for len(m.times) < calls {
		line, err := d.process.stdout.ReadSlice('\n')
		require.NoError(t, err)
		m.times = append(m.times, time.Since(sent[answeredID(t, line)-first]))
		if d.next-first < calls {
			send()
		} else {
			m.last = bytes.Clone(line)
		}
	}
	m.took = time.Since(start)
	return m
}

func answeredID(t testing.TB, line []byte) int {
	id := gjson.GetBytes(line, "id")
	require.True(t, id.Exists(), "%.300s", line)
	return int(id.Int())
}

// httpDriver sends one request over and over, on as many kept connections as there are calls outstanding.
type httpDriver struct {
	address     string
	connections []*connection
}

type connection struct {
	net.Conn
	in *bufio.Reader
}

func (d *httpDriver) run(t testing.TB, request []byte, calls, outstanding int) measured {
	t.Helper()
	for len(d.connections) < outstanding {
		conn, err := net.Dial("tcp", d.address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		d.connections = append(d.connections, &connection{conn, bufio.NewReaderSize(conn, 64<<10)})
	}
	parts := make([]measured, outstanding)
	failures := make([]error, outstanding)
	var running sync.WaitGroup
	start := time.Now()
	for i := range outstanding {
		running.Go(func() { parts[i], failures[i] = d.connections[i].run(request, (calls+i)/outstanding) })
	}
	running.Wait()
	whole := measured{took: time.Since(start)}
	for i, part := range parts {
		require.NoError(t, failures[i])
		whole.times = append(whole.times, part.times...)
		if part.last != nil {
			whole.last = part.last
		}
	}
	return whole
}

func (c *connection) run(request []byte, calls int) (m measured, err error) {
	for range calls {
		begun := time.Now()
		if _, err := c.Write(request); err != nil {
			return m, err
		}
		response, err := http.ReadResponse(c.in, nil)
		if err != nil {
			return m, err
		}
		m.last, err = io.ReadAll(response.Body)
		if err != nil {
			return m, err
		}
		m.times = append(m.times, time.Since(begun))
		if response.StatusCode != http.StatusOK {
			return m, fmt.Errorf("status %s: %.300s", strconv.Itoa(response.StatusCode), m.last)
		}
	}
	return m, nil
}

// payload is what a tool answered, without what the servers put around it.
func payload(t testing.TB, answer []byte) string {
	t.Helper()
	result := gjson.GetBytes(answer, "result")
	require.False(t, result.Get("isError").Bool(), "%.500s", answer)
	structured := result.Get("structuredContent").Raw
	require.NotEmpty(t, structured, "%.500s", answer)
	require.JSONEq(t, structured, result.Get("content.0.text").String())
	return structured
}
