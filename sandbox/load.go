package sandbox

import "time"

// seedIdentity sets up the organisation, its project and its members. It runs
// at once, unlike the loading of rows: there is little of it, and the keys
// need their owners.
func (s *Sandbox) seedIdentity() {
	s.org = organization{ID: organizationID, Name: "Sandbox Inc."}
	s.project = project{ID: ProjectID, UUID: "0192d1aa-5c1e-7000-8000-0000000000a1", Name: "Default project"}
	joined := s.start.Add(-400 * 24 * time.Hour)
	s.org.Users = []user{
		{ID: 1, UUID: "0192d1aa-5c1e-7000-8000-00000000b001", DistinctID: "ada", FirstName: "Ada", Email: "ada@example.com", Level: 15, JoinedAt: joined},
		{ID: 2, UUID: "0192d1aa-5c1e-7000-8000-00000000b002", DistinctID: "grace", FirstName: "Grace", Email: "grace@example.com", Level: 1, JoinedAt: joined.Add(time.Hour)},
		{ID: 3, UUID: "0192d1aa-5c1e-7000-8000-00000000b003", DistinctID: "linus", FirstName: "Linus", Email: "linus@example.com", Level: 1, JoinedAt: joined.Add(2 * time.Hour)},
	}
}
