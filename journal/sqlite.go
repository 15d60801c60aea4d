package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// The schema, and the numbers in the file's header that say whose it is.
const (
	applicationID = 0x50484a4c // "PHJL"
	schemaVersion = 2
)

// The statements as SQLite keeps them: what is found in a file is held against
// them. Small columns come first, so that scanning them leaves payloads alone.
var schema = []string{
	`CREATE TABLE entries (
	id TEXT NOT NULL PRIMARY KEY,
	principal TEXT NOT NULL,
	project INTEGER NOT NULL,
	tool TEXT NOT NULL,
	target_kind TEXT NOT NULL,
	target TEXT NOT NULL,
	person TEXT NOT NULL,
	reversible INTEGER NOT NULL,
	deadline INTEGER NOT NULL,
	plan TEXT NOT NULL,
	outcome TEXT NOT NULL,
	undoes TEXT NOT NULL,
	undone_by TEXT NOT NULL,
	at INTEGER NOT NULL,
	settled_at INTEGER NOT NULL,
	erased_at INTEGER NOT NULL,
	claim BLOB UNIQUE,
	digest BLOB NOT NULL,
	seal BLOB NOT NULL,
	salt BLOB,
	idempotency_key TEXT NOT NULL,
	arguments TEXT NOT NULL,
	before_image TEXT NOT NULL,
	wanted TEXT NOT NULL,
	after_image TEXT NOT NULL,
	note TEXT NOT NULL
) STRICT`,
	`CREATE INDEX entries_by_principal ON entries (principal, project, id)`,
	`CREATE INDEX entries_by_time ON entries (at)`,
	`CREATE INDEX entries_open ON entries (principal, project, id) WHERE outcome = ''`,
	`CREATE TABLE owner (proof BLOB NOT NULL) STRICT`,
	// Format 1 ends here.
	`CREATE TABLE items (
	principal TEXT NOT NULL,
	project INTEGER NOT NULL,
	kind TEXT NOT NULL,
	id TEXT NOT NULL,
	person TEXT NOT NULL,
	at INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	payload TEXT NOT NULL,
	seal BLOB NOT NULL,
	PRIMARY KEY (principal, project, kind, id)
) STRICT`,
}

// schema1 is how much of the schema a journal of format 1 has.
const schema1 = 5

// sqlite keeps records in one file, which several processes may have open.
// Writes take turns on one connection: more of them would only wait for the
// file's lock. Readers have their own and see the last committed state.
type sqlite struct {
	writer, reader *sql.DB
}

func openSQLite(path string) (*sqlite, error) {
	writer, err := sql.Open("sqlite", dsn(path, "immediate"))
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	reader, err := sql.Open("sqlite", dsn(path, "deferred"))
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	reader.SetMaxOpenConns(4)
	return &sqlite{writer: writer, reader: reader}, nil
}

// dsn names the file and what every connection to it is set to.
func dsn(path, lock string) string {
	settings := url.Values{"_txlock": {lock}, "mode": {"rw"}, "_pragma": {
		"busy_timeout(10000)",
		"journal_mode(wal)",
		"synchronous(full)", // a commit is on disk when it returns
		"fullfsync(1)",      // on macOS too
		"secure_delete(on)", // what is erased is overwritten
		"trusted_schema(off)",
	}}
	place := filepath.ToSlash(path)
	if !strings.HasPrefix(place, "/") {
		place = "/" + place // a drive letter
	}
	return (&url.URL{Scheme: "file", Path: place, RawQuery: settings.Encode()}).String()
}

// create makes the tables in an empty file, and records the proof that a key
// is this file's.
func (s *sqlite) create(ctx context.Context, proof []byte) error {
	statements := append(schema[:len(schema):len(schema)],
		fmt.Sprintf("PRAGMA application_id = %d", applicationID), fmt.Sprintf("PRAGMA user_version = %d", schemaVersion))
	return s.transact(ctx, s.writer, func(tx *sql.Tx) error {
		for _, statement := range statements {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO owner (proof) VALUES (?)", proof)
		return err
	})
}

func (s *sqlite) write(ctx context.Context, do func(records) error) error {
	return s.transact(ctx, s.writer, func(tx *sql.Tx) error { return do(table{ctx, tx}) })
}

func (s *sqlite) read(ctx context.Context, do func(records) error) error {
	return s.transact(ctx, s.reader, func(tx *sql.Tx) error { return do(table{ctx, tx}) })
}

func (s *sqlite) transact(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // what went wrong before is what matters
		return err
	}
	return tx.Commit()
}

// scrub moves the write-ahead log, where the old bytes still are, into the
// file, where the new ones take their place, and empties it.
func (s *sqlite) scrub(ctx context.Context) error {
	var busy, logged, moved int
	if err := s.writer.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &logged, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return errors.New("another process is using the file; erased bytes stay in its write-ahead log until that one closes it")
	}
	return nil
}

func (s *sqlite) close() error {
	return errors.Join(s.reader.Close(), s.writer.Close())
}

// table runs the statements inside a transaction.
type table struct {
	ctx context.Context
	tx  *sql.Tx
}

func (t table) byID(id string) (*record, error)       { return first(t.find("id = ?", id)) }
func (t table) byClaim(claim []byte) (*record, error) { return first(t.find("claim = ?", claim)) }
func (t table) open(p Principal) ([]*record, error) {
	return t.find("principal = ? AND project = ? AND outcome = '' ORDER BY id", p.Key, p.Project)
}

func (t table) of(persons []string) ([]*record, error) {
	list, err := lowered(persons)
	if err != nil {
		return nil, err
	}
	return t.find("erased_at = 0 AND (lower(person) IN (SELECT value FROM json_each(?1)) OR lower(target) IN (SELECT value FROM json_each(?1)))", list)
}

// lowered is a list of texts as one value of a statement, which may have more
// of them than it may have values.
func lowered(texts []string) (string, error) {
	low := make([]string, len(texts))
	for i, text := range texts {
		low[i] = strings.ToLower(text)
	}
	list, err := json.Marshal(low)
	return string(list), err
}

func (t table) list(q Query) ([]*record, error) {
	where, args := []string{"principal = ?", "project = ?"}, []any{q.Key, q.Project}
	restrict := func(condition string, wanted bool, arg any) {
		if wanted {
			where, args = append(where, condition), append(args, arg)
		}
	}
	restrict("at >= ?", !q.Since.IsZero(), instant(q.Since))
	restrict("target_kind = ?", q.Target.Kind != "", q.Target.Kind)
	restrict("target = ?", q.Target.ID != "", q.Target.ID)
	restrict("plan = ?", q.Plan != "", q.Plan)
	restrict("id < ?", q.Before != "", q.Before)
	return t.find(strings.Join(where, " AND ")+" ORDER BY id DESC LIMIT ?", append(args, q.Limit)...)
}

func (t table) find(where string, args ...any) ([]*record, error) {
	rows, err := t.tx.QueryContext(t.ctx, "SELECT "+columns+" FROM entries WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []*record
	for rows.Next() {
		r := new(record)
		if err := rows.Scan(r.fields()...); err != nil {
			return nil, err
		}
		r.Reversible = r.reversible == 1
		found = append(found, r)
	}
	return found, rows.Err()
}

func first(found []*record, err error) (*record, error) {
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

func (t table) lastID() (string, error) {
	var id sql.NullString
	err := t.tx.QueryRowContext(t.ctx, "SELECT max(id) FROM entries").Scan(&id)
	return id.String, err
}

func (t table) summary() (s Summary, err error) {
	err = t.tx.QueryRowContext(t.ctx, "SELECT count(*), count(*) FILTER (WHERE outcome = ''), coalesce(min(at), 0), coalesce(max(at), 0) FROM entries").
		Scan(&s.Entries, &s.Open, (*instant)(&s.Oldest), (*instant)(&s.Newest))
	return s, err
}

func (t table) insert(r *record) error {
	marks := strings.TrimSuffix(strings.Repeat("?,", len(r.fields())), ",")
	_, err := t.tx.ExecContext(t.ctx, "INSERT INTO entries ("+columns+") VALUES ("+marks+")", r.fields()...)
	return err
}

func (t table) replace(r *record) error {
	marks := strings.TrimSuffix(strings.Repeat("?,", len(r.fields())), ",")
	_, err := t.tx.ExecContext(t.ctx, "UPDATE entries SET ("+columns+") = ("+marks+") WHERE id = ?", append(r.fields(), r.ID)...)
	return err
}

// past selects what retention ends for.
const past = "at < ? AND (outcome <> '' OR deadline < ?)"

func (t table) expired(before, now time.Time) (n int, err error) {
	err = t.tx.QueryRowContext(t.ctx, "SELECT (SELECT count(*) FROM entries WHERE "+past+") + (SELECT count(*) FROM items WHERE expires <= ?2)", instant(before), instant(now)).Scan(&n)
	return n, err
}

func (t table) drop(before, now time.Time) (int, error) {
	result, err := t.tx.ExecContext(t.ctx, "DELETE FROM entries WHERE "+past, instant(before), instant(now))
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}
