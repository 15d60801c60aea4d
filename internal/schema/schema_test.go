package schema_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"posthog-accounts-mcp/internal/schema"
	"posthog-accounts-mcp/internal/schemagen"
)

type filter struct {
	Key      string       `json:"key" jsonschema:"minLength=1,maxLength=20" jsonschema_description:"Property key."`
	Operator string       `json:"operator,omitempty" jsonschema:"enum=exact,enum=icontains" jsonschema_description:"How to compare."`
	Value    schema.Value `json:"value,omitempty" jsonschema_description:"What to compare with."`
}

type changes struct {
	StripeID string `json:"stripe_customer_id,omitempty" jsonschema:"maxLength=10" jsonschema_description:"Stripe id."`
}

type request struct {
	Account string        `json:"account" jsonschema:"minLength=1,maxLength=40" jsonschema_description:"Which account."`
	Limit   int           `json:"limit,omitempty" jsonschema:"minimum=1,maximum=200" jsonschema_description:"At most this many."`
	Tags    []string      `json:"tags,omitempty" jsonschema:"maxItems=3" jsonschema_description:"Tags."`
	Filters []filter      `json:"filters,omitempty" jsonschema_description:"Filters."`
	Set     changes       `json:"set,omitempty" jsonschema_description:"What to set."`
	Free    schema.Object `json:"free,omitempty" jsonschema_description:"Anything."`
	Value   schema.Scalar `json:"value,omitempty" jsonschema_description:"A scalar."`
	Since   string        `json:"since,omitempty" jsonschema:"pattern=^-\\d+d$" jsonschema_description:"Such as -30d."`
	Force   bool          `json:"force,omitempty" jsonschema_description:"Really."`
}

func validator(t testing.TB) *schema.Validator {
	source, err := schemagen.Input(reflect.TypeFor[request]())
	require.NoError(t, err)
	v, err := schema.Compile(source, "account", "key")
	require.NoError(t, err)
	return v
}

func TestDecodeForgivesTheForm(t *testing.T) {
	t.Parallel()
	v := validator(t)
	for name, test := range map[string]struct {
		give string
		want request
	}{
		"plain":                 {`{"account":"a","limit":5}`, request{Account: "a", Limit: 5}},
		"integer as string":     {`{"account":"a","limit":"5"}`, request{Account: "a", Limit: 5}},
		"integer as float":      {`{"account":"a","limit":5.0}`, request{Account: "a", Limit: 5}},
		"null is absent":        {`{"account":"a","limit":null,"tags":null}`, request{Account: "a"}},
		"list as string":        {`{"account":"a","tags":"[\"x\",\"y\"]"}`, request{Account: "a", Tags: []string{"x", "y"}}},
		"object as string":      {`{"account":"a","set":"{\"stripe_customer_id\":\"c\"}"}`, request{Account: "a", Set: changes{"c"}}},
		"free object as string": {`{"account":"a","free":"{\"n\":1}"}`, request{Account: "a", Free: schema.Object{"n": json.RawMessage("1")}}},
		"list of objects":       {`{"account":"a","filters":"[{\"key\":\"plan\",\"value\":[\"a\"]}]"}`, request{Account: "a", Filters: []filter{{Key: "plan", Value: schema.Value(`["a"]`)}}}},
		"boolean as string":     {`{"account":"a","force":"true"}`, request{Account: "a", Force: true}},
		"boolean as Python's":   {`{"account":"a","force":" True "}`, request{Account: "a", Force: true}},
		"false as string":       {`{"account":"a","force":"FALSE"}`, request{Account: "a"}},
		"string as integer":     {`{"account":42}`, request{Account: "42"}},
		"string as long digits": {`{"account":12345678901234567890123}`, request{Account: "12345678901234567890123"}},
		"inside a list":         {`{"account":"a","filters":[{"key":7,"value":8}]}`, request{Account: "a", Filters: []filter{{Key: "7", Value: schema.Value("8")}}}},
		"scalar stays a number": {`{"account":"a","value":5}`, request{Account: "a", Value: schema.Scalar("5")}},
		"scalar stays a text":   {`{"account":"a","value":"true"}`, request{Account: "a", Value: schema.Scalar(`"true"`)}},
		"string stays a string": {`{"account":"a","value":"{\"n\":1}"}`, request{Account: "a", Value: schema.Scalar(`"{\"n\":1}"`)}},
		"name that looks JSON":  {`{"account":"[1]"}`, request{Account: "[1]"}},
		"null inside free":      {`{"account":"a","free":{"n":null}}`, request{Account: "a", Free: schema.Object{"n": json.RawMessage("null")}}},
		"big number kept":       {`{"account":"a","value":9007199254740993}`, request{Account: "a", Value: schema.Scalar("9007199254740993")}},
	} {
		t.Run(name, func(t *testing.T) {
			var got request
			require.NoError(t, v.Decode(json.RawMessage(test.give), &got))
			require.Equal(t, test.want, got)
		})
	}
}

func TestDecodeNamesEveryProblem(t *testing.T) {
	t.Parallel()
	v := validator(t)
	for name, test := range map[string]struct {
		give string
		want []string
	}{
		"missing":           {``, []string{`account is required`}},
		"null for required": {`{"account":null}`, []string{`account is required`}},
		"not JSON":          {`{"account":`, []string{`the arguments are not valid JSON`}},
		"not an object":     {`[1]`, []string{`the arguments must be a JSON object, got a list`}},
		"misspelt":          {`{"account":"a","limmit":5}`, []string{`unknown argument "limmit", did you mean "limit"?`}},
		"longer name":       {`{"account":"a","account_id":"b"}`, []string{`unknown argument "account_id", did you mean "account"?`}},
		"letters swapped":   {`{"account":"a","ste":{}}`, []string{`unknown argument "ste", did you mean "set"?`}},
		"nothing near":      {`{"account":"a","zzzzzz":5}`, []string{`unknown argument "zzzzzz"; valid are account, filters, force, free, limit, set, since, tags, value`}},
		"nested misspelt":   {`{"account":"a","set":{"stripe_id":"x"}}`, []string{`unknown name in set: "stripe_id", did you mean "stripe_customer_id"?`}},
		"in a list":         {`{"account":"a","filters":[{"key":""}]}`, []string{`filters[0].key must not be empty`}},
		"enum":              {`{"account":"a","filters":[{"key":"k","operator":"contains"}]}`, []string{`filters[0].operator must be one of exact, icontains; got "contains", did you mean "icontains"?`}},
		"too large":         {`{"account":"a","limit":500}`, []string{`limit must be at most 200, got 500`}},
		"negative":          {`{"account":"a","limit":-1}`, []string{`limit must be at least 1, got -1`}},
		"fraction":          {`{"account":"a","limit":1.5}`, []string{`limit must be an integer, got a number`}},
		"boolean as word":   {`{"account":"a","force":"yes"}`, []string{`force must be a boolean, got a string`}},
		"boolean as number": {`{"account":"a","force":1}`, []string{`force must be a boolean, got a number`}},
		"text as integer":   {`{"account":"a","tags":[1],"set":{"stripe_customer_id":5}}`, []string{`set.stripe_customer_id must be a string, got a number`, `tags[0] must be a string, got a number`}},
		"string as float":   {`{"account":4.0}`, []string{`account must be a string, got a number`}},
		"string as power":   {`{"account":1e3}`, []string{`account must be a string, got a number`}},
		"string as boolean": {`{"account":true}`, []string{`account must be a string, got a boolean`}},
		"scalar":            {`{"account":"a","value":[1]}`, []string{`value must be a string, a number or a boolean`}},
		"null inside":       {`{"account":"a","set":{"stripe_customer_id":null}}`, []string{`set.stripe_customer_id must be a string, got null`}},
		"of another form":   {`{"account":"a","since":"soon"}`, []string{`since does not take "soon". Such as -30d`}},
		"NUL":               {`{"account":"a\u0000b"}`, []string{`account contains a NUL character, which PostHog cannot store`}},
		"beyond a double":   {`{"account":"a","limit":1e999999999}`, []string{`limit is a number beyond what PostHog can store`}},
		"several": {`{"limit":0,"tags":["a","b","c","d"],"x":1}`, []string{
			`account is required`, `limit must be at least 1, got 0`, `tags must have at most 3 items, has 4`,
			`unknown argument "x"; valid are account, filters, force, free, limit, set, since, tags, value`}},
	} {
		t.Run(name, func(t *testing.T) {
			var got request
			var problems *schema.Problems
			require.ErrorAs(t, v.Decode(json.RawMessage(test.give), &got), &problems)
			require.Equal(t, test.want, problems.List)
		})
	}
}

// Whatever is sent, the answer is a decoded request or a *Problems.
func FuzzDecode(f *testing.F) {
	v := validator(f)
	for _, seed := range []string{`{}`, `{"account":"a","limit":"1e5"}`, `{"account":"a","filters":"[[[["}`, `{"account":{"a":1}}`, `{"account":"a","limit":"0x10"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, arguments []byte) {
		var got request
		err := v.Decode(arguments, &got)
		var problems *schema.Problems
		if err != nil && !errors.As(err, &problems) {
			t.Fatalf("%q: %v", arguments, err)
		}
	})
}

// A request that is valid as it stands decodes to itself.
func TestDecodeRoundTrip(t *testing.T) {
	t.Parallel()
	v := validator(t)
	rapid.Check(t, func(t *rapid.T) {
		want := request{
			Account: rapid.StringMatching(`[^\x00]{1,40}`).Draw(t, "account"),
			Limit:   rapid.IntRange(1, 200).Draw(t, "limit"),
			Tags:    rapid.SliceOfN(rapid.StringMatching(`[a-z]+`), 1, 3).Draw(t, "tags"),
			Force:   rapid.Bool().Draw(t, "force"),
		}
		arguments, err := json.Marshal(want)
		require.NoError(t, err)
		var fields map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(arguments, &fields))
		delete(fields, "value") // a zero Scalar encodes as null, which is absent
		delete(fields, "set")
		arguments, err = json.Marshal(fields)
		require.NoError(t, err)
		var got request
		require.NoError(t, v.Decode(arguments, &got))
		require.Equal(t, want, got)
	})
}
