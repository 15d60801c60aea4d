package sandbox_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The live mode asks a real PostHog what the table says of it:
//
//	POSTHOG_LIVE_HOST=https://us.posthog.com POSTHOG_LIVE_KEY_FILE=key POSTHOG_LIVE_PROJECT=7 go test ./sandbox -live -v
//
// It sends the rows that only read, at most one request a second, takes what it
// finds in the project as it is, and prints each row: agrees, differs, or does
// not apply. What PostHog said is shown with its values reduced to their types.

var live = flag.Bool("live", false, "hold the facts that can be read against the PostHog of POSTHOG_LIVE_HOST, POSTHOG_LIVE_KEY or POSTHOG_LIVE_KEY_FILE, and POSTHOG_LIVE_PROJECT")

// TestMain has -live run nothing else.
func TestMain(m *testing.M) {
	flag.Parse()
	if *live {
		if err := flag.Set("test.run", "^TestLive$"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	m.Run()
}

func TestLive(t *testing.T) {
	if !*live {
		t.Skip("asks a real PostHog, so only with -live")
	}
	target, err := targetFrom(os.Getenv)
	require.NoError(t, err)
	target.pause = pause
	known, err := discover(target.ask, target.project)
	require.NoError(t, err)
	found := examine(target.ask, known)
	server := found.server()
	judged := found.as(server)
	fmt.Printf("This PostHog answers most like: %s.\n%s", server.names(), judged)
	require.Zero(t, judged.count(differs), "the table and this PostHog differ")
}

// target is the PostHog that is asked.
type target struct {
	origin, key, project string
	client               *http.Client
	pause                func(time.Duration) // nil for no hurry to avoid
}

// betweenRequests keeps at most 60 a minute.
const betweenRequests = time.Second

func pause(d time.Duration) { time.Sleep(d) }

// targetFrom reads the environment.
func targetFrom(getenv func(string) string) (*target, error) {
	host, key, project := getenv("POSTHOG_LIVE_HOST"), getenv("POSTHOG_LIVE_KEY"), getenv("POSTHOG_LIVE_PROJECT")
	if file := getenv("POSTHOG_LIVE_KEY_FILE"); key == "" && file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("POSTHOG_LIVE_KEY_FILE: %w", err)
		}
		key = string(content)
	}
	origin, err := url.Parse(strings.TrimRight(host, "/"))
	if err != nil || origin.Host == "" || origin.User != nil {
		return nil, errors.New("POSTHOG_LIVE_HOST is no origin such as https://us.posthog.com")
	}
	if key = strings.TrimSpace(key); key == "" {
		return nil, errors.New("neither POSTHOG_LIVE_KEY nor POSTHOG_LIVE_KEY_FILE is set")
	}
	if _, err := strconv.ParseUint(project, 10, 63); err != nil {
		return nil, errors.New("POSTHOG_LIVE_PROJECT is no number of a project")
	}
	return newTarget(origin, key, project), nil
}

func newTarget(origin *url.URL, key, project string) *target {
	return &target{origin: origin.String(), key: key, project: project, client: &http.Client{
		Timeout:       time.Minute,
		Transport:     readOnly{http.DefaultTransport, origin.Host},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// readOnly sends nothing that could change anything, and nothing elsewhere.
type readOnly struct {
	next http.RoundTripper
	host string
}

// RoundTrip implements http.RoundTripper.
func (t readOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != t.host || !onlyReads(r.Method, r.URL.Path) {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, fmt.Errorf("not sent: %s is not only reading from the PostHog that was named", r.Method)
	}
	return t.next.RoundTrip(r)
}

// ask sends a step, and sends it again after the wait that PostHog asks for.
func (t *target) ask(s step) (answer, error) {
	for range 3 {
		got, err := t.send(s)
		if err != nil || got.status != http.StatusTooManyRequests {
			return got, err
		}
		t.rest(waitIn(got))
	}
	return answer{}, errors.New("PostHog limits the rate; try again later, or with a key of its own")
}

func (t *target) send(s step) (answer, error) {
	t.rest(betweenRequests)
	var body io.Reader
	if s.body != "" {
		body = strings.NewReader(s.body)
	}
	r, err := http.NewRequestWithContext(context.Background(), s.method, t.origin+s.path, body)
	if err != nil {
		return answer{}, errors.New("the request cannot be made")
	}
	r.Header.Set("User-Agent", "posthog-accounts-mcp contract test")
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if key := cmp.Or(s.key, t.key); key != nobody {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	response, err := t.client.Do(r)
	if err != nil {
		var failed *url.Error // which quotes the URL, and with it what was looked for
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return answer{}, fmt.Errorf("no answer: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return answer{}, fmt.Errorf("half an answer: %w", err)
	}
	return answer{status: response.StatusCode, body: string(read), header: response.Header}, nil
}

func (t *target) rest(d time.Duration) {
	if t.pause != nil {
		t.pause(d)
	}
}

var seconds = regexp.MustCompile(`available in (\d+) second`)

// waitIn is how long a throttled answer asks to wait, at most two minutes, and
// a minute if it does not say.
func waitIn(a answer) time.Duration {
	text := a.header.Get("Retry-After")
	if found := seconds.FindStringSubmatch(a.at("detail").String()); text == "" && found != nil {
		text = found[1]
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return time.Minute
	}
	return min(time.Duration(n)*time.Second, 2*time.Minute)
}
