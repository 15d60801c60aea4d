// Package architecture holds the tests of the house itself: which room may
// import which, and that what the documents say is what the code has.
package architecture
