"""The Ollama model: its store, GGUF, and the OCI artefact it travels as."""
