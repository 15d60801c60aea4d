package journal

import "time"

const oneItem = "principal = ? AND project = ? AND kind = ? AND id = ?"

func (t table) item(p Principal, kind, id string) (*kept, error) {
	found, err := t.findItems(oneItem, p.Key, p.Project, kind, id)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

func (t table) items(p Principal, kind, prefix string) ([]*kept, error) {
	return t.findItems("principal = ? AND project = ? AND kind = ? AND substr(id, 1, length(?4)) = ?4 ORDER BY id", p.Key, p.Project, kind, prefix)
}

func (t table) findItems(where string, args ...any) ([]*kept, error) {
	rows, err := t.tx.QueryContext(t.ctx, "SELECT "+keptColumns+" FROM items WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []*kept
	for rows.Next() {
		k := new(kept)
		if err := rows.Scan(k.fields()...); err != nil {
			return nil, err
		}
		found = append(found, k)
	}
	return found, rows.Err()
}

func (t table) keep(k *kept) error {
	_, err := t.tx.ExecContext(t.ctx, "INSERT OR REPLACE INTO items ("+keptColumns+") VALUES (?,?,?,?,?,?,?,?,?)", k.fields()...)
	return err
}

func (t table) forget(p Principal, kind, id string) error {
	_, err := t.tx.ExecContext(t.ctx, "DELETE FROM items WHERE "+oneItem, p.Key, p.Project, kind, id)
	return err
}

func (t table) forgetPersons(persons []string) (int, error) {
	list, err := lowered(persons)
	if err != nil {
		return 0, err
	}
	result, err := t.tx.ExecContext(t.ctx, "DELETE FROM items WHERE lower(person) IN (SELECT value FROM json_each(?))", list)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

func (t table) forgetExpired(now time.Time) error {
	_, err := t.tx.ExecContext(t.ctx, "DELETE FROM items WHERE expires <= ?", instant(now))
	return err
}

func (t table) forgetPlans(before, now time.Time) error {
	_, err := t.tx.ExecContext(t.ctx, `DELETE FROM items WHERE substr(id, 1, instr(id || '/', '/') - 1) IN
		(SELECT plan FROM entries WHERE plan <> '' AND `+past+`)`, instant(before), instant(now))
	return err
}
