package architecture_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-accounts-mcp/internal/config"
	"posthog-accounts-mcp/internal/documents"
)

const root = "../../"

// Every flag and every variable in mcp.json exists.
func TestClientConfigurationIsReal(t *testing.T) {
	content, err := os.ReadFile(root + "mcp.json")
	require.NoError(t, err)
	var file struct {
		Servers map[string]struct {
			Command string            `json:"command"`
			Args    []string          `json:"args"`
			Env     map[string]string `json:"env"`
			Headers map[string]string `json:"headers"`
		} `json:"mcpServers"`
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	require.NoError(t, decoder.Decode(&file))
	require.NotEmpty(t, file.Servers)

	options, err := config.Options()
	require.NoError(t, err)
	flags, variables := map[string]bool{}, map[string]bool{}
	for _, o := range options {
		flags["--"+o.Flag] = true
		for _, variable := range o.Variables {
			variables[variable] = true
		}
	}
	for name, server := range file.Servers {
		for _, argument := range server.Args {
			require.True(t, flags[argument], "%s: there is no flag %s", name, argument)
		}
		for variable := range server.Env {
			require.True(t, variables[variable], "%s: there is no variable %s", name, variable)
		}
		for header := range server.Headers {
			require.Contains(t, []string{"Authorization", "X-PostHog-API-Key"}, header, name)
		}
		if server.Command != "" {
			require.Equal(t, config.Name, server.Command)
		}
	}
}

// The generated parts of the README are what the code generates now.
func TestReadmeIsCurrent(t *testing.T) {
	content, err := os.ReadFile(root + "README.md")
	require.NoError(t, err)
	fresh, err := documents.Readme(content)
	require.NoError(t, err)
	require.Equal(t, string(fresh), string(content), "the README is stale: run go generate ./...")
}

// Links in the documents lead to files that exist.
func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	documents, err := filepath.Glob(root + "docs/*.md")
	require.NoError(t, err)
	for _, document := range append(documents, root+"README.md") {
		content, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, found := range link.FindAllStringSubmatch(string(content), -1) {
			_, err := os.Stat(filepath.Join(filepath.Dir(document), found[1]))
			require.NoError(t, err, "%s links to %s", document, found[1])
		}
	}
}
