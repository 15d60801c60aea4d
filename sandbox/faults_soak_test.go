package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"posthog-accounts-mcp/sandbox"
)

// What a caller knows of a write once it has, or has not, been answered.
type outcome int

const (
	applied outcome = iota
	refused         // it did not happen and will not
	unclear         // it happened or it did not
	late            // the caller gave up: it may still happen
)

// soakAccount is what a worker knows of an account that it tried to create.
type soakAccount struct {
	id       string // empty unless the answer came
	names    []string
	lateName []string // may still come into effect after every other
	mustBe   bool     // it was created and nothing was tried that removes it
	mayBe    bool
}

// soakWorker is one client: its own accounts and its own person, so that it
// knows what they may be like.
type soakWorker struct {
	*door
	name     string
	luck     *rand.Rand
	accounts map[string]*soakAccount // by external id
	keys     map[string]outcome      // of the person's properties, each written once
	ids      []string                // distinct ids that it used
	serial   int
	wrong    []string
}

const (
	soakWorkers  = 16
	soakRequests = 64 // each
)

// Whatever fails around it, and however many clients meet it at once, the
// sandbox's own data stays right: all that was answered happened, nothing that
// was refused did, and every answer that looks right is.
func TestFaultSoak(t *testing.T) {
	t.Parallel()
	var ticks atomic.Int64 // the clock moves on whenever somebody looks at it
	s := sandbox.New(sandbox.Options{Empty: true, Seed: 3, Lag: 20, Now: func() time.Time { return time.Unix(1_770_000_000, ticks.Add(1)) }})
	s.SetFaults(soakFaults()...)
	server := httptest.NewServer(s)
	transport := &http.Transport{MaxIdleConnsPerHost: soakWorkers}
	workers := make([]*soakWorker, soakWorkers)
	var wg sync.WaitGroup
	for i := range workers {
		workers[i] = &soakWorker{
			door: &door{s, transport, server.URL}, name: fmt.Sprintf("worker%d", i), luck: rand.New(rand.NewPCG(3, uint64(i))),
			accounts: map[string]*soakAccount{}, keys: map[string]outcome{},
		}
		wg.Go(func() {
			for range soakRequests {
				workers[i].step(t.Context())
			}
		})
	}
	wg.Wait()
	server.Close() // waits for what outlasts its caller
	struck := s.InjectedFaults()
	s.SetFaults()
	for len(s.PendingJobs()) > 0 { // the clock moves on
	}
	for _, kind := range sandbox.FaultKinds() {
		require.Positive(t, struck[kind], "%s never struck", kind)
	}
	again := httptest.NewServer(s)
	t.Cleanup(again.Close)
	h := &harness{TB: t, Sandbox: s, url: again.URL}
	for _, w := range workers {
		require.Empty(t, w.wrong)
	}
	t.Log("faults struck", struck)
	requireSoakedAccounts(t, h, workers)
	requireSoakedPersons(t, h, workers, struck[sandbox.FaultLostEvent])
}

// soakFaults are all kinds. Of those that may or may not act first, some do.
func soakFaults() []sandbox.Fault {
	faults := []sandbox.Fault{}
	for _, kind := range sandbox.FaultKinds() {
		fault := sandbox.Fault{Kind: kind, Rate: 0.04, Wait: time.Millisecond}
		if kind == sandbox.FaultNextHost {
			fault.Rate = 0.3 // few answers have links
		}
		fault.After = slices.Contains([]sandbox.FaultKind{sandbox.FaultServerError, sandbox.FaultGatewayTimeout, sandbox.FaultHang}, kind)
		faults = append(faults, fault)
	}
	return faults
}

// try sends a request and judges what became of it.
func (w *soakWorker) try(ctx context.Context, method, path, body string) (answer, outcome) {
	ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	got, err := w.send(ctx, method, path, body)
	page := strings.HasPrefix(got.header.Get("Content-Type"), "text/html")
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return got, late
	case err != nil || got.status == 500 || got.status == 504 || page && got.status < 300:
		return got, unclear
	case got.status >= 300:
		return got, refused
	}
	return got, applied
}

// step is one request of a worker.
func (w *soakWorker) step(ctx context.Context) {
	w.serial++
	switch n := w.luck.IntN(12); {
	case n < 2:
		w.createAccount(ctx)
	case n < 4:
		w.renameAccount(ctx)
	case n == 4:
		w.readAccount(ctx)
	case n == 5:
		w.deleteAccount(ctx)
	case n == 6:
		w.list(ctx)
	default:
		w.touchPerson(ctx, n)
	}
}

func (w *soakWorker) createAccount(ctx context.Context) {
	external, name := fmt.Sprintf("%s-%d", w.name, w.serial), fmt.Sprintf("created %d", w.serial)
	got, how := w.try(ctx, "POST", accountsPath+"/", fmt.Sprintf(`{"name":%q,"external_id":%q}`, name, external))
	a := &soakAccount{names: []string{name}, mustBe: how == applied, mayBe: how != refused}
	if how == applied {
		a.id = got.get("id").String()
	}
	w.accounts[external] = a
}

// known picks an account whose id the worker knows, nil if there is none.
func (w *soakWorker) known() *soakAccount {
	ids := []string{}
	byID := map[string]*soakAccount{}
	for _, a := range w.accounts {
		if a.id != "" {
			ids = append(ids, a.id)
			byID[a.id] = a
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return byID[ids[w.luck.IntN(len(ids))]]
}

func (w *soakWorker) renameAccount(ctx context.Context) {
	a := w.known()
	if a == nil {
		return
	}
	name := fmt.Sprintf("renamed %d", w.serial)
	_, how := w.try(ctx, "PATCH", accountsPath+"/"+a.id+"/", fmt.Sprintf(`{"name":%q}`, name))
	switch how {
	case applied:
		a.names = []string{name}
	case unclear:
		a.names = append(a.names, name)
	case late:
		a.lateName = append(a.lateName, name)
	}
}

func (w *soakWorker) deleteAccount(ctx context.Context) {
	a := w.known()
	if a == nil {
		return
	}
	switch _, how := w.try(ctx, "DELETE", accountsPath+"/"+a.id+"/", ""); how {
	case applied:
		a.mustBe, a.mayBe = false, false
	case unclear, late:
		a.mustBe = false
	}
}

func (w *soakWorker) readAccount(ctx context.Context) {
	a := w.known()
	if a == nil {
		return
	}
	got, how := w.try(ctx, "GET", accountsPath+"/"+a.id+"/", "")
	if how == applied && !slices.Contains(slices.Concat(a.names, a.lateName), got.get("name").String()) {
		w.wrong = append(w.wrong, fmt.Sprintf("account %s reads as %s, not one of %q", a.id, got.body, a.names))
	}
	if how == refused && got.status == 404 && a.mustBe {
		w.wrong = append(w.wrong, "account "+a.id+" is not there")
	}
}

// list reads a page of persons or accounts.
func (w *soakWorker) list(ctx context.Context) {
	path := accountsPath + "/?limit=1"
	if w.serial%2 == 0 {
		path = personsPath + "/?search=" + w.name + "&limit=5"
	}
	got, how := w.try(ctx, "GET", path, "")
	if how == applied && (!gjson.Valid(got.body) || !got.get("results").IsArray()) {
		w.wrong = append(w.wrong, path+" answered "+got.body)
	}
}

// touchPerson writes to the worker's person, by an event or through the API.
// Its first write can only be an event: nobody else makes it exist.
func (w *soakWorker) touchPerson(ctx context.Context, n int) {
	person, key := personsPath+"/"+uuidOf(w.name), fmt.Sprintf("k%d", w.serial)
	event := func(text string) string { return fmt.Sprintf(`{"api_key":%q,%s}`, sandbox.ProjectToken, text) }
	switch n {
	case 7:
		_, w.keys[key] = w.try(ctx, "POST", "/capture/", event(fmt.Sprintf(`"event":"e","distinct_id":%q,"$set":{%q:1}`, w.name, key)))
	case 8:
		_, w.keys[key] = w.try(ctx, "PATCH", person+"/", fmt.Sprintf(`{"properties":{%q:1}}`, key))
	case 9:
		_, w.keys[key] = w.try(ctx, "POST", person+"/update_property/", fmt.Sprintf(`{"key":%q,"value":1}`, key))
	case 10:
		other := fmt.Sprintf("%s-%d", w.name, w.serial%4)
		w.ids = append(w.ids, w.name, other)
		w.try(ctx, "POST", "/batch/", fmt.Sprintf(`{"api_key":%q,"batch":[{"event":"$create_alias","distinct_id":%q,"properties":{"alias":%q}}]}`, sandbox.ProjectToken, w.name, other))
	default:
		w.try(ctx, "POST", person+"/split/", fmt.Sprintf(`{"distinct_ids_to_split":["%s-%d"]}`, w.name, w.serial%4))
	}
}

// requireSoakedAccounts holds the accounts against what the workers know.
func requireSoakedAccounts(t *testing.T, h *harness, workers []*soakWorker) {
	page := h.must(200, "GET", accountsPath+"/?limit=10000", nil)
	listed := map[string]gjson.Result{}
	for _, row := range page.get("results").Array() {
		external := row.Get("external_id").String()
		require.NotContains(t, listed, external, "one account for each external id")
		listed[external] = row
		one := h.must(200, "GET", accountsPath+"/"+row.Get("id").String()+"/", nil)
		require.Equal(t, row.Get("name").String(), one.get("name").String(), "list and account agree")
		require.Equal(t, external, one.get("external_id").String())
	}
	require.EqualValues(t, len(listed), page.get("count").Int())
	tried := 0
	for _, w := range workers {
		for external, a := range w.accounts {
			tried++
			row, exists := listed[external]
			require.True(t, exists || !a.mustBe, "%s was created and is lost", external)
			require.True(t, !exists || a.mayBe, "%s was refused or deleted and exists", external)
			if exists {
				require.Contains(t, slices.Concat(a.names, a.lateName), row.Get("name").String())
			}
			delete(listed, external)
		}
	}
	require.Empty(t, listed, "accounts that nobody created")
	t.Log("accounts tried", tried, "there", page.get("count").Int())
	require.Greater(t, tried, soakWorkers, "the soak did something")
}

// requireSoakedPersons holds the persons against what the workers know. Events
// may be lost, but not more than the faults say.
func requireSoakedPersons(t *testing.T, h *harness, workers []*soakWorker, lost int) {
	ids, missing, written := []string{}, 0, 0
	for _, w := range workers {
		ids = append(ids, w.ids...)
		got := h.do("GET", personsPath+"/"+uuidOf(w.name)+"/", nil)
		for key, how := range w.keys {
			stored := got.get("properties." + key).Exists()
			require.False(t, stored && how == refused, "%s of %s was refused and is there", key, w.name)
			if how == applied {
				written++
			}
			if how == applied && !stored {
				missing++
			}
		}
	}
	t.Log("properties written", written, "missing", missing, "events lost", lost)
	require.LessOrEqual(t, missing, lost, "events that nothing lost")
	require.Greater(t, written, 4*soakWorkers, "the soak did something")
	slices.Sort(ids)
	owners := requireOneOwnerEach(t, h, slices.Compact(ids))
	for _, w := range workers {
		if owner := h.owner(w.name); owner != "" {
			owners[w.name] = owner
		}
	}
	requireIndexAgrees(t, h, owners)
}
