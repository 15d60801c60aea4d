// Command gen writes schemas.json: the JSON Schemas of all tools, derived from
// their request and result structs.
package main

import (
	"fmt"
	"os"

	"posthog-accounts-mcp/internal/schemagen"
	"posthog-accounts-mcp/tools"
)

func main() {
	written, err := schemagen.Tools(tools.All)
	if err == nil {
		err = os.WriteFile("schemas.json", written, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
