package sandbox_test

import (
	"fmt"
	"net/http"

	"github.com/tidwall/gjson"
)

// discover looks for something of each kind that rows ask about, in a project
// that nobody knows. What is not there, or what the key may not read, is left
// out, and the rows about it do not apply.
func discover(ask asker, project string) (map[string]string, error) {
	d := &discovery{ask: ask, known: map[string]string{"project": project}}
	for _, look := range []func() error{d.accounts, d.values, d.definitions, d.persons} {
		if err := look(); err != nil {
			return nil, err
		}
	}
	return d.known, nil
}

type discovery struct {
	ask       asker
	known     map[string]string
	accounted []gjson.Result // the accounts found
}

// read is the answer to a GET, or nothing where there is none.
func (d *discovery) read(path string) (gjson.Result, error) {
	filled, _ := fillPath(path, d.known)
	got, err := d.ask(step{method: http.MethodGet, path: filled})
	switch {
	case err != nil:
		return gjson.Result{}, err
	case got.status == http.StatusUnauthorized:
		return gjson.Result{}, fmt.Errorf("the key is not accepted: %s", mask(got.at("detail").String()))
	case got.status != http.StatusOK:
		return gjson.Result{}, nil
	}
	return got.at(""), nil
}

// note remembers the first of some values.
func (d *discovery) note(name string, values ...gjson.Result) {
	for _, value := range values {
		if _, is := d.known[name]; !is && value.Exists() && value.Type != gjson.Null && value.String() != "" {
			d.known[name] = value.String()
		}
	}
}

func (d *discovery) accounts() error {
	page, err := d.read("accounts/?limit=100")
	if err != nil {
		return err
	}
	d.accounted = page.Get("results").Array()
	d.note("account", page.Get("results.0.id"))
	d.note("second_account", page.Get("results.1.id"))
	for _, account := range d.accounted {
		d.note("tag", account.Get("tags.0"))
		d.note("external_id", account.Get("external_id"))
		if account.Get("notebooks.#").Int() == 0 || d.known["note"] != "" {
			continue
		}
		// The short ids of an account may be those of notes that are gone.
		notes, err := d.read("accounts/" + account.Get("id").String() + "/notebooks/?limit=1")
		if err != nil {
			return err
		}
		if notes.Get("results.0").Exists() {
			d.note("note", notes.Get("results.0.short_id"))
			d.note("noted_account", account.Get("id"))
		}
	}
	return nil
}

// values looks for an account that has a custom property, in the first few.
func (d *discovery) values() error {
	for _, account := range d.accounted[:min(5, len(d.accounted))] {
		values, err := d.read("accounts/" + account.Get("id").String() + "/custom_property_values/")
		if err != nil {
			return err
		}
		if values.Get("0").Exists() {
			d.note("valued_account", account.Get("id"))
			break
		}
	}
	return nil
}

func (d *discovery) definitions() error {
	page, err := d.read("custom_property_definitions/?limit=1")
	d.note("definition", page.Get("results.0.id"))
	if err != nil {
		return err
	}
	page, err = d.read("account_relationship_definitions/?limit=1")
	d.note("relationship_definition", page.Get("results.0.id"))
	return err
}

func (d *discovery) persons() error {
	page, err := d.read("persons/?limit=3")
	if err != nil || !page.Get("results.0").Exists() {
		return err
	}
	d.note("person", page.Get("results.0.uuid"))
	d.note("distinct_id", page.Get("results.0.distinct_ids.0"))
	d.note("third_person", page.Get("results.2.uuid"))
	one, err := d.read("persons/{person}/")
	d.note("person_number", one.Get("id"))
	return err
}
