// Command probe is what airgap-wizard runs inside a cluster: it looks, and it loads the model. It is static, so
// its image holds nothing else, and it needs no dependency.
//
// Every command prints one JSON object a line. It exits 0 when it could look, whatever it saw, and 1 when it
// could not: a verdict is never made here. The words are listed in docs/ARCHITECTURE.md ("The probe's words").
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strconv"
	"time"
)

// Version is set at link time.
var Version = "dev"

type command struct {
	run  func(args []string) error
	help string
}

func main() {
	commands := map[string]command{
		"dial":    {dial, "HOST:PORT… [--timeout 5s]"},
		"resolve": {resolve, "NAME… [--timeout 5s] [--patience 8s]"},
		"get":     {get, "URL [--timeout 5s] [--ca F] [--patience 8s]"},
		"mcp":     {mcp, "URL [--timeout 10s] [--patience 8s]"},
		"ask":     {ask, "URL --token-file F --query Q [--timeout 300s] [--patience 8s]"},
		"serve":   {serve, ":PORT [--for 300s]"},
		"load":    {load, "--reference HOST/REPO@DIGEST --model NAME --store DIR [--auth F] [--ca F] [--client-cert F --client-key F] [--plain-http]"},
		"store":   {store, "--store DIR [--verify]"},
		"sleep":   {sleep, "SECONDS"},
		"version": {func([]string) error { say(map[string]any{"version": Version}); return nil }, ""},
	}
	if len(os.Args) > 1 {
		if c, ok := commands[os.Args[1]]; ok {
			if err := c.run(os.Args[2:]); err != nil {
				say(map[string]any{"outcome": "failed", "code": codeOf(err), "detail": err.Error()})
				os.Exit(1)
			}
			return
		}
	}
	fmt.Fprintln(os.Stderr, "usage: probe COMMAND …")
	for name, c := range commands {
		fmt.Fprintf(os.Stderr, "  %s %s\n", name, c.help)
	}
	os.Exit(1)
}

// say prints one line of JSON.
func say(value any) {
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	_ = out.Encode(value)
}

// words parses flags that may stand before, between and after the plain words.
func words(set *flag.FlagSet, args []string) ([]string, error) {
	var plain []string
	for {
		if err := set.Parse(args); err != nil {
			return nil, usage(err.Error())
		}
		args = set.Args()
		if len(args) == 0 {
			return plain, nil
		}
		plain, args = append(plain, args[0]), args[1:]
	}
}

func flags(name string) *flag.FlagSet {
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	set.SetOutput(os.Stderr)
	return set
}

// coded is an error with a stable code.
type coded struct {
	code, text string
}

func (c coded) Error() string { return c.text }

func usage(text string) error { return coded{"usage", text} }

func codeOf(err error) string {
	if c, ok := err.(coded); ok {
		return c.code
	}
	return "probe-failed"
}

func sleep(args []string) error {
	if len(args) != 1 {
		return usage("sleep takes a number of seconds")
	}
	seconds, err := strconv.ParseFloat(args[0], 64)
	if err != nil {
		return usage(err.Error())
	}
	time.Sleep(time.Duration(seconds * float64(time.Second)))
	return nil
}
