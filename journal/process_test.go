package journal_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/journal"
)

// The test binary is also the other processes: with a role in its environment
// it plays that one and ends.
const roleVariable = "JOURNAL_TEST_ROLE"

var roles = map[string]func(args []string) error{"writer": writer}

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		if err := roles[role](os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// play starts another process in a role.
func play(t *testing.T, role string, args ...string) (*exec.Cmd, io.Reader) {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	command := exec.Command(program, args...)
	command.Env = append(os.Environ(), roleVariable+"="+role)
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	return command, output
}

// writer writes to a journal, and says on standard output what has been
// promised to it: PATH COUNT SEED.
func writer(args []string) error {
	count, _ := strconv.Atoi(args[1])
	seed, _ := strconv.ParseUint(args[2], 10, 64)
	random := rand.New(rand.NewPCG(seed, 0))
	j, err := journal.Open(context.Background(), args[0])
	if err != nil {
		return err
	}
	for n := range count {
		entry, err := journal.Entry{}, error(nil)
		if n%2 == 0 {
			// Every writer comes with the same keys in the same order.
			intent := note(fmt.Sprintf("key %d", n), "hello")
			var existing bool
			if entry, existing, err = j.Reserve(context.Background(), intent); err == nil {
				fmt.Println("reserved", entry.ID, n, existing)
			}
			if existing {
				continue
			}
		} else {
			intent := update("a1")
			intent.Before = json.RawMessage(`"` + strings.Repeat("x", random.IntN(9000)) + `"`) // over several pages, too
			if entry, err = j.Begin(context.Background(), intent); err == nil {
				fmt.Println("begun", entry.ID)
			}
		}
		if err != nil {
			return err
		}
		if random.IntN(4) > 0 {
			if err := j.Settle(context.Background(), entry.ID, journal.Applied, json.RawMessage(`{}`), "done"); err != nil {
				return err
			}
			fmt.Println("settled", entry.ID)
		}
	}
	return j.Close()
}

// promises is what writers were told.
type promises struct {
	begun, settled map[string]bool
	keys           map[string]string // key -> entry
	firsts         map[string]int    // key -> how many were told that they came first
}

func newPromises() *promises {
	return &promises{begun: map[string]bool{}, settled: map[string]bool{}, keys: map[string]string{}, firsts: map[string]int{}}
}

// note takes one line of a writer. A line is one write to a pipe, which is
// there whole or not at all.
func (p *promises) note(t *testing.T, line string) {
	switch words := strings.Fields(line); {
	case len(words) == 2 && words[0] == "begun":
		p.begun[words[1]] = true
	case len(words) == 2 && words[0] == "settled":
		p.settled[words[1]] = true
	case len(words) == 4 && words[0] == "reserved":
		p.begun[words[1]] = true
		if earlier := p.keys[words[2]]; earlier != "" {
			require.Equal(t, earlier, words[1], "key %s has one entry", words[2])
		}
		p.keys[words[2]] = words[1]
		if words[3] == "false" {
			p.firsts[words[2]]++
		}
	}
}

// kept holds the journal against all that was promised.
func (p *promises) kept(t *testing.T, path string) int {
	t.Helper()
	j := reopened(t, path)
	defer j.Close()
	entries, more, err := j.List(ctx, journal.Query{Principal: ours, Limit: 1 << 20})
	require.NoError(t, err)
	require.False(t, more)
	found, keys := map[string]journal.Entry{}, map[string]bool{}
	for _, e := range entries {
		require.False(t, e.Tampered)
		found[e.ID] = e
		if e.IdempotencyKey != "" {
			require.False(t, keys[e.IdempotencyKey], "%s is there twice", e.IdempotencyKey)
			keys[e.IdempotencyKey] = true
		}
	}
	for id := range p.begun {
		require.Contains(t, found, id, "it was begun")
	}
	for id := range p.settled {
		require.Equal(t, journal.Applied, found[id].Outcome, "it was settled")
	}
	for key, n := range p.firsts {
		require.LessOrEqual(t, n, 1, "key %s was given out as new more than once", key)
	}
	return len(entries)
}

// Several processes make the journal together and write to it at once; each
// key is given to one of them.
func TestSeveralProcesses(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/state/journal.db"
	const processes, count = 4, 60
	told := make([][]string, processes)
	var group errgroup.Group
	for n := range processes {
		command, output := play(t, "writer", path, strconv.Itoa(count), strconv.Itoa(n))
		group.Go(func() error {
			for lines := bufio.NewScanner(output); lines.Scan(); {
				told[n] = append(told[n], lines.Text())
			}
			return command.Wait()
		})
	}
	require.NoError(t, group.Wait())
	p := newPromises()
	for _, lines := range told {
		for _, line := range lines {
			p.note(t, line)
		}
	}
	require.Len(t, p.keys, count/2)
	for key, n := range p.firsts {
		require.Equal(t, 1, n, "key %s", key)
	}
	require.Len(t, p.firsts, count/2)
	require.Equal(t, count/2+processes*count/2, p.kept(t, path))
}

// Processes that write are killed at random points, again and again over one
// journal. It always opens, and holds all that was promised before.
func TestKilledWhileWriting(t *testing.T) {
	t.Parallel()
	rounds := 30
	if os.Getenv("LONG") != "" {
		rounds = 200
	}
	path := t.TempDir() + "/journal.db"
	random := rand.New(rand.NewPCG(7, 7))
	p := newPromises()
	entries := 0
	for round := range rounds {
		command, output := play(t, "writer", path, "1000000", strconv.Itoa(round))
		lines := bufio.NewScanner(output)
		for last := random.IntN(40); last > 0 && lines.Scan(); last-- {
			p.note(t, lines.Text())
		}
		// Not always right after a line, nor always while one is written.
		time.Sleep(time.Duration(random.IntN(3000)) * time.Microsecond)
		require.NoError(t, command.Process.Kill())
		for lines.Scan() {
			p.note(t, lines.Text()) // said before it died
		}
		require.Error(t, command.Wait(), "it did not end by itself")
		entries = p.kept(t, path)
	}
	t.Logf("%d kills: %d entries, %d begun and %d settled by word, none missing", rounds, entries, len(p.begun), len(p.settled))
	require.Positive(t, len(p.settled))
}

// A process that dies while it makes the journal leaves none, or a whole one.
func TestKilledWhileCreating(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(8, 8))
	for range 12 {
		path := t.TempDir() + "/journal.db"
		command, output := play(t, "writer", path, "3", "0")
		time.Sleep(time.Duration(random.IntN(40)) * time.Millisecond)
		_ = command.Process.Kill() // it may have ended
		p := newPromises()
		for lines := bufio.NewScanner(output); lines.Scan(); {
			p.note(t, lines.Text())
		}
		_ = command.Wait()
		p.kept(t, path)
	}
}
