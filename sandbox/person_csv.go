package sandbox

import (
	"encoding/csv"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

const (
	formatJSON = "json"
	formatCSV  = "csv"
)

// requestedFormat is the format a caller asks for by a suffix of the path, by
// the parameter, or by the Accept header; false for one that PostHog does not
// have. The suffix is taken off the id it stands on: 12.csv is person 12, and
// an e-mail address as id is an unknown format.
func requestedFormat(r *http.Request) (format string, known bool) {
	accept := r.Header.Get("Accept")
	switch suffix := path.Ext(r.URL.Path); {
	case len(suffix) > 1:
		format = suffix[1:]
		r.SetPathValue("id", strings.TrimSuffix(r.PathValue("id"), suffix))
	case r.URL.Query().Get("format") != "":
		format = r.URL.Query().Get("format")
	case strings.Contains(accept, "text/csv") && !strings.Contains(accept, "application/json"):
		format = formatCSV
	default:
		format = formatJSON
	}
	return format, format == formatJSON || format == formatCSV
}

// sendCSV answers in CSV. PostHog's renderer knows nothing but lists of
// results: anything else, errors included, becomes an empty body, and an answer
// without a body breaks it after the work is done.
func (r reply) sendCSV(w http.ResponseWriter) {
	if r.body == nil {
		r = serverError()
	}
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	encoded, err := encode(r.body)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.WriteHeader(r.status)
	results := gjson.GetBytes(encoded, "results")
	if r.status >= 300 || !results.IsArray() {
		return
	}
	_ = writeTable(w, results.Array())
}

// writeTable flattens rows to columns named by their path, the header being
// the sorted union over all rows.
func writeTable(w http.ResponseWriter, rows []gjson.Result) error {
	columns := map[string]bool{}
	flat := make([]map[string]string, len(rows))
	for i, row := range rows {
		flat[i] = map[string]string{}
		flatten("", row, flat[i])
		for column := range flat[i] {
			columns[column] = true
		}
	}
	header := slices.Sorted(maps.Keys(columns))
	if len(header) == 0 {
		return nil
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(header); err != nil {
		return err
	}
	record := make([]string, len(header))
	for _, row := range flat {
		for i, column := range header {
			record[i] = row[column]
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// flatten puts every leaf of a value into cells under its dotted path.
func flatten(path string, value gjson.Result, cells map[string]string) {
	switch {
	case value.IsObject() || value.IsArray():
		n := 0
		value.ForEach(func(name, member gjson.Result) bool {
			step := name.String()
			if value.IsArray() {
				step = strconv.Itoa(n)
			}
			n++
			if path != "" {
				step = path + "." + step
			}
			flatten(step, member, cells)
			return true
		})
	case value.Type == gjson.True:
		cells[path] = "True"
	case value.Type == gjson.False:
		cells[path] = "False"
	default:
		cells[path] = value.String()
	}
}
