// Package jobs has the twenty jobs that people give an agent, as scripts of tool calls for two sides: this server,
// and PostHog's API as tools made one to one (package thin). Each script's answer and all that it changed are held
// against what PostHog has stored; calls, requests, tokens and time are counted. It holds tests only.
//
// A reader new to it goes: job_test.go (what a job is), book_test.go (what PostHog has stored), side_test.go (who
// makes the calls), then the jobs themselves, by what they are about, and table_test.go.
package jobs
