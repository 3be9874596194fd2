// Command gateway is a STAND-IN for opencost-ai-gateway in tests, with the same API: /v1/health without a token,
// /v1/ask with one, plain or as server-sent events. Without a token on disk it runs, is Ready, and answers 503.
package main

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"standins/chat"
)

const version = "0.1.0"

func main() {
	log.SetFlags(0)
	log.Print("this is a STAND-IN for opencost-ai-gateway in tests, not the program itself")
	go func() {
		metrics := env("OPENCOST_AI_METRICS_LISTEN_ADDR", ":9090")
		log.Fatal(http.ListenAndServe(metrics, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(w, "opencost_ai_up 1")
		})))
	}()
	http.HandleFunc("/v1/health", func(w http.ResponseWriter, _ *http.Request) {
		chat.Send(w, map[string]string{"status": "ok", "version": version})
	})
	http.HandleFunc("/v1/models", guarded(func(w http.ResponseWriter, _ *http.Request) {
		chat.Send(w, map[string]any{"models": []any{}, "default": os.Getenv("OPENCOST_AI_DEFAULT_MODEL")})
	}))
	http.HandleFunc("/v1/tools", guarded(func(w http.ResponseWriter, _ *http.Request) {
		chat.Send(w, map[string]any{"tools": []any{}, "discovery_deferred": true})
	}))
	http.HandleFunc("/v1/ask", guarded(ask))
	log.Fatal(http.ListenAndServe(env("OPENCOST_AI_LISTEN_ADDR", ":8080"), nil))
}

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// problem is RFC 7807.
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	chat.Send(w, map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail})
}

// guarded reads the token anew at every request: a Secret made later is picked up.
func guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, _ := os.ReadFile(env("OPENCOST_AI_AUTH_TOKEN_FILE", "/var/run/secrets/opencost-ai/token"))
		want := strings.TrimSpace(string(token))
		if want == "" {
			problem(w, http.StatusServiceUnavailable, "authentication is not configured on this gateway")
			return
		}
		got, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="opencost-ai"`)
			problem(w, http.StatusUnauthorized, "missing or wrong bearer token")
			return
		}
		next(w, r)
	}
}

type question struct {
	Query          string `json:"query"`
	Model          string `json:"model"`
	ConversationID string `json:"conversation_id"`
	Stream         bool   `json:"stream"`
	Format         string `json:"format"`
}

type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
}

type toolCall struct {
	Name string         `json:"name"`
	Args map[string]any `json:"args"`
}

func ask(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	if r.Method != http.MethodPost {
		problem(w, http.StatusMethodNotAllowed, "POST")
		return
	}
	var q question
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 8192))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&q); err != nil || strings.TrimSpace(q.Query) == "" {
		problem(w, http.StatusBadRequest, fmt.Sprintf("the request cannot be read: %v", err))
		return
	}
	if q.Model == "" {
		q.Model = os.Getenv("OPENCOST_AI_DEFAULT_MODEL")
	}
	body, _ := json.Marshal(chat.Request{Model: q.Model, Stream: true,
		Messages: []chat.Message{{Role: "user", Content: q.Query}}})
	request, _ := http.NewRequestWithContext(r.Context(), "POST", os.Getenv("OPENCOST_AI_BRIDGE_URL")+"/api/chat",
		bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		problem(w, http.StatusServiceUnavailable, "the bridge is not reachable")
		return
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		words, _ := io.ReadAll(io.LimitReader(response.Body, 4096))
		log.Printf("the bridge answered %d: %s", response.StatusCode, words)
		status := http.StatusBadGateway
		if response.StatusCode == http.StatusServiceUnavailable {
			status = http.StatusServiceUnavailable
		}
		problem(w, status, string(words))
		return
	}
	out := answering{w: w, stream: q.Stream, id: fmt.Sprintf("%016x", began.UnixNano())}
	out.open()
	err = chat.Chunks(response.Body, out.take)
	out.close(q, time.Since(began), err)
}

type answering struct {
	w      http.ResponseWriter
	stream bool
	id     string
	model  string
	text   strings.Builder
	calls  []toolCall
	used   usage
}

func (a *answering) open() {
	if a.stream {
		a.w.Header().Set("Content-Type", "text/event-stream")
		a.w.WriteHeader(http.StatusOK)
	}
}

func (a *answering) event(kind string, data any) {
	if a.stream {
		fmt.Fprintf(a.w, "event: %s\ndata: ", kind)
		chat.Send(a.w, data)
		fmt.Fprint(a.w, "\n")
	}
}

func (a *answering) take(chunk chat.Chunk) error {
	if chunk.Error != "" {
		return errors.New(chunk.Error)
	}
	if chunk.Model != "" {
		a.model = chunk.Model
	}
	for _, call := range chunk.Message.ToolCalls {
		found := toolCall{call.Function.Name, call.Function.Arguments}
		a.calls = append(a.calls, found)
		a.event("tool_call", found)
	}
	switch {
	case chunk.Message.Role == "tool":
		a.event("tool_result", map[string]string{"content": chunk.Message.Content})
	case chunk.Message.Content != "":
		a.text.WriteString(chunk.Message.Content)
		a.event("token", map[string]string{"text": chunk.Message.Content})
	}
	if chunk.Done {
		a.used = usage{chunk.PromptEvalCount, chunk.EvalCount}
	}
	return nil
}

func (a *answering) close(q question, took time.Duration, err error) {
	log.Printf("ask %s: %d tool calls", a.id, len(a.calls))
	if err != nil {
		if a.stream {
			a.event("error", map[string]any{"request_id": a.id, "status": 502, "title": "Bad Gateway",
				"detail": "upstream bridge stream failed"})
			return
		}
		problem(a.w, http.StatusBadGateway, err.Error())
		return
	}
	rest := map[string]any{"request_id": a.id, "model": a.model, "usage": a.used, "tool_calls": a.calls,
		"latency_ms": took.Milliseconds()}
	if a.stream {
		a.event("done", rest)
		return
	}
	rest["query"], rest["answer"] = q.Query, a.text.String()
	chat.Send(a.w, rest)
}
