package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/internal/identity"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/sandbox"
	"posthog-accounts-mcp/tools"
)

// The test binary is also the other servers: with this in its environment it
// carries out a plan and ends.
const applierVariable = "TOOLS_TEST_APPLIER"

func TestMain(m *testing.M) {
	if arguments := os.Getenv(applierVariable); arguments != "" {
		if err := applier([]byte(arguments)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// application is what another process is to do.
type application struct {
	Origin, Journal    string
	Plan, Confirmation string
	Lease              time.Duration // that of the tool unless given
}

// applier carries out a plan and prints the answer.
func applier(arguments []byte) error {
	var a application
	if err := json.Unmarshal(arguments, &a); err != nil {
		return err
	}
	api, err := client.New(a.Origin)
	if err != nil {
		return err
	}
	key, err := client.NewKey(sandbox.DefaultKey)
	if err != nil {
		return err
	}
	ledger := tools.NewLedger(func(ctx context.Context) (*journal.Journal, error) { return journal.Open(ctx, a.Journal) })
	desk := tools.NewDesk(api, sandbox.ProjectID, tools.WithJournal(ledger))
	if a.Lease != 0 {
		desk.SetLease(a.Lease)
	}
	ctx := identity.With(context.Background(), identity.FromEnvironment(key))
	answer, err := desk.Ask(ctx, "apply_plan", map[string]any{"plan": a.Plan, "confirmation": a.Confirmation})
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(answer)
	return err
}

func (a application) start(t testing.TB) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	encoded, err := json.Marshal(a)
	require.NoError(t, err)
	command, output := exec.Command(program), &strings.Builder{}
	command.Env = append(os.Environ(), applierVariable+"="+string(encoded))
	command.Stdout, command.Stderr = output, os.Stderr
	require.NoError(t, command.Start())
	return command, output
}

// door is what stands before the sandbox: it counts the writes that took
// effect, and does something at one of them.
type door struct {
	mu     sync.Mutex
	passed map[string]int // writes that took effect, by method and path
	count  int            // of writes that came
	at     int            // which of them is struck; 0 for none
	strike func()
	before bool // it is struck before its effect, and has none

	inside sync.WaitGroup
}

func (d *door) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isWriteRequest(r) {
			next.ServeHTTP(w, r)
			return
		}
		d.inside.Add(1)
		defer d.inside.Done()
		d.mu.Lock()
		d.count++
		struck := d.at != 0 && d.count == d.at
		d.mu.Unlock()
		if struck && d.before {
			d.strike()
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
		d.mu.Lock()
		d.passed[r.Method+" "+r.URL.Path]++
		d.mu.Unlock()
		if struck {
			d.strike()
		}
	})
}

// set has the next write of that number struck, counting from here.
func (d *door) set(at int, before bool, strike func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.passed, d.count, d.at, d.before, d.strike = map[string]int{}, 0, at, before, strike
}

// requireHandedOver holds PostHog against a plan that was carried out: each row
// is as planned, and each of its writes took effect once.
func (h *house) requireHandedOver(d *door, rows []string) {
	h.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for what, times := range d.passed {
		require.Equal(h, 1, times, "%s took effect more than once", what)
	}
	written := map[string]int{}
	for _, account := range h.notesTitled("Handover of *") {
		written[account]++
	}
	for _, row := range rows {
		require.Equal(h, 1, written[row], "notes of %s", row)
		account := h.account(row)
		require.Equal(h, "linus@example.com", account["properties"].(object)["csm"].(object)["email"])
		require.Contains(h, account["tags"], "handed-over")
	}
	require.Len(h, written, len(rows))
}

// A server that carries out a handover is killed at a random point. Whoever
// carries the plan out next finishes it: every row once, every note once.
func TestKilledWhileApplying(t *testing.T) {
	t.Parallel()
	points := rounds(3, 200)
	random := rand.New(rand.NewPCG(3, 8))
	var rows, killed, begun atomic.Int64
	t.Run("points", func(t *testing.T) {
		for point := range points {
			at, before, later := random.IntN(60), random.IntN(3) == 0, time.Duration(random.IntN(2)*random.IntN(4000))*time.Microsecond
			t.Run(fmt.Sprint(point), func(t *testing.T) {
				if point > 0 { // the first one also takes it back
					t.Parallel()
				}
				path, d := file(t), &door{passed: map[string]int{}}
				h := open(t, setup{journal: path, wrap: d.wrap, client: []client.Option{client.WithTimeouts(client.Timeouts{Settle: 200 * time.Millisecond})}})
				plan, apply := h.planned(handover())
				accounts := plan.strings("rows.#.account")
				if h.killApplying(d, path, apply, 1+at, before, later) {
					killed.Add(1)
				}
				begun.Add(int64(len(d.passed)))
				answer := h.must("apply_plan", apply)
				require.EqualValues(t, len(accounts), answer.get("applied").Int(), answer.text)
				h.requireHandedOver(d, accounts)
				rows.Add(int64(len(accounts)))
				h.requireSoundJournal(path)
				if point == 0 {
					require.Equal(t, "applied", h.must("undo_write", object{"write": apply["plan"]}).str("outcome"))
					require.Empty(t, h.notesTitled("Handover of *"))
				}
			})
		}
	})
	t.Logf("%d kills, after %d writes in all: %d rows resumed, each of their writes once", killed.Load(), begun.Load(), rows.Load())
	require.EqualValues(t, points, killed.Load(), "each was killed before it was through")
}

// The same for an import that creates: no account twice, although they have no
// external id, and each with all that its row gives it.
func TestKilledWhileImporting(t *testing.T) {
	t.Parallel()
	points := rounds(2, 24)
	random := rand.New(rand.NewPCG(5, 8))
	for point := range points {
		at, before := 1+random.IntN(12), random.IntN(2) == 0
		t.Run(fmt.Sprint(point), func(t *testing.T) {
			t.Parallel()
			path, d := file(t), &door{passed: map[string]int{}}
			h := open(t, setup{journal: path, wrap: d.wrap, client: []client.Option{client.WithTimeouts(client.Timeouts{Settle: 200 * time.Millisecond})}})
			var rows []object
			for n := range 4 {
				rows = append(rows, object{"name": fmt.Sprint("Killed import ", n), "csm": "me", "custom_properties": object{"Health score": n + 1}, "note": "# Welcome {{name}}"})
			}
			_, apply := h.planned(object{"rows": rows})
			require.True(t, h.killApplying(d, path, apply, at, before, 0))
			answer := h.must("apply_plan", apply)
			require.EqualValues(t, 4, answer.get("applied").Int(), answer.text)
			made := h.raw("GET", api+"accounts?search=Killed+import&limit=200", nil).Get("results").Array()
			require.Len(t, made, 4)
			require.Len(t, h.notesTitled("Welcome Killed import *"), 4)
			for _, row := range rows {
				account := h.must("get_account", object{"account": row["name"], "include": []string{"custom_properties"}})
				require.Equal(t, "ada@example.com", account.str("account.csm"))
				require.EqualValues(t, row["custom_properties"].(object)["Health score"], account.get("custom_properties.Health score").Int())
			}
		})
	}
}

// killApplying has another process carry out a plan and kills it at one of its
// writes, or a moment later, wherever it is then. What had reached PostHog by
// then is done, or never will be.
func (h *house) killApplying(d *door, path string, apply object, at int, before bool, later time.Duration) (killed bool) {
	h.Helper()
	var child *exec.Cmd
	started := make(chan struct{})
	d.set(at, before, func() {
		<-started
		kill := func() { _ = child.Process.Kill() } // at most it has ended
		if later == 0 {
			kill()
			return
		}
		time.AfterFunc(later, kill)
	})
	child, _ = application{
		Origin: h.origin, Journal: path, Plan: apply["plan"].(string), Confirmation: apply["confirmation"].(string), Lease: 100 * time.Millisecond,
	}.start(h)
	close(started)
	killed = child.Wait() != nil
	d.inside.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = 0
	return killed
}

// requireSoundJournal opens a journal as the next server would.
func (h *house) requireSoundJournal(path string) {
	h.Helper()
	book, err := journal.Open(context.Background(), path)
	require.NoError(h, err)
	defer func() { require.NoError(h, book.Close()) }()
	key, err := client.NewKey(sandbox.DefaultKey)
	require.NoError(h, err)
	entries, _, err := book.List(context.Background(), journal.Query{Principal: journal.Principal{Key: key.Fingerprint(), Project: 1}, Limit: 500})
	require.NoError(h, err)
	for _, entry := range entries {
		require.False(h, entry.Tampered)
	}
}

// Two servers carry out the same plan at the same time: every write is made by
// one of them, and both answer for the whole.
func TestTwoServersApplyAPlan(t *testing.T) {
	t.Parallel()
	path, d := file(t), &door{passed: map[string]int{}}
	h := open(t, setup{journal: path, wrap: d.wrap})
	plan, _ := h.planned(handover())
	rows := plan.strings("rows.#.account")
	var group errgroup.Group
	answers := make([]*strings.Builder, 2)
	for i := range answers {
		var child *exec.Cmd
		child, answers[i] = application{Origin: h.origin, Journal: path, Plan: plan.str("plan"), Confirmation: plan.str("confirmation")}.start(t)
		group.Go(child.Wait)
	}
	require.NoError(t, group.Wait())
	h.requireHandedOver(d, rows)
	for _, answer := range answers {
		require.EqualValues(t, len(rows), result{text: answer.String()}.get("applied").Int(), answer.String())
	}
}
