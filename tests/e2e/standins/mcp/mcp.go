// Package mcp is a small client of the Model Context Protocol over streamable HTTP.
package mcp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Session is made once and kept for ever, as the bridge does it.
type Session struct {
	URL, ID string
	Tools   []Tool
}

// Tool is one that the server offers.
type Tool struct {
	Name        string         `json:"name"`
	Description string         `json:"description"`
	InputSchema map[string]any `json:"inputSchema"`
}

// Open shakes hands and lists the tools.
func Open(url string) (*Session, error) {
	s := &Session{URL: url}
	hello := map[string]any{
		"protocolVersion": "2025-03-26", "capabilities": map[string]any{},
		"clientInfo": map[string]any{"name": "bridge stand-in", "version": "1"},
	}
	if _, err := s.call("initialize", hello); err != nil {
		return nil, err
	}
	if _, err := s.call("notifications/initialized", nil); err != nil {
		return nil, err
	}
	raw, err := s.call("tools/list", nil)
	if err != nil {
		return nil, err
	}
	var listed struct{ Tools []Tool }
	if err := json.Unmarshal(raw, &listed); err != nil {
		return nil, err
	}
	s.Tools = listed.Tools
	return s, nil
}

// Call calls a tool and gives back its text.
func (s *Session) Call(name string, arguments map[string]any) (string, error) {
	raw, err := s.call("tools/call", map[string]any{"name": name, "arguments": arguments})
	if err != nil {
		return "", err
	}
	var result struct{ Content []struct{ Text string } }
	if err := json.Unmarshal(raw, &result); err != nil || len(result.Content) == 0 {
		return "", fmt.Errorf("a result without content")
	}
	return result.Content[0].Text, nil
}

func (s *Session) call(method string, params any) (json.RawMessage, error) {
	body := map[string]any{"jsonrpc": "2.0", "method": method}
	if params != nil {
		body["params"] = params
	}
	if !strings.HasPrefix(method, "notifications/") {
		body["id"] = 1
	}
	raw, _ := json.Marshal(body)
	request, err := http.NewRequest("POST", s.URL, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	if s.ID != "" {
		request.Header.Set("Mcp-Session-Id", s.ID)
	}
	response, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusNotFound && s.ID != "" {
		return nil, fmt.Errorf("Session terminated") //nolint:staticcheck // the words of the program this stands for
	}
	if response.StatusCode >= 300 {
		return nil, fmt.Errorf("HTTP %d", response.StatusCode)
	}
	if id := response.Header.Get("Mcp-Session-Id"); id != "" {
		s.ID = id
	}
	for _, line := range strings.Split(string(data), "\n") {
		if payload, ok := strings.CutPrefix(line, "data:"); ok {
			data = []byte(payload)
		}
	}
	var reply struct{ Result json.RawMessage }
	_ = json.Unmarshal(data, &reply)
	return reply.Result, nil
}
