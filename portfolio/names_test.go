package portfolio

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// All spellings of a name have one key, and different names different ones.
func TestNameKey(t *testing.T) {
	t.Parallel()
	for _, spellings := range [][]string{
		{"Société Générale de Café", "societe generale de cafe", "Socie\u0301te\u0301 Ge\u0301ne\u0301rale de Cafe\u0301, S.A.S.", "SOCIÉTÉ GÉNÉRALE DE CAFÉ SA"},
		{"Müller & Söhne Maschinenbau", "Muller und Sohne Maschinenbau GmbH", "MÜLLER + SÖHNE MASCHINENBAU GmbH & Co. KG"},
		{"Łódź Logistyka", "lodz logistyka sp. z o.o."},
		{"İğdır Çiğköfte A.Ş.", "Igdir Cigkofte"},
		{"O'Halloran's \"Fresh\" Produce", "OHallorans Fresh Produce", "O’Halloran’s Fresh Produce Ltd."},
		{"Acme Robotics", "acme-robotics", "The ACME Robotics, Inc.", "AcmeRobotics", " acme\u00a0robotics  LLC "},
		{"Zero\u200bWidth Systems", "ZeroWidth Systems"},
		{"株式会社みなと工業", "株式会社 みなと工業"},
		{"🚀 Liftoff Couriers", "Liftoff Couriers"},
		{"Ｆｕｌｌ Width", "full width"},
		{"Smørrebrød ApS", "Smorrebrod", "Smørrebrød A/S"},
	} {
		for _, other := range spellings[1:] {
			require.Equal(t, nameKey(spellings[0]), nameKey(other), other)
		}
	}
	for _, pair := range [][2]string{{"Acme", "Acme Foods"}, {"Inc", "Ltd"}, {"A", "B"}, {"Northlea Labs", "Northlea Legal"}} {
		require.NotEqual(t, nameKey(pair[0]), nameKey(pair[1]))
		require.NotEmpty(t, nameKey(pair[0]))
	}
	require.Empty(t, nameKey("🚀!"))
}

// A key stays what it is when it is taken once more.
func TestNameKeyIsStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		require.Equal(t, nameKey(name), nameKey("  "+name+" "))
	})
}

func TestDomainsAndAddresses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"acme.example":                        {"acme.example", ""},
		"WWW.Acme.example.":                   {"acme.example", ""},
		"https://www.acme.example/pricing?a=": {"acme.example", ""},
		"acme.example/pricing":                {"acme.example", ""},
		"Zoe@Acme.example":                    {"acme.example", "zoe@acme.example"},
		"mailto:zoe@acme.example":             {"acme.example", "zoe@acme.example"},
		"@acme.example":                       {"acme.example", ""},
		"bücher.example":                      {"bücher.example", ""},
		"Acme Robotics":                       {"", ""},
		"Acme Inc.":                           {"", ""},
		"1.5":                                 {"", ""},
		"10.0.0.1":                            {"", ""},
		"":                                    {"", ""},
		"../Parent":                           {"", ""},
		"a@b":                                 {"", ""},
	} {
		require.Equal(t, want, [2]string{domainIn(text), emailIn(text)}, text)
	}
	require.True(t, under("mail.acme.example", "acme.example"))
	require.False(t, under("notacme.example", "acme.example"))
}
