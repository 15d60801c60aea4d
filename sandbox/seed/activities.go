package seed

import "time"

// Activities are the logs of about two hundred persons, newest first.
func Activities() []Activity {
	activities := make([]Activity, 0, 400)
	for n := range 200 {
		r := random(areaActivities, n)
		activities = append(activities, Activity{
			ID:       timeOrderedID(r, time.Duration(n)*time.Hour),
			PersonID: int64(n*17 + 1),
			User:     pick(r, csms),
			Activity: "updated",
			Changes:  []Change{{Action: "changed", Field: "properties"}},
			Ago:      days(r, n/2),
		})
	}
	return activities
}
