// Package chat has the frames that Ollama, the bridge and the gateway pass on: one JSON object a line.
package chat

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Message is one turn.
type Message struct {
	Role      string `json:"role"`
	Content   string `json:"content"`
	ToolCalls []Call `json:"tool_calls,omitempty"`
}

// Call is a tool that was called.
type Call struct {
	Function struct {
		Name      string         `json:"name"`
		Arguments map[string]any `json:"arguments"`
	} `json:"function"`
}

// Request is the body of /api/chat.
type Request struct {
	Model    string    `json:"model"`
	Messages []Message `json:"messages"`
	Stream   bool      `json:"stream"`
	Tools    []any     `json:"tools,omitempty"`
}

// Chunk is one frame of the answer.
type Chunk struct {
	Model           string  `json:"model,omitempty"`
	Message         Message `json:"message"`
	Done            bool    `json:"done"`
	DoneReason      string  `json:"done_reason,omitempty"`
	PromptEvalCount int     `json:"prompt_eval_count,omitempty"`
	EvalCount       int     `json:"eval_count,omitempty"`
	Error           string  `json:"error,omitempty"`
}

// Chunks reads them one by one.
func Chunks(body io.Reader, each func(Chunk) error) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 64<<10), 1<<20)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var chunk Chunk
		if err := json.Unmarshal(lines.Bytes(), &chunk); err != nil {
			return fmt.Errorf("a frame that is no JSON: %w", err)
		}
		if err := each(chunk); err != nil {
			return err
		}
	}
	return lines.Err()
}

// Send writes one line and flushes it.
func Send(w http.ResponseWriter, value any) {
	_ = json.NewEncoder(w).Encode(value)
	if flusher, ok := w.(http.Flusher); ok {
		flusher.Flush()
	}
}
