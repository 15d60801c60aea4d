// Command floor is the least that can be built on mcp-go: one tool that always gives the same answer, with
// no option, middleware, guard or schema of ours. What the product costs is measured against it, because
// mcp-go's own cost is not ours to save.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

func main() {
	log.SetFlags(0)
	tool := flag.String("tool", "list_accounts", "name of the tool")
	answer := flag.String("answer", "", "file with the JSON object that every call answers")
	addr := flag.String("http", "", "serve streamable HTTP at http://ADDR/mcp instead of stdio")
	flag.Parse()
	if err := run(*tool, *answer, *addr); err != nil {
		log.Fatal(err)
	}
}

func run(tool, answer, addr string) error {
	body, err := os.ReadFile(answer)
	if err != nil {
		return err
	}
	if !json.Valid(body) {
		return fmt.Errorf("%s is not JSON", answer)
	}
	s := server.NewMCPServer("floor", "1")
	s.AddTool(mcp.NewTool(tool), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{
			Content:           []mcp.Content{mcp.NewTextContent(string(body))},
			StructuredContent: json.RawMessage(body),
		}, nil
	})
	if addr == "" {
		return server.ServeStdio(s)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "serving at http://%s/mcp\n", listener.Addr())
	mux := http.NewServeMux()
	mux.Handle("/mcp", server.NewStreamableHTTPServer(s, server.WithStateLess(true)))
	return http.Serve(listener, mux)
}
