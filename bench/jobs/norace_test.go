//go:build !race

package jobs_test

// raceDetector tells that everything takes ten times as long, and times mean nothing.
const raceDetector = false
