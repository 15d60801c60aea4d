package tools

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"posthog-accounts-mcp/client"
	"posthog-accounts-mcp/journal"
	"posthog-accounts-mcp/portfolio"
)

// DeleteAccountRequest are the arguments of delete_account.
type DeleteAccountRequest struct {
	ProjectArg
	AccountArg
	ConfirmationArg
}

var deleteAccountTool = define(Spec{
	Name:        "delete_account",
	Title:       "Delete an account",
	Description: "Delete one account for good. Previews first what goes with it; call again with the confirmation once the user agreed.",
	Toolset:     Accounts,
	Effect:      Erases,
}, deleteAccount)

func deleteAccount(d *Desk, ctx context.Context, in DeleteAccountRequest) (ReceiptOrPreview, error) {
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return ReceiptOrPreview{}, err
	}
	account, match, err := s.book.FindToWrite(ctx, in.Account)
	if err != nil {
		return ReceiptOrPreview{}, err
	}
	agreement := d.agreement(s, Accounts, "delete_account", in.Confirmation, in.unconfirmed(), portfolio.Identity(account))
	answer, agreed, err := agreement.reach(ctx, func(ctx context.Context) (proposal, error) { return proposeAccountDeletion(ctx, s, account) })
	if !agreed {
		return answer, err
	}
	w := deed{tool: "delete_account", target: journal.Target{Kind: "account", ID: account.ID}, arguments: in.unconfirmed(), image: image{Account: &account},
		wish: wish{Deletion: &deletionWish{Account: account.ID}}, forGood: true}
	receipt, err := d.record(ctx, s, w, func(ctx context.Context) (done, error) {
		result, err := s.book.Delete(ctx, account)
		if err != nil {
			return done{}, err
		}
		return accountDeleted(s, account, match, result), nil
	})
	if err != nil {
		return ReceiptOrPreview{}, err
	}
	agreement.finish(ctx, &receipt)
	return ReceiptOrPreview{Receipt: &receipt}, nil
}

// accountDeleted words what came of a deletion.
func accountDeleted(s scope, account client.Account, match portfolio.Match, result portfolio.Result) done {
	return done{Receipt: Receipt{
		Outcome: result.Outcome, Target: accountTarget(account, match), Before: capMap(result.Before, changesTokens), After: capMap(result.After, changesTokens),
		Note: result.Note, Undo: "A deleted account cannot be restored.", URL: s.links.accounts(), ProjectID: s.project,
	}}
}

func (in DeleteAccountRequest) unconfirmed() DeleteAccountRequest { in.Confirmation = ""; return in }

// proposeAccountDeletion shows the account and counts what goes with it.
func proposeAccountDeletion(ctx context.Context, s scope, account client.Account) (proposal, error) {
	var notes client.Page[client.Notebook]
	var properties []portfolio.Property
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		notes, err = s.book.Notes(ctx, account, client.NotebookQuery{Limit: 10})
		return err
	})
	group.Go(func() (err error) {
		properties, err = s.book.Properties(ctx, account.ID)
		return err
	})
	if err := group.Wait(); err != nil {
		return proposal{}, err
	}
	noteCount := len(account.Notebooks)
	if notes.Count != nil {
		noteCount = *notes.Count
	}
	titles := []string{}
	for _, note := range notes.Results {
		titles = append(titles, note.ShortID+": "+note.Title)
	}
	values := len(setValues(properties))
	return proposal{
		shown: map[string]any{"account": fullRow(account), "notes": noteCount, "latest_notes": titles, "custom_property_values": values},
		note:  "Deletes the account, its custom property values and its links to notes, for good. The note documents stay in PostHog where no list shows them: delete them first with delete_notebook if they shall go too.",
		lines: []string{
			"Delete the account " + accountInWords(account) + "?",
			fmt.Sprintf("Goes with it: %s, %s.", count(values, "custom property value", "custom property values"), count(noteCount, "link to a note", "links to notes")),
			"The notes themselves stay in PostHog, where no list shows them.",
		},
	}, nil
}

// accountInWords names an account to a person.
func accountInWords(account client.Account) string {
	if external := text(account.ExternalID); external != "" {
		return fmt.Sprintf("%s (external id %s, id %s)", quoted(account.Name), quoted(external), account.ID)
	}
	return fmt.Sprintf("%s (id %s)", quoted(account.Name), account.ID)
}
