package journal

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// verify refuses a file that is not a journal, is not sound, is not this key's
// or cannot be written. Each of them would otherwise show in the middle of a
// write; and an index that is damaged would have keys forgotten.
func (s *sqlite) verify(ctx context.Context, proof []byte) error {
	for _, check := range []func(context.Context) error{
		s.verifyHeader,
		s.verifySchema,
		s.verifyPages,
		func(ctx context.Context) error { return s.verifyOwner(ctx, proof) },
		s.verifyWritable,
	} {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *sqlite) verifyHeader(ctx context.Context) error {
	var application, version int
	if err := s.reader.QueryRowContext(ctx, "PRAGMA application_id").Scan(&application); err != nil {
		return err
	}
	if application != applicationID {
		return errors.New("this file is not a journal")
	}
	if err := s.reader.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch version {
	case schemaVersion:
		return nil
	case 1:
		return s.upgrade(ctx)
	}
	return fmt.Errorf("the journal has format %d, this program writes format %d", version, schemaVersion)
}

// upgrade adds what a journal of format 1 lacks. Another process may do the
// same at the same time: one of them finds it done.
func (s *sqlite) upgrade(ctx context.Context) error {
	return s.transact(ctx, s.writer, func(tx *sql.Tx) error {
		found, err := statements(ctx, tx)
		if err != nil || slices.Equal(found, schema) {
			return err
		}
		if !slices.Equal(found, schema[:schema1]) {
			return errChanged
		}
		for _, statement := range append(schema[schema1:len(schema):len(schema)], fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)) {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

var errChanged = errors.New("the tables of the journal have been changed")

func (s *sqlite) verifySchema(ctx context.Context) error {
	found, err := statements(ctx, s.reader)
	if err == nil && !slices.Equal(found, schema) {
		err = errChanged
	}
	return err
}

// statements are the tables and indexes of the file as SQLite keeps them.
func statements(ctx context.Context, db interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}) ([]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var statement string
		if err := rows.Scan(&statement); err != nil {
			return nil, err
		}
		found = append(found, statement)
	}
	return found, rows.Err()
}

// verifyPages also holds every index against its table. What SQLite says of
// damage can quote what is stored, so it is not repeated.
func (s *sqlite) verifyPages(ctx context.Context) error {
	var verdict string
	if err := s.reader.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return errors.New("the file is damaged: keep it for whoever looks into that, and move it away to begin a new journal")
	}
	return nil
}

func (s *sqlite) verifyOwner(ctx context.Context, proof []byte) error {
	var found []byte
	if err := s.reader.QueryRowContext(ctx, "SELECT proof FROM owner").Scan(&found); err != nil {
		return err
	}
	if !hmac.Equal(found, proof) {
		return errors.New("the key beside the journal is not the one it was written with")
	}
	return nil
}

// verifyWritable writes what is already there.
func (s *sqlite) verifyWritable(ctx context.Context) error {
	_, err := s.writer.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion))
	return err
}
