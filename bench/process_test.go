package bench_test

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// scratch holds the built programs and the floor's answers for as long as the test process runs.
var scratch string

// TestMain also plays the servers that have no program of their own: started again with roleVariable set,
// the test binary is such a server and runs no test.
func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) == roleCanned {
		os.Exit(serveCanned(os.Args[1:]))
	}
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "bench")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		scratch = dir
		return m.Run()
	}())
}

// product and floor build the two programs, stripped as a release is, once.
var (
	product = builder("product", "posthog-accounts-mcp")
	floor   = builder("floor", "posthog-accounts-mcp/bench/floor")
)

func builder(name, pkg string) func(testing.TB) string {
	build := sync.OnceValues(func() (string, error) {
		path := filepath.Join(scratch, name)
		build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, pkg)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		output, err := build.CombinedOutput()
		return path + string(output), err
	})
	return func(t testing.TB) string {
		t.Helper()
		path, err := build()
		require.NoError(t, err, path)
		return path
	}
}

// process is a running server.
type process struct {
	cmd    *exec.Cmd
	begun  time.Time // just before it was started
	stdin  io.WriteCloser
	stdout *bufio.Reader
	listen chan string // the address that a HTTP server says it listens on
}

// spawn starts a program for the length of the test, with nothing of this process's environment that could
// configure it.
func spawn(t testing.TB, env []string, path string, arguments ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(path, arguments...), listen: make(chan string, 1)}
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + scratch}, env...)
	var err error
	p.stdin, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	stderr, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	p.stdout = bufio.NewReaderSize(stdout, 1<<20)
	p.begun = time.Now()
	require.NoError(t, p.cmd.Start())
	go p.watch(stderr)
	t.Cleanup(p.stop)
	return p
}

var listening = regexp.MustCompile(`http://([^/\s"]+)`)

// watch reads standard error to its end, because a full pipe would stop the process, and picks the address
// out of it. All of our servers tell theirs in the first line.
func (p *process) watch(stderr io.Reader) {
	defer close(p.listen)
	lines := bufio.NewScanner(stderr)
	for first := true; lines.Scan(); first = false {
		if found := listening.FindStringSubmatch(lines.Text()); first && found != nil {
			p.listen <- found[1]
		}
	}
}

// address waits until a HTTP server says where it listens.
func (p *process) address(t testing.TB) string {
	t.Helper()
	address := <-p.listen
	require.NotEmpty(t, address, "%s ended without listening", p.cmd)
	return address
}

// stop ends the process; it may be called twice.
func (p *process) stop() {
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // its error is the kill
}

// needsProc skips what reads a process's memory and time where there is no /proc to read them from.
func needsProc(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("memory and processor time are read from /proc, which only Linux has")
	}
}

// resident is the memory the process holds, in megabytes (10^6 bytes).
func (p *process) resident(t testing.TB) float64 { return p.memory(t, "VmRSS:") }

// own is the part of resident that no other process and no file shares: what the program allocated.
func (p *process) own(t testing.TB) float64 { return p.memory(t, "RssAnon:") }

func (p *process) memory(t testing.TB, field string) float64 {
	t.Helper()
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(status), field)
	require.True(t, found, "%s", status)
	kibibytes, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	return float64(kibibytes) * 1024 / 1e6
}

// clockTick is the unit of times in /proc, the same on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// cpu is the processor time the process has used so far.
func (p *process) cpu(t testing.TB) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "stat"))
	require.NoError(t, err)
	// The second field is the program's name and may hold anything, so count from behind it.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const user, system = 11, 12
	used := time.Duration(0)
	for _, field := range []int{user, system} {
		ticks, err := strconv.Atoi(fields[field])
		require.NoError(t, err)
		used += time.Duration(ticks) * clockTick
	}
	return used
}
