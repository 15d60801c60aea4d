// Command gen writes what follows from the tools: schemas.json, with the JSON
// Schemas derived from their request and result structs, and the generated
// parts of the README.
package main

import (
	"fmt"
	"os"

	"posthog-accounts-mcp/internal/documents"
	"posthog-accounts-mcp/internal/schemagen"
	"posthog-accounts-mcp/tools"
)

// go generate runs this in the folder of the tools.
const (
	schemasFile = "schemas.json"
	readmeFile  = "../README.md"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func generate() error {
	schemas, err := schemagen.Tools(tools.All)
	if err != nil {
		return err
	}
	if err := os.WriteFile(schemasFile, schemas, 0o644); err != nil {
		return err
	}
	readme, err := os.ReadFile(readmeFile)
	if err != nil {
		return err
	}
	if readme, err = documents.Readme(readme); err != nil {
		return err
	}
	return os.WriteFile(readmeFile, readme, 0o644)
}
