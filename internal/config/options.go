package config

import (
	"io"

	"github.com/alecthomas/kong"
)

// Option is one option of the server, as the documentation shows it.
type Option struct {
	Flag        string // without dashes; empty for what only the environment sets
	Placeholder string
	Variables   []string
	Help        string
}

// environmentOnly are the options that are no flags: the key must not be
// visible in a list of processes.
var environmentOnly = []Option{
	{Variables: []string{"POSTHOG_API_KEY"}, Help: "Personal API key (`phx_...`)."},
	{Variables: []string{"POSTHOG_API_KEY_FILE"}, Help: "File that holds the key, instead."},
	{Variables: []string{"POSTHOG_HOST"}, Help: "`us`, `eu` or the origin of a self-hosted PostHog, with or without a path prefix (default `us`)."},
}

// Options are all options of the server, in the order of --help.
func Options() ([]Option, error) {
	var line commandLine
	parser, err := newParser(&line, io.Discard, func(int) {})
	if err != nil {
		return nil, err
	}
	options := append([]Option{}, environmentOnly...)
	for _, command := range parser.Model.Children {
		if command.Name != "serve" {
			continue
		}
		for _, flag := range command.Flags {
			options = append(options, Option{Flag: flag.Name, Placeholder: placeholderOf(flag), Variables: flag.Envs, Help: kong.DefaultHelpValueFormatter(helpOnly(flag.Value))})
		}
	}
	return options, nil
}

// helpOnly is a value whose help is not followed by its variables.
func helpOnly(value *kong.Value) *kong.Value {
	bare := *value
	tag := *value.Tag
	tag.Envs = nil
	bare.Tag = &tag
	return &bare
}

func placeholderOf(flag *kong.Flag) string {
	if flag.IsBool() {
		return ""
	}
	return flag.FormatPlaceHolder()
}
