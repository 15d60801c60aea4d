package client_test

import (
	"context"
	"fmt"
	"log"

	"posthog-accounts-mcp/client"
)

func Example() {
	posthog, err := client.New("https://posthog.example.com", client.WithTransport(answered{200,
		`{"count":1,"next":null,"results":[{"id":"0190a1b2-0000-7000-8000-000000000001","name":"Acme"}]}`}))
	if err != nil {
		log.Fatal(err)
	}
	key, err := client.NewKey("phx_example")
	if err != nil {
		log.Fatal(err)
	}
	project := posthog.As(key).Project(42)
	for account, err := range project.Accounts(context.Background(), client.AccountQuery{Tags: []string{"enterprise"}}) {
		switch client.KindOf(err) {
		case "":
			fmt.Println(account.Name)
		case client.MissingScope, client.Unauthorized:
			log.Fatalf("look at the key %v: %v", key, err)
		default:
			log.Fatal(err)
		}
	}
	// Output: Acme
}
