package seed

import (
	"fmt"
	"math/rand/v2"
)

// compose writes a note about a call with the account's people.
func compose(r *rand.Rand, a *Account, author int64) (title, markdown string) {
	people := contactsOf(a)
	title = "Call with " + people[0].given
	markdown = fmt.Sprintf("## Call with %s\n\n%s spoke with **%s** (%s).\n\n- ARR: $%d\n- Health: %d\n\n### Next steps\n\n- [ ] Send the recap to %s\n",
		a.Name, firstName(author), people[0].name(), people[0].title, a.facts.arr, a.facts.health, pick(r, people).email)
	return title, markdown
}
