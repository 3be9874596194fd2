"""A real Ollama server on loopback with a store of its own, and tiny models in it."""

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.real.process import free_port, running
from tests.real.run import run
from tests.real.tiny_gguf import write_tiny_gguf
from tests.real.tools import tool

TEMPLATE = "{{ if .System }}{{ .System }} {{ end }}{{ range .Messages }}{{ .Content }} {{ end }}"
SYSTEM = "You answer questions about the cost of a cluster."
LICENCE = "A licence for tests.\nSecond line."
PARAMETERS: Mapping[str, Any] = {"temperature": 0, "seed": 7, "num_predict": 12, "stop": ["<end>", "</s>"]}


@dataclass(frozen=True)
class Ollama:
    """A server that runs now: `host` is HOST:PORT, `store` the folder OLLAMA_MODELS (blobs, manifests)."""

    host: str
    store: Path
    log: Path

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://{self.host}"

    @property
    def env(self) -> dict[str, str]:
        """What the ollama client needs in its environment to speak to this server."""
        return {"OLLAMA_HOST": self.host, "OLLAMA_MODELS": str(self.store), "HOME": str(self.store.parent)}

    def command(self, *arguments: str | Path) -> str:
        """Run `ollama ARGUMENTS` against this server; its standard output."""
        return run("ollama", *arguments, env=self.env).stdout

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One API call; the JSON answer.  An HTTP error is an AssertionError with Ollama's own words."""
        connection = http.client.HTTPConnection(self.host, timeout=120)
        try:
            connection.request(method, path, body=None if body is None else json.dumps(body))
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status >= 400:
            raise AssertionError(f"{method} {path}: {response.status} {content.decode(errors='replace')}")
        return json.loads(content) if content.startswith((b"{", b"[")) else content

    def chat(self, model: str, text: str = "hello") -> str:
        """What the model answers to one message."""
        message = {"role": "user", "content": text}
        answer = self.call("POST", "/api/chat", {"model": model, "messages": [message], "stream": False})
        return str(answer["message"]["content"])

    def models(self) -> list[str]:
        """The names of the models in the store, sorted."""
        return sorted(model["name"] for model in self.call("GET", "/api/tags")["models"])


@contextmanager
def ollama_server(
    folder: Path, *, store: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[Ollama]:
    """`ollama serve` on a free loopback port; the store is FOLDER/models unless given."""
    program = tool("ollama")
    tool("llama-server")
    store = store or folder / "models"
    store.mkdir(parents=True, exist_ok=True)
    server = Ollama(f"127.0.0.1:{free_port()}", store, folder / "ollama.log")
    quiet = {"HOME": str(folder), "OLLAMA_NO_CLOUD": "1", "OLLAMA_KEEP_ALIVE": "1m"}

    def ready() -> bool:
        return bool(server.call("GET", "/") == b"Ollama is running")

    with running([program, "serve"], server.log, ready, {**server.env, **quiet, **(env or {})}):
        yield server


def modelfile(gguf: Path) -> str:
    """A Modelfile with every instruction that makes a layer: template, system, licence, params."""
    lines = [
        f"FROM {gguf}",
        f'TEMPLATE """{TEMPLATE}"""',
        f'SYSTEM """{SYSTEM}"""',
        f'LICENSE """{LICENCE}"""',
    ]
    for name, value in PARAMETERS.items():
        values = value if isinstance(value, list) else [value]
        lines += [f"PARAMETER {name} {v}" for v in values]
    return "\n".join(lines) + "\n"


def create_tiny_model(server: Ollama, folder: Path, name: str = "tiny:1.0", seed: int = 0) -> str:
    """Create a model of random weights with all its layers by real `ollama create`; its name."""
    folder.mkdir(parents=True, exist_ok=True)
    gguf = write_tiny_gguf(folder / f"tiny-{seed}.gguf", seed)
    path = folder / f"Modelfile-{seed}"
    path.write_text(modelfile(gguf))
    server.command("create", name, "-f", path)
    return name


def read_manifest(store: Path, name: str) -> dict[str, Any]:
    """The stored manifest of a model NAME:TAG of the default namespace."""
    model, _, tag = name.partition(":")
    path = store / "manifests" / "registry.ollama.ai" / "library" / model / (tag or "latest")
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found
