"""Real tools for tests: registries, clients, Helm, Ollama, built once by `tests/real/tools/build`."""
