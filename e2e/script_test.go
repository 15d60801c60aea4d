package e2e

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/tidwall/gjson"
)

// TestCommandLine runs the scripts under testdata/script. Each has a look-alike of its own, at $SANDBOX, and
// $KEY opens it. Besides the usual commands of testscript there are:
//
//	exits CODE PROGRAM [ARG...]         runs a program that has to end with this exit code
//	keep NAME PATH                      sets $NAME to a value of the JSON on the last standard output
//	value PATH VALUE                    compares a value of the JSON on the last standard output
//	http METHOD PATH STATUS [BODY]      makes a request to the look-alike; its answer becomes standard output
func TestCommandLine(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			origin, _ := lookalike(t)
			env.Setenv("SANDBOX", origin)
			env.Setenv("KEY", "phx_sandbox")
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			env.Setenv("PATH", filepath.Dir(binary)+string(os.PathListSeparator)+env.Getenv("PATH"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "keep": keep, "value": compareValue, "http": httpRequest,
		},
	})
}

func exits(ts *testscript.TestScript, negated bool, arguments []string) {
	if negated || len(arguments) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG...]")
	}
	code := 0
	err := ts.Exec(arguments[1], arguments[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != arguments[0] {
		ts.Fatalf("it ended with exit code %d, not %s", code, arguments[0])
	}
}

func keep(ts *testscript.TestScript, negated bool, arguments []string) {
	if negated || len(arguments) != 2 {
		ts.Fatalf("usage: keep NAME PATH")
	}
	value := gjson.Get(ts.ReadFile("stdout"), arguments[1])
	if !value.Exists() {
		ts.Fatalf("there is no %s", arguments[1])
	}
	ts.Setenv(arguments[0], value.String())
}

func compareValue(ts *testscript.TestScript, negated bool, arguments []string) {
	if len(arguments) != 2 {
		ts.Fatalf("usage: [!] value PATH VALUE")
	}
	value := gjson.Get(ts.ReadFile("stdout"), arguments[0])
	if (value.Exists() && value.String() == arguments[1]) == negated {
		ts.Fatalf("%s is %s", arguments[0], value.Raw)
	}
}

func httpRequest(ts *testscript.TestScript, negated bool, arguments []string) {
	if negated || len(arguments) < 3 || len(arguments) > 4 {
		ts.Fatalf("usage: http METHOD PATH STATUS [BODY]")
	}
	body := strings.Join(arguments[3:], "")
	r, err := http.NewRequest(arguments[0], ts.Getenv("SANDBOX")+arguments[1], strings.NewReader(body))
	ts.Check(err)
	r.Header.Set("Content-Type", "application/json")
	if key := ts.Getenv("KEY"); key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	response, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer response.Body.Close()
	_, err = io.Copy(ts.Stdout(), response.Body)
	ts.Check(err)
	if strconv.Itoa(response.StatusCode) != arguments[2] {
		ts.Fatalf("the status is %d, not %s", response.StatusCode, arguments[2])
	}
}
