// Package e2e drives the built program the way strangers do: as a process, through its standard streams, its
// HTTP port and its command line, with clients that other people wrote. It imports nothing of the program.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const name = "posthog-accounts-mcp"

// binary is the built program.
var binary string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// buildAndRun builds the program as a release is built. Under the race detector it is built with that
// instead: a race in the program then fails the test that met it.
func buildAndRun(m *testing.M) (int, error) {
	dropSettings()
	dir, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, name)
	if err := os.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state")); err != nil { // not the journal of whoever runs the tests
		return 1, err
	}

	arguments, cgo := []string{"build", "-trimpath", "-ldflags", "-s -w", "-o", binary}, "0"
	if raceEnabled { // with the flags of the tests, which have compiled nearly all of it already
		arguments, cgo = []string{"build", "-race", "-o", binary}, "1"
	}
	build := exec.Command("go", append(arguments, name)...)
	build.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// dropSettings keeps the settings of whoever runs the tests, and the key that may be among them, away from
// the programs started here.
func dropSettings() {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "POSTHOG_") {
			_ = os.Unsetenv(name)
		}
	}
}
