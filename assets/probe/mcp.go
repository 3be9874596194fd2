package main

import (
	"encoding/json"
	"strings"
	"time"
)

// rpc is the part of a JSON-RPC answer that is looked at.
type rpc struct {
	Result struct {
		ServerInfo struct {
			Name    string `json:"name"`
			Version string `json:"version"`
		} `json:"serverInfo"`
		Tools []json.RawMessage `json:"tools"`
	} `json:"result"`
}

// mcp does the handshake of the Model Context Protocol over streamable HTTP (initialize, initialized, tools/list).
// A port that is open proves nothing: OpenCost listens on it only with its MCP server switched on.
func mcp(args []string) error {
	set := flags("mcp")
	limit := set.Duration("timeout", 10*time.Second, "for each request")
	patience := patienceFlag(set)
	urls, err := words(set, args)
	if err != nil {
		return err
	}
	if len(urls) != 1 {
		return usage("mcp takes a URL")
	}
	c, err := client(identity{})
	if err != nil {
		return err
	}
	header := map[string]string{
		"Content-Type": "application/json",
		"Accept":       "application/json, text/event-stream",
	}
	call := func(body string) (answer, rpc) {
		out, got := do(c, "POST", urls[0], header, []byte(body), *limit)
		if session := got.Get("Mcp-Session-Id"); session != "" {
			header["Mcp-Session-Id"] = session
		}
		var reply rpc
		_ = json.Unmarshal([]byte(payload(out.Body)), &reply)
		return out, reply
	}
	var first answer
	var hello rpc
	patiently(*patience, func() bool {
		first, hello = call(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26",` +
			`"capabilities":{},"clientInfo":{"name":"airgap-probe","version":"1"}}}`)
		return final(first.Outcome)
	})
	tools := 0
	if hello.Result.ServerInfo.Name != "" {
		call(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
		_, list := call(`{"jsonrpc":"2.0","id":2,"method":"tools/list"}`)
		tools = len(list.Result.Tools)
	}
	say(struct {
		answer
		Server any `json:"server"`
		Tools  int `json:"tools"`
	}{first, hello.Result.ServerInfo, tools})
	return nil
}

// payload is the JSON of an answer, whether it came plain or as a server-sent event.
func payload(body string) string {
	for _, line := range strings.Split(body, "\n") {
		if data, ok := strings.CutPrefix(line, "data:"); ok {
			return strings.TrimSpace(data)
		}
	}
	return body
}
