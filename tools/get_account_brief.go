package tools

import (
	"cmp"
	"context"
	"time"

	"posthog-accounts-mcp/portfolio"
)

// GetAccountBriefRequest are the arguments of get_account_brief.
type GetAccountBriefRequest struct {
	ProjectArg
	AccountArg
	Kind portfolio.BriefKind `json:"kind,omitempty" jsonschema:"enum=call,enum=qbr,enum=handover" jsonschema_description:"What for."`
	SizeArg
}

// GetAccountBriefResult is what PostHog knows of one account.
type GetAccountBriefResult struct {
	Brief     AccountBrief `json:"brief"`
	MatchedBy string       `json:"matched_by,omitempty"`
	URL       string       `json:"url"`
	ProjectID int64        `json:"project_id"`
}

var getAccountBriefTool = define(Spec{
	Name:        "get_account_brief",
	Title:       "Brief on an account",
	Description: "All on one account: notes, people, changes, each cited.",
	Toolset:     Portfolio,
	Effect:      Reads,
}, getAccountBrief)

func getAccountBrief(d *Desk, ctx context.Context, in GetAccountBriefRequest) (GetAccountBriefResult, error) {
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return GetAccountBriefResult{}, err
	}
	account, match, err := s.book.Find(ctx, in.Account)
	if err != nil {
		return GetAccountBriefResult{}, err
	}
	kind := cmp.Or(in.Kind, portfolio.ForCall)
	known, err := s.book.Brief(ctx, account, kind, d.recall(ctx, s))
	if err != nil {
		return GetAccountBriefResult{}, err
	}
	ranked := portfolio.Ranked(known.Notes, kind)
	result := GetAccountBriefResult{
		Brief: accountBrief(known, ranked, kind, s.links, d.now()), MatchedBy: match.String(),
		URL: s.links.account(account.ID), ProjectID: s.project,
	}
	result.fit(in.room(), ranked)
	return result, nil
}

// recall gives what list_account_changes remembers of an account.
func (d *Desk) recall(ctx context.Context, s scope) portfolio.Recall {
	kept := d.snapshotsOf(ctx, s)
	return func(ctx context.Context, accountID string, since time.Time) (portfolio.Remembered, error) {
		from, was, err := kept.at(ctx, since)
		if err != nil || from.ID == "" {
			return portfolio.Remembered{}, err
		}
		return portfolio.Remembered{Fields: was.Accounts[accountID], At: from.At, NoRoles: was.NoRoles}, nil
	}
}
