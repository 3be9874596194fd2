// Command bridge is a STAND-IN for ollama-mcp-bridge in tests, with the habits that were seen of it: it reads --config
// and --ollama-url and nothing of the environment; without them it wants a writable cache under a read-only root; it
// connects to MCP once, at its start, swallows a failure and serves with 0 tools; it keeps its session for ever.
//
// It talks to the real Ollama. What the model would decide it decides itself: where it has tools it calls the first
// one, and puts the result before what the model says. A model of random weights cannot do that.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"standins/chat"
	"standins/mcp"
)

type bridge struct {
	ollama   string
	sessions []*mcp.Session
}

func main() {
	log.SetFlags(0)
	log.Print("this is a STAND-IN for ollama-mcp-bridge in tests, not the program itself")
	config := flag.String("config", "", "servers.json")
	ollama := flag.String("ollama-url", "http://localhost:11434", "Ollama")
	flag.Parse()
	if len(os.Args) == 1 {
		start()
	}
	b := &bridge{ollama: strings.TrimSuffix(*ollama, "/")}
	b.connect(*config)
	log.Printf("Total tools available: %d", b.tools())
	http.HandleFunc("/health", b.health)
	http.HandleFunc("/api/chat", b.chat)
	log.Print("Uvicorn running on http://0.0.0.0:8000")
	log.Fatal(http.ListenAndServe(":8000", nil))
}

// start is what `uv run` does before the program itself.
func start() {
	cache := filepath.Join(os.Getenv("HOME"), "/.cache/uv")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		log.Printf("error: Failed to initialize cache at `%s`\n  Caused by: %v", cache, err)
		os.Exit(2)
	}
}

func (b *bridge) connect(config string) {
	raw, err := os.ReadFile(config)
	if err != nil {
		log.Printf("no MCP servers: %v", err)
		return
	}
	var servers struct {
		McpServers map[string]struct{ URL string }
	}
	if err := json.Unmarshal(raw, &servers); err != nil {
		log.Printf("no MCP servers: %v", err)
		return
	}
	for name, server := range servers.McpServers {
		session, err := open(server.URL)
		if err != nil {
			log.Printf("failed to connect to MCP server %s at %s: %v", name, server.URL, err)
			continue
		}
		log.Printf("connected to MCP server %s: %d tools", name, len(session.Tools))
		b.sessions = append(b.sessions, session)
	}
}

// open tries for a few seconds: a new pod is refused for its first moments, and that is not what is tested.
func open(url string) (session *mcp.Session, err error) {
	for range 6 {
		if session, err = mcp.Open(url); err == nil {
			return session, nil
		}
		time.Sleep(500 * time.Millisecond)
	}
	return nil, err
}

func (b *bridge) tools() (count int) {
	for _, session := range b.sessions {
		count += len(session.Tools)
	}
	return count
}

func (b *bridge) health(w http.ResponseWriter, _ *http.Request) {
	state, code := "running", http.StatusOK
	response, err := (&http.Client{Timeout: 5 * time.Second}).Get(b.ollama + "/")
	if err != nil {
		state, code = "not accessible", http.StatusServiceUnavailable
	} else {
		response.Body.Close()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	chat.Send(w, map[string]any{"status": map[bool]string{true: "healthy", false: "degraded"}[code == 200],
		"ollama_status": state, "tools": b.tools()})
}

func (b *bridge) chat(w http.ResponseWriter, r *http.Request) {
	var asked chat.Request
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		http.Error(w, `{"detail":"no JSON"}`, http.StatusBadRequest)
		return
	}
	var before []chat.Chunk
	for _, session := range b.sessions {
		for _, tool := range session.Tools {
			asked.Tools = append(asked.Tools, map[string]any{"type": "function", "function": map[string]any{
				"name": "opencost." + tool.Name, "description": tool.Description, "parameters": tool.InputSchema}})
		}
	}
	if len(b.sessions) > 0 && len(b.sessions[0].Tools) > 0 {
		before = b.askOpenCost(&asked)
	}
	asked.Stream = true
	raw, _ := json.Marshal(asked)
	response, err := http.Post(b.ollama+"/api/chat", "application/json", bytes.NewReader(raw))
	if err != nil {
		http.Error(w, fmt.Sprintf(`{"detail":"Ollama is not reachable: %v"}`, err), http.StatusServiceUnavailable)
		return
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		words, _ := io.ReadAll(io.LimitReader(response.Body, 4096))
		w.WriteHeader(http.StatusBadGateway)
		chat.Send(w, map[string]string{"detail": string(words)})
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	for _, chunk := range before {
		chat.Send(w, chunk)
	}
	if err := chat.Chunks(response.Body, func(chunk chat.Chunk) error { chat.Send(w, chunk); return nil }); err != nil {
		chat.Send(w, chat.Chunk{Error: err.Error()})
	}
}

// askOpenCost calls the first tool; the frames that tell of it, and the result for the model to read.
func (b *bridge) askOpenCost(asked *chat.Request) []chat.Chunk {
	session := b.sessions[0]
	name, arguments := session.Tools[0].Name, map[string]any{"window": "yesterday", "aggregate": "namespace"}
	result, err := session.Call(name, arguments)
	said := "From OpenCost: " + result + " "
	if err != nil {
		result, said = "Error executing tool "+name+": "+err.Error(), "I could not get the cost data. "
	}
	log.Printf("tool %s: %s", name, result)
	var call chat.Call
	call.Function.Name, call.Function.Arguments = "opencost."+name, arguments
	turns := []chat.Message{
		{Role: "assistant", ToolCalls: []chat.Call{call}},
		{Role: "tool", Content: result},
		{Role: "assistant", Content: said},
	}
	asked.Messages = append(asked.Messages, turns[1])
	chunks := make([]chat.Chunk, 0, len(turns))
	for _, turn := range turns {
		chunks = append(chunks, chat.Chunk{Model: asked.Model, Message: turn})
	}
	return chunks
}
