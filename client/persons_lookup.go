package client

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"

	"github.com/tidwall/gjson"
	"golang.org/x/sync/errgroup"
)

const (
	// maxBatch is PostHog's: it cuts longer lists silently.
	maxBatch = 200
	// lookups is how many single lookups run at a time against a PostHog without the batch endpoint.
	lookups = 4
)

// PersonsByDistinctIDs returns the persons that own the given distinct ids, by the id asked for. Ids that
// nobody owns are absent; two ids of one person give it twice. It does not lag behind writes.
func (p *Project) PersonsByDistinctIDs(ctx context.Context, ids []string) (map[string]Person, error) {
	wanted := slices.Compact(slices.Sorted(slices.Values(ids)))
	found := make(map[string]Person, len(wanted))
	for chunk := range slices.Chunk(wanted, maxBatch) {
		c := p.call(http.MethodPost, "look up persons", "persons", "batch_by_distinct_ids")
		c.body = map[string]any{"distinct_ids": chunk}
		batch, err := fetch(ctx, p.session, c, decodeBatch(chunk))
		if isWithoutBatch(err) {
			return p.personsOneByOne(ctx, wanted)
		}
		if err != nil {
			return nil, err
		}
		for id, person := range batch {
			found[id] = person
		}
	}
	return found, nil
}

// isWithoutBatch reports whether err says that this PostHog is older than the batch endpoint. It takes the
// word for a person's id then, and a key may not POST to a person, so the answer can be a 403, too.
func isWithoutBatch(err error) bool {
	failure, ok := errors.AsType[*Error](err)
	return ok && (failure.Status == http.StatusNotFound && failure.Kind != ProjectNotFound ||
		failure.Kind == Unsupported || failure.Kind == NoKeyAccess)
}

// personsOneByOne is PersonsByDistinctIDs by way of the list filter.
func (p *Project) personsOneByOne(ctx context.Context, ids []string) (map[string]Person, error) {
	found := make(map[string]Person, len(ids))
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(lookups)
	for _, id := range ids {
		if id == "" {
			continue // no filter at all to the list, which would answer with everybody
		}
		group.Go(func() error {
			page, err := p.ListPersons(ctx, PersonQuery{DistinctID: id, Limit: 2})
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for _, person := range page.Results {
				// A row shows 1000 ids; a person with more may own this one without showing it.
				isCut := len(person.DistinctIDs) >= 1000 && len(page.Results) == 1
				if isCut || slices.Contains(person.DistinctIDs, id) {
					found[id] = person
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return found, nil
}

// decodeBatch reads {"results": {"<requested id>": person}} and keeps what was asked for.
func decodeBatch(asked []string) func(gjson.Result) (map[string]Person, error) {
	return func(root gjson.Result) (map[string]Person, error) {
		results := root.Get("results")
		if !results.IsObject() {
			return nil, errors.New("it has no results where they belong")
		}
		found := map[string]Person{}
		var problem error
		results.ForEach(func(id, row gjson.Result) bool {
			if row.Type == gjson.Null || !slices.Contains(asked, id.Str) {
				return true
			}
			found[id.Str], problem = decodePerson(row)
			return problem == nil
		})
		return found, problem
	}
}
