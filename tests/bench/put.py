"""`python -m tests.bench.put HOST FILE DIGEST`: the same bytes into a registry in one PUT: what no loader can be faster than."""

import http.client
import sys
from pathlib import Path
from urllib.parse import urlsplit


def put(host: str, path: Path, digest: str) -> None:
    """Raises RuntimeError where the registry refuses."""
    link = http.client.HTTPConnection(host, timeout=600, blocksize=1 << 20)
    try:
        link.request("POST", "/v2/bench/floor/blobs/uploads/", headers={"Content-Length": "0"})
        answer = link.getresponse()
        answer.read()
        where = urlsplit(answer.headers["Location"])
        query = f"{where.query}&digest={digest}" if where.query else f"digest={digest}"
        size = {"Content-Length": str(path.stat().st_size), "Content-Type": "application/octet-stream"}
        with path.open("rb") as file:
            link.request("PUT", f"{where.path}?{query}", file, size)
            answer = link.getresponse()
            answer.read()
        if answer.status != 201:
            raise RuntimeError(f"{host} answered {answer.status}")
    finally:
        link.close()


if __name__ == "__main__":
    put(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
