//go:build race

package e2e

// raceEnabled: these tests run under the race detector, so the program they drive is built with it too.
const raceEnabled = true
