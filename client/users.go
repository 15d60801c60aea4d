package client

import "github.com/tidwall/gjson"

// User is somebody with a login to PostHog, as far as an agent needs to know.
type User struct {
	ID                         int64 // what role filters and relationships take; 0 where PostHog leaves it out
	UUID, DistinctID           string
	FirstName, LastName, Email string
}

// userOf reads a user, nil for null.
func userOf(value gjson.Result) *User {
	if !value.IsObject() {
		return nil
	}
	return &User{
		ID:         integer(value, "id"),
		UUID:       text(value, "uuid"),
		DistinctID: text(value, "distinct_id"),
		FirstName:  text(value, "first_name"),
		LastName:   text(value, "last_name"),
		Email:      text(value, "email"),
	}
}
