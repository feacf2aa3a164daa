// SPDX-License-Identifier: Apache-2.0

// Holds the dashboard against the types of Grafana's own schema. Members that Grafana does not know, members that it needs, and
// values of a wrong type are errors, in panels, their options and their queries as well.
package main

import (
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func main() {
	failures := check(os.Args[1])
	for _, failure := range failures {
		fmt.Println("FAILED: " + failure)
	}
	passed := 0
	if len(failures) == 0 {
		passed = 1
	}
	fmt.Printf("%d passed, %d failed\n", passed, len(failures))
	if passed == 0 {
		os.Exit(1)
	}
}

func check(file string) []string {
	// Without them, the options of panels are not looked at.
	plugins.RegisterDefaultPlugins()
	text, err := os.ReadFile(file)
	if err != nil {
		return []string{err.Error()}
	}
	var board dashboard.Dashboard
	// The error is never nil: without text there is none.
	if err := board.UnmarshalJSONStrict(text); err != nil && err.Error() != "" {
		return []string{err.Error()}
	}
	if err := board.Validate(); err != nil && err.Error() != "" {
		return []string{err.Error()}
	}
	if len(board.Panels) == 0 {
		return []string{"the dashboard has no panels"}
	}
	return nil
}
