package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseFault reads the form of the command line: a kind, then options, as in
// 429:rate=0.1:method=GET:path=/accounts:times=3:wait=30s:header:quiet or
// 504-html:after.
func ParseFault(text string) (Fault, error) {
	kind, rest, more := strings.Cut(text, ":")
	fault := Fault{Kind: FaultKind(kind)}
	if !slices.Contains(FaultKinds(), fault.Kind) {
		return Fault{}, fmt.Errorf("there is no fault %q, the kinds are %s", kind, FaultNames())
	}
	if !more {
		return fault, nil
	}
	for option := range strings.SplitSeq(rest, ":") {
		if err := fault.parse(option); err != nil {
			return Fault{}, fmt.Errorf("fault %s: %w", kind, err)
		}
	}
	return fault, nil
}

// FaultNames lists the kinds for people.
func FaultNames() string {
	names := []string{}
	for _, kind := range FaultKinds() {
		names = append(names, string(kind))
	}
	return strings.Join(names, ", ")
}

// parse reads one option.
func (f *Fault) parse(option string) (err error) {
	name, value, _ := strings.Cut(option, "=")
	fine := true
	switch name {
	case "rate":
		f.Rate, err = strconv.ParseFloat(value, 64)
		fine = err == nil && f.Rate > 0 && f.Rate <= 1
	case "method":
		f.Method = value
		fine = value != ""
	case "path":
		f.Path = value
		fine = value != ""
	case "times":
		f.Times, err = strconv.Atoi(value)
		fine = err == nil && f.Times > 0
	case "wait":
		f.Wait, err = time.ParseDuration(value)
		fine = err == nil && f.Wait > 0
	default:
		return f.parseSwitch(option)
	}
	if !fine {
		return fmt.Errorf("%q is not a possible %s", value, name)
	}
	return nil
}

// parseSwitch reads an option without a value, which only some kinds know.
func (f *Fault) parseSwitch(option string) error {
	switch {
	case option == "header" && f.Kind == FaultThrottled:
		f.Header = true
	case option == "quiet" && f.Kind == FaultThrottled:
		f.Quiet = true
	case option == "after" && slices.Contains(replacing, f.Kind):
		f.After = true
	default:
		return fmt.Errorf("it has no option %q", option)
	}
	return nil
}
