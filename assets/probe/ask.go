package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// asked is what came of a question. Events counts the kinds of frames; tool results are what the model was given.
type asked struct {
	answer
	Answer      string           `json:"answer"`
	Model       string           `json:"model"`
	ToolCalls   []map[string]any `json:"tool_calls"`
	ToolResults []string         `json:"tool_results"`
	Usage       map[string]any   `json:"usage"`
	Events      map[string]int   `json:"events"`
}

// ask puts a question to the gateway, streamed: on a CPU the gateway's limit for unstreamed answers is too short.
// The token is read from a mounted file and is in no argument, no environment and no output.
func ask(args []string) error {
	set := flags("ask")
	limit := set.Duration("timeout", 5*time.Minute, "for the whole answer")
	patience := patienceFlag(set)
	tokenFile := set.String("token-file", "", "file that holds the bearer token")
	query := set.String("query", "", "the question")
	urls, err := words(set, args)
	if err != nil {
		return err
	}
	if len(urls) != 1 || *tokenFile == "" || *query == "" {
		return usage("ask takes a URL, --token-file and --query")
	}
	out := asked{answer: answer{URL: urls[0]}, ToolCalls: []map[string]any{}, ToolResults: []string{},
		Usage: map[string]any{}, Events: map[string]int{}}
	token, err := os.ReadFile(*tokenFile)
	if err != nil {
		return coded{"token-missing", err.Error()}
	}
	body, _ := json.Marshal(map[string]any{"query": *query, "stream": true})
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	c, err := client(identity{})
	if err != nil {
		return err
	}
	var response *http.Response
	patiently(*patience, func() bool {
		var request *http.Request
		if request, err = http.NewRequestWithContext(ctx, "POST", urls[0], bytes.NewReader(body)); err != nil {
			return true
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", "text/event-stream, application/json")
		request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
		response, err = c.Do(request)
		return err == nil || httpOutcome(err) == "tls"
	})
	if err != nil {
		out.Outcome, out.Detail = httpOutcome(err), err.Error()
		say(out)
		return nil
	}
	defer response.Body.Close()
	out.Outcome, out.Status = "answered", response.StatusCode
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		out.read(response.Body)
	} else {
		data, err := io.ReadAll(io.LimitReader(response.Body, bodyLimit))
		out.Body, out.Detail = string(data), text(err)
		if response.StatusCode == http.StatusOK {
			out.whole(data)
		}
	}
	say(out)
	return nil
}

// whole takes an unstreamed answer apart.
func (a *asked) whole(data []byte) {
	var reply struct {
		Answer    string           `json:"answer"`
		Model     string           `json:"model"`
		ToolCalls []map[string]any `json:"tool_calls"`
		Usage     map[string]any   `json:"usage"`
	}
	if json.Unmarshal(data, &reply) == nil {
		a.Answer, a.Model = reply.Answer, reply.Model
		a.ToolCalls = append(a.ToolCalls, reply.ToolCalls...)
		if reply.Usage != nil {
			a.Usage = reply.Usage
		}
	}
}

// read folds server-sent events in; what is kept is bounded, what is counted is not.
func (a *asked) read(stream io.Reader) {
	lines := bufio.NewScanner(stream)
	lines.Buffer(make([]byte, 64<<10), 1<<20)
	kind := ""
	var said strings.Builder
	for lines.Scan() {
		line := lines.Text()
		if name, ok := strings.CutPrefix(line, "event:"); ok {
			kind = strings.TrimSpace(name)
			continue
		}
		data, ok := strings.CutPrefix(line, "data:")
		if !ok {
			continue
		}
		a.Events[kind]++
		var frame map[string]any
		if json.Unmarshal([]byte(strings.TrimSpace(data)), &frame) != nil {
			continue
		}
		switch kind {
		case "token":
			if piece, ok := frame["text"].(string); ok && said.Len() < bodyLimit {
				said.WriteString(piece)
			}
		case "tool_call":
			if len(a.ToolCalls) < 50 {
				a.ToolCalls = append(a.ToolCalls, map[string]any{"name": frame["name"], "args": frame["args"]})
			}
		case "tool_result":
			if content, ok := frame["content"].(string); ok && len(a.ToolResults) < 20 {
				a.ToolResults = append(a.ToolResults, content[:min(len(content), 4096)])
			}
		case "done":
			a.Model, _ = frame["model"].(string)
			if usage, ok := frame["usage"].(map[string]any); ok {
				a.Usage = usage
			}
		case "error":
			a.Detail = strings.TrimSpace(data)
		}
	}
	a.Answer = said.String()
	if err := lines.Err(); err != nil && a.Detail == "" {
		a.Detail = err.Error()
	}
	if a.Events["done"] == 0 && a.Detail == "" {
		a.Detail = "the stream ended without a done event"
	}
}
