package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is what a test waits for anything that is to happen. It is far beyond what is usual, so that a
// busy machine fails no test; what really took how long is logged.
const patience = 60 * time.Second

// process is a running instance of the program.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	err    *lockedBuffer
	exited chan struct{}
}

// run starts the program. It is killed at the end of the test, if it has not ended by itself, and must not
// have met a data race.
func run(t *testing.T, environment []string, arguments ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(binary, arguments...), err: newLockedBuffer(), exited: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), environment...)
	p.cmd.Stderr = p.err
	in, err := p.cmd.StdinPipe()
	require.NoError(t, err)
	reader, writer, err := os.Pipe() // not StdoutPipe: Wait would close it before all is read
	require.NoError(t, err)
	p.cmd.Stdout = writer
	require.NoError(t, p.cmd.Start())
	require.NoError(t, writer.Close())
	p.in, p.out = in, bufio.NewReaderSize(reader, 1<<20)
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // the code is read from ProcessState
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.exited
		_ = reader.Close()
		require.NotContains(t, p.err.String(), "DATA RACE")
	})
	return p
}

// ended waits for the program to end and returns its exit code.
func (p *process) ended() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		require.FailNow(p.t, "the program did not end", p.err.String())
	}
	return p.cmd.ProcessState.ExitCode()
}

// stops sends SIGTERM and checks that the program ends well and soon.
func (p *process) stops() {
	p.t.Helper()
	const limit = 5 * time.Second // under a second is usual
	begin := time.Now()
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	code := p.ended()
	took := time.Since(begin)
	p.t.Logf("ended %s after SIGTERM", took.Round(time.Millisecond))
	require.Zero(p.t, code, p.err.String())
	require.Less(p.t, took, limit)
}

// address matches the line that says where an HTTP server listens.
var address = regexp.MustCompile(`(?:url=|at )(http://[^\s/]+)`)

// origin waits until the program says where it listens: http://host:port.
func (p *process) origin() string {
	p.t.Helper()
	found := p.err.wait(p.exited, address)
	require.Len(p.t, found, 2, "the program did not say where it listens: %s", p.err.String())
	return found[1]
}

// serve runs the program as an HTTP server on a free port and returns http://host:port.
func serve(t *testing.T, environment []string, arguments ...string) (*process, string) {
	t.Helper()
	p := run(t, environment, append([]string{"--http", "127.0.0.1:0"}, arguments...)...)
	return p, p.origin()
}

// lookalike runs PostHog's look-alike and returns the settings that make the program use it.
func lookalike(t *testing.T, arguments ...string) (origin string, environment []string) {
	t.Helper()
	origin = run(t, nil, append([]string{"sandbox", "--listen", "127.0.0.1:0"}, arguments...)...).origin()
	return origin, []string{"POSTHOG_HOST=" + origin, "POSTHOG_API_KEY=phx_sandbox"}
}

// finish runs the program to its end with the given input and returns what it wrote.
func finish(t *testing.T, environment []string, input string, arguments ...string) (out, errors string, code int) {
	t.Helper()
	p := run(t, environment, arguments...)
	wrote := make(chan error, 1)
	go func() {
		_, err := io.WriteString(p.in, input)
		wrote <- ignoreBrokenPipe(err)
		_ = p.in.Close()
	}()
	all, err := io.ReadAll(p.out)
	require.NoError(t, err)
	require.NoError(t, <-wrote)
	code = p.ended()
	return string(all), p.err.String(), code
}

// ignoreBrokenPipe forgives a program that ended before it read all of its input.
func ignoreBrokenPipe(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

// lockedBuffer collects what a process writes while a test reads it.
type lockedBuffer struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func newLockedBuffer() *lockedBuffer { return &lockedBuffer{changed: make(chan struct{}, 1)} }

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.changed <- struct{}{}:
	default:
	}
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// wait returns the first match, or nil if there is none before the process ends or patience does.
func (b *lockedBuffer) wait(ended <-chan struct{}, pattern *regexp.Regexp) []string {
	deadline := time.After(patience)
	for {
		if found := pattern.FindStringSubmatch(b.String()); found != nil {
			return found
		}
		select {
		case <-b.changed:
		case <-ended:
			return pattern.FindStringSubmatch(b.String())
		case <-deadline:
			return nil
		}
	}
}

// lines splits text into its lines.
func lines(text string) []string {
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}
