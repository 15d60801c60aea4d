// Package bench measures the product against bare mcp-go (the floor) and against its own budgets. It holds
// tests and benchmarks only; run.sh runs them all and writes RESULTS.md.
//
// The machine is rarely quiet, so nothing here is a bar in a test. Contenders take turns in an order drawn
// anew each round, and what counts is the median of the rounds' ratios.
package bench
