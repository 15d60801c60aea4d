package architecture_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// traps are how many there are of each kind; see docs/traps.md.
var traps = map[string]int{"A7.": 15, "A8.": 13, "A9a.": 6, "P11.": 17, "P12.": 14, "P13b.": 5, "T": 15}

var (
	trapRow  = regexp.MustCompile(`(?m)^\| ([APT][0-9a-b.]+) \| (.+) \| (.+) \| (.+) \|$`)
	testName = regexp.MustCompile("`([a-z0-9/]+): (Test[A-Za-z0-9]+)(?:/([^`]+))?`")
)

// Every trap has its row, and every test that a row names is there.
func TestEveryTrapIsHeld(t *testing.T) {
	content, err := os.ReadFile(root + "docs/traps.md")
	require.NoError(t, err)
	missing := map[string]bool{}
	for kind, count := range traps {
		for i := range count {
			missing[fmt.Sprint(kind, i+1)] = true
		}
	}
	packages := map[string]testedPackage{}
	for _, row := range trapRow.FindAllStringSubmatch(string(content), -1) {
		number, named := row[1], testName.FindAllStringSubmatch(row[4], -1)
		require.True(t, missing[number], "%s is there twice, or is no trap", number)
		delete(missing, number)
		require.NotEmpty(t, named, "%s names no test", number)
		require.Empty(t, strings.Trim(testName.ReplaceAllString(row[4], ""), ", "), "%s: tests are written `package: TestName/sub`", number)
		for _, test := range named {
			folder, name, sub := test[1], test[2], test[3]
			if _, read := packages[folder]; !read {
				packages[folder] = readTests(t, root+folder)
			}
			require.True(t, packages[folder].tests[name], "%s names %s, which is not in %s", number, name, folder)
			require.True(t, packages[folder].hasSub(sub), "%s names %s/%s, of which there is no sign in %s", number, name, sub, folder)
		}
	}
	require.Empty(t, missing, "these traps have no row")
}

// testedPackage is what the test files of a package have: functions that are
// tests, and texts that may name their parts.
type testedPackage struct{ tests, texts map[string]bool }

func readTests(t *testing.T, folder string) testedPackage {
	t.Helper()
	p := testedPackage{map[string]bool{}, map[string]bool{}}
	files, err := filepath.Glob(folder + "/*_test.go")
	require.NoError(t, err)
	require.NotEmpty(t, files, "%s has no tests", folder)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(parsed, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.FuncDecl:
				p.tests[n.Name.Name] = n.Recv == nil && strings.HasPrefix(n.Name.Name, "Test")
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
					p.texts[text] = true
				}
			}
			return true
		})
	}
	return p
}

// hasSub tells whether the texts name a part of a test: as a whole, or as a
// section and a fact of the contract.
func (p testedPackage) hasSub(sub string) bool {
	section, fact, _ := strings.Cut(sub, " ")
	return sub == "" || p.texts[sub] || p.texts[section] && p.texts[fact]
}
