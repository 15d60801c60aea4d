package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"posthog-accounts-mcp/internal/config"
	"posthog-accounts-mcp/internal/identity"
	"posthog-accounts-mcp/internal/schema"
	"posthog-accounts-mcp/internal/show"
	"posthog-accounts-mcp/tools"
)

// ErrTool is a call that the tool answered with an error; its text has been
// printed.
var ErrTool = errors.New("the tool reported an error")

// call makes one tool call as an MCP client would and prints what comes back.
func call(ctx context.Context, o config.Call, streams Streams) error {
	arguments, err := readArguments(o.Arguments, streams.In)
	if err != nil {
		return err
	}
	if err := known(o); err != nil {
		return err
	}
	kept := recordsOf(o.Server)
	defer kept.close()
	mcpServer, key, err := build(o.Server, kept, slog.New(slog.NewTextHandler(streams.Err, nil)), false)
	if err != nil {
		return err
	}
	ctx = identity.With(ctx, identity.FromEnvironment(key))
	inProcess, err := mcpclient.NewInProcessClient(mcpServer)
	if err != nil {
		return err
	}
	defer func() { _ = inProcess.Close() }()
	if err := inProcess.Start(ctx); err != nil {
		return err
	}
	if _, err := inProcess.Initialize(ctx, mcp.InitializeRequest{}); err != nil {
		return err
	}
	request := mcp.CallToolRequest{Params: mcp.CallToolParams{Name: o.Tool, Arguments: arguments}}
	result, err := inProcess.CallTool(ctx, request)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Tool, err)
	}
	text := textOf(result)
	if result.IsError {
		fmt.Fprintln(streams.Err, text)
		return ErrTool
	}
	if o.JSON {
		return show.JSON(streams.Out, []byte(text))
	}
	return show.Person(streams.Out, []byte(text))
}

// known refuses a tool that is not there, naming the one that was meant.
func known(o config.Call) error {
	selection, err := o.Selection()
	if err != nil {
		return err
	}
	var listed, all []string
	for _, t := range tools.Selected(selection) {
		listed = append(listed, t.Name)
	}
	for _, t := range tools.All {
		all = append(all, t.Name)
	}
	switch near := schema.Nearest(o.Tool, all); {
	case slices.Contains(listed, o.Tool):
		return nil
	case slices.Contains(all, o.Tool):
		return fmt.Errorf("the tool %s is not among those that --read-only and --toolsets leave", o.Tool)
	case near != "":
		return fmt.Errorf("there is no tool %s; did you mean %s?", o.Tool, near)
	}
	return fmt.Errorf("there is no tool %s; there are %s", o.Tool, strings.Join(all, ", "))
}

// readArguments takes the arguments as given, or from standard input for "-".
func readArguments(given string, in io.Reader) (json.RawMessage, error) {
	if given == "-" {
		read, err := io.ReadAll(io.LimitReader(in, 4<<20))
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		given = string(read)
	}
	if strings.TrimSpace(given) == "" {
		given = "{}"
	}
	if !json.Valid([]byte(given)) {
		return nil, fmt.Errorf("the arguments are not valid JSON; quote them for the shell, as in '{\"limit\": 5}'")
	}
	return json.RawMessage(given), nil
}

func textOf(result *mcp.CallToolResult) string {
	var b strings.Builder
	for _, content := range result.Content {
		if text, ok := content.(mcp.TextContent); ok {
			b.WriteString(text.Text)
		}
	}
	return b.String()
}
