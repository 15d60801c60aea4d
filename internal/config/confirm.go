package config

import (
	"fmt"
	"slices"
	"strings"

	"posthog-accounts-mcp/tools"
)

// Unasked are the toolsets whose tools need no confirmation. Only the word
// never makes it so; a toolset's own word counts more than the one for all.
func (s *Server) Unasked() ([]tools.Toolset, error) {
	const all = tools.Toolset("")
	never := map[tools.Toolset]bool{}
	for item := range strings.SplitSeq(given(s.Confirm), ",") {
		set, word := all, strings.TrimSpace(item)
		if name, own, named := strings.Cut(word, ":"); named {
			set, word = tools.Toolset(name), own
			if !slices.Contains(tools.Toolsets, set) {
				return nil, fmt.Errorf("--confirm: there is no toolset %q", name)
			}
		} else if word == "" {
			continue
		}
		if word != "ask" && word != "never" {
			return nil, fmt.Errorf("--confirm takes ask or never, for all or as toolset:ask and toolset:never, and not %q", item)
		}
		if _, twice := never[set]; twice {
			return nil, fmt.Errorf("--confirm says twice what to do, at %q", item)
		}
		never[set] = word == "never"
	}
	return slices.DeleteFunc(slices.Clone(tools.Toolsets), func(set tools.Toolset) bool {
		own, named := never[set]
		return named && !own || !named && !never[all]
	}), nil
}
