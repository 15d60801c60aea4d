//go:build race

package tools_test

// raceDetector tells that everything takes ten times as long.
const raceDetector = true
