"""Views of a run for people and programs without the TUI: plain, jsonl, summary."""
