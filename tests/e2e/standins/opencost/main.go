// Command opencost is a STAND-IN for OpenCost in tests: its health on 9003 and, where MCP_SERVER_ENABLED is "true" as
// newer versions want it, an MCP server (streamable HTTP, with sessions) on 8081 that knows one table of costs.
package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"sync"
)

var (
	lock     sync.Mutex
	sessions = map[string]bool{} // in memory: a new pod knows none of them
)

func main() {
	log.SetFlags(0)
	log.Print("this is a STAND-IN for OpenCost in tests, not the program itself")
	if os.Getenv("MCP_SERVER_ENABLED") == "true" {
		log.Print("MCP server listening on :8081")
		go func() { log.Fatal(http.ListenAndServe(":8081", http.HandlerFunc(serve))) }()
	} else {
		log.Print("MCP server is disabled")
	}
	log.Fatal(http.ListenAndServe(":9003", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
	})))
}

type call struct {
	ID     any    `json:"id"`
	Method string `json:"method"`
}

func serve(w http.ResponseWriter, r *http.Request) {
	var asked call
	if r.URL.Path != "/mcp" || r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&asked) != nil {
		http.Error(w, `{"error":{"code":-32600,"message":"Invalid Request"}}`, http.StatusBadRequest)
		return
	}
	if asked.Method == "initialize" {
		raw := make([]byte, 16)
		_, _ = rand.Read(raw)
		session := hex.EncodeToString(raw)
		lock.Lock()
		sessions[session] = true
		lock.Unlock()
		w.Header().Set("Mcp-Session-Id", session)
		answer(w, asked, map[string]any{
			"protocolVersion": "2025-03-26",
			"capabilities":    map[string]any{"tools": map[string]any{}},
			"serverInfo":      map[string]any{"name": "opencost (stand-in)", "version": os.Getenv("VERSION")},
		})
		return
	}
	lock.Lock()
	known := sessions[r.Header.Get("Mcp-Session-Id")]
	lock.Unlock()
	if !known {
		http.Error(w, "Session not found", http.StatusNotFound)
		return
	}
	switch asked.Method {
	case "notifications/initialized":
		w.WriteHeader(http.StatusAccepted)
	case "tools/list":
		schema := map[string]any{"type": "object", "properties": map[string]any{"window": map[string]any{"type": "string"}}}
		answer(w, asked, map[string]any{"tools": []any{
			map[string]any{"name": "get_allocation_costs", "description": "Costs by namespace", "inputSchema": schema},
			map[string]any{"name": "get_asset_costs", "description": "Costs by asset", "inputSchema": schema},
		}})
	case "tools/call":
		log.Print("tools/call answered")
		text := map[string]any{"type": "text", "text": os.Getenv("COSTS")}
		answer(w, asked, map[string]any{"content": []any{text}, "isError": false})
	default:
		http.Error(w, "unknown method", http.StatusBadRequest)
	}
}

// answer is a server-sent event, as the streamable transport of MCP prefers it.
func answer(w http.ResponseWriter, asked call, result any) {
	w.Header().Set("Content-Type", "text/event-stream")
	body, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": asked.ID, "result": result})
	_, _ = w.Write([]byte("event: message\ndata: " + string(body) + "\n\n"))
}
