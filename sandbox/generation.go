package sandbox

// generation orders the servers a sandbox imitates by age. A profile names the
// two ends; the switches of Options name what lay between them.
type generation int

const (
	documentedGeneration generation = iota
	// bridgeGeneration took role keys and dropped them in silence: roles had
	// moved to relationships, clients had not.
	bridgeGeneration
	// earlierCurrentGeneration refused role keys already, and kept notes as the
	// documented generation does.
	earlierCurrentGeneration
	currentGeneration
)

func (o Options) generation() generation {
	switch {
	case o.Bridge:
		return bridgeGeneration
	case o.EarlierCurrent:
		return earlierCurrentGeneration
	case o.Profile == Current:
		return currentGeneration
	}
	return documentedGeneration
}

// rolesInProperties tells whether an account's roles are keys of its
// properties, and whether lists can be filtered by them. Newer servers do not
// even read those filters.
func (g generation) rolesInProperties() bool { return g == documentedGeneration }

// dropsRoleKeys tells whether role keys in properties vanish without a word.
func (g generation) dropsRoleKeys() bool { return g == bridgeGeneration }

// hasRelationships tells whether relationships hold the roles.
func (g generation) hasRelationships() bool { return g >= bridgeGeneration }

// tracksAccounts tells whether accounts can be churned or ignored, which hides
// them from lists, and have the fields and properties that came with it.
func (g generation) tracksAccounts() bool { return g >= earlierCurrentGeneration }

// onlyProjects tells whether every URL below /api/environments/ is rewritten
// to /api/projects/ before anything looks at it.
func (g generation) onlyProjects() bool { return g >= earlierCurrentGeneration }

// newest tells whether the server has what came last: Markdown notebooks,
// custom properties that can be cleared, and look-ups by external id.
func (g generation) newest() bool { return g == currentGeneration }

// newer is a member of a reply that older generations do not have: it is left
// out there, which is not the same as null.
type newer[T any] struct {
	there bool
	value T
}

// since is a member that is there from a generation on.
func since[T any](there bool, value T) newer[T] { return newer[T]{there, value} }

// IsZero leaves the member out, with the tag omitzero.
func (n newer[T]) IsZero() bool { return !n.there }

// MarshalJSON implements json.Marshaler.
func (n newer[T]) MarshalJSON() ([]byte, error) { return encode(n.value) }
