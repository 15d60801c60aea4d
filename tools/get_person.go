package tools

import "context"

// GetPersonRequest are the arguments of get_person.
type GetPersonRequest struct {
	ProjectArg
	PersonArg
	Fields []string `json:"fields,omitempty" jsonschema:"maxItems=50" jsonschema_description:"Only these properties, uncut; dots reach inside, e.g. company.size."`
	SizeArg
}

// GetPersonResult is one person.
type GetPersonResult struct {
	Person    Person `json:"person"`
	MatchedBy string `json:"matched_by" jsonschema_description:"What of the person the given reference matched."`
	URL       string `json:"url"`
	ProjectID int64  `json:"project_id"`
}

var getPersonTool = define(Spec{
	Name:        "get_person",
	Title:       "Get a person",
	Description: "One person with properties; long values and long lists of distinct ids are shown in part.",
	Toolset:     Persons,
	Effect:      Reads,
}, getPerson)

func getPerson(d *Desk, ctx context.Context, in GetPersonRequest) (GetPersonResult, error) {
	asked, err := projectPersons(in.Fields)
	if err != nil {
		return GetPersonResult{}, err
	}
	s, err := d.scope(ctx, in.ProjectID)
	if err != nil {
		return GetPersonResult{}, err
	}
	person, match, err := s.people.Find(ctx, in.Person)
	if err != nil {
		return GetPersonResult{}, err
	}
	if len(in.Fields) > 0 && in.MaxTokens == 0 {
		in.MaxTokens = maxResultTokens
	}
	result := GetPersonResult{MatchedBy: match.String(), URL: s.links.person(person.UUID), ProjectID: s.project}
	result.Person = wholePerson(person, asked, in.room()-tokens(result))
	return result, nil
}
