"""How fast the embedded registry is beside real ones: the same client, the same bytes, one run, medians.

    python -m tests.bench.registry [--size MIB] [--rounds N] [--only NAME]

The clients do as little as they can (sendfile out, discard in the kernel), so that the server is what is measured;
the last rows are whole commands of real clients. Ratios are ours / theirs: below 1 is faster.
"""

import argparse
import concurrent.futures
import hashlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.real.process import free_port, running
from tests.real.registries import KINDS
from tests.real.registry import Registry
from tests.real.run import run

Maker = Callable[[Path], AbstractContextManager[Registry]]
Times = dict[str, dict[str, list[float]]]
ROOT = Path(__file__).parents[2]
WHOLE = (
    "pull 1 blob",
    "pull 4 blobs at once",
    "push 1 blob",
    "push 4 blobs at once",
    "GET a manifest 1000 times",
)


@contextmanager
def embedded(folder: Path) -> Iterator[Registry]:
    """Our registry as the process that a user starts."""
    port = free_port()
    listen = ["--listen", f"127.0.0.1:{port}", "--storage", str(folder / "storage"), "--log", "none"]
    found = Registry("ours", f"127.0.0.1:{port}", folder / "storage", folder / "log")

    def ready() -> bool:
        return found.request("GET", "/v2/").status == 200

    argv = [sys.executable, "-m", "wizard", "registry", "serve", *listen]
    with running(argv, folder / "log", ready, env={"PYTHONPATH": str(ROOT)}):
        yield found


def put_file(host: str, repository: str, path: Path, digest: str) -> None:
    """POST, then PUT with sendfile: no hashing, no copying at the client."""
    connection = http.client.HTTPConnection(host, timeout=120)
    try:
        connection.request("POST", f"/v2/{repository}/blobs/uploads/", headers={"Content-Length": "0"})
        response = connection.getresponse()
        response.read()
        location = response.headers["Location"].removeprefix(f"http://{host}")
        joint = "&" if "?" in location else "?"
        connection.putrequest("PUT", f"{location}{joint}digest={digest}")
        connection.putheader("Content-Length", str(path.stat().st_size))
        connection.putheader("Content-Type", "application/octet-stream")
        connection.endheaders()
        with path.open("rb") as file:
            connection.sock.sendfile(file)
        response = connection.getresponse()
        response.read()
        assert response.status == 201, response.status
    finally:
        connection.close()


def get_blob(host: str, repository: str, digest: str, size: int) -> None:
    """GET and throw away in the kernel (MSG_TRUNC)."""
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), 120) as sock:
        head = f"GET /v2/{repository}/blobs/{digest} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        sock.sendall(head.encode())
        got = sock.recv(4096)
        left = size - len(got.partition(b"\r\n\r\n")[2])
        assert got.startswith(b"HTTP/1.1 200")
        scratch = bytearray(1 << 20)
        while left:
            count = sock.recv_into(scratch, min(left, len(scratch)), socket.MSG_TRUNC)
            assert count, "the server closed early"
            left -= count


def many_manifests(host: str, repository: str, count: int) -> None:
    """GET a manifest so many times over one kept-alive connection."""
    connection = http.client.HTTPConnection(host, timeout=60)
    accept = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
    for _ in range(count):
        connection.request("GET", f"/v2/{repository}/manifests/small", headers=accept)
        response = connection.getresponse()
        response.read()
        assert response.status == 200
    connection.close()


def parallel(jobs: list[Callable[[], None]]) -> None:
    """Run jobs at once."""
    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
        for job in [pool.submit(job) for job in jobs]:
            job.result()


class Bench:
    """The files, and what is measured."""

    def __init__(self, folder: Path, mib: int) -> None:
        self.folder = folder
        self.size = mib << 20
        self.big = self._file("big", self.size)
        self.parts = [self._file(f"part{number}", self.size // 4) for number in range(4)]
        # What is pushed is something else: it is deleted after each push, bytes and all.
        self.big_up = self._file("big-up", self.size)
        self.parts_up = [self._file(f"part-up{number}", self.size // 4) for number in range(4)]
        self.small = [self._file(f"small{number}", 8000) for number in range(100)]
        self.fresh = 0

    def _file(self, name: str, size: int) -> tuple[Path, str]:
        path, hasher = self.folder / name, hashlib.sha256()
        with path.open("wb") as file:
            for start in range(0, size, 1 << 20):
                piece = os.urandom(min(1 << 20, size - start))
                hasher.update(piece)
                file.write(piece)
        return path, f"sha256:{hasher.hexdigest()}"

    def prepare(self, registry: Registry) -> None:
        """What is pulled later."""
        for path, digest in (self.big, *self.parts):
            put_file(registry.host, "bench/pull", path, digest)
        config = self.folder / "config"
        config.write_text("{}")
        digest = f"sha256:{hashlib.sha256(b'{}').hexdigest()}"
        put_file(registry.host, "bench/pull", config, digest)
        media = "application/vnd.oci.image.manifest.v1+json"
        body = {
            "schemaVersion": 2,
            "mediaType": media,
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest, "size": 2},
            "layers": [],
        }
        done = registry.request(
            "PUT", "/v2/bench/pull/manifests/small", json.dumps(body).encode(), {"Content-Type": media}
        )
        assert done.status == 201

    def cases(self, registry: Registry) -> dict[str, tuple[Callable[[], None], Callable[[], None]]]:
        """Name → (what is timed, what is done after it)."""
        host = registry.host
        self.fresh += 1
        repository = f"bench/push{self.fresh}"

        def forget(*files: tuple[Path, str]) -> None:
            # The other registries keep the bytes of a deleted blob and would accept them again without writing.
            for _, digest in files:
                registry.request("DELETE", f"/v2/{repository}/blobs/{digest}")
                found = digest.partition(":")[2]
                for path in registry.storage.rglob(f"*{found}*"):
                    if path.is_file():
                        path.unlink()
                    elif (path / "data").exists():
                        (path / "data").unlink()

        def push(files: list[tuple[Path, str]]) -> None:
            parallel([partial(put_file, host, repository, path, digest) for path, digest in files])

        def push_durable() -> None:
            push([self.big_up])
            found = self.big_up[1].partition(":")[2]
            for path in registry.storage.rglob(f"*{found}*"):
                for file in (path, path / "data"):
                    if file.is_file():
                        with file.open("rb") as opened:
                            os.fsync(opened.fileno())

        def push_small() -> None:
            def some(mine: list[tuple[Path, str]]) -> None:
                for path, digest in mine:
                    put_file(host, repository, path, digest)

            parallel([partial(some, self.small[number::4]) for number in range(4)])

        def oras_push() -> None:
            run(
                "oras", "push", "--plain-http", "--disable-path-validation",
                f"{host}/{repository}:1", str(self.big_up[0]), seconds=600,
            )  # fmt: skip

        def oras_pull() -> None:
            run(
                "oras", "blob", "fetch", "--plain-http", "--output", str(self.folder / "fetched"),
                f"{host}/bench/pull@{self.big[1]}", seconds=600,
            )  # fmt: skip

        nothing = lambda: None  # noqa: E731
        pulls = [partial(get_blob, host, "bench/pull", digest, self.size // 4) for _, digest in self.parts]
        return {
            "pull 1 blob": (partial(get_blob, host, "bench/pull", self.big[1], self.size), nothing),
            "pull 4 blobs at once": (partial(parallel, pulls), nothing),
            "push 1 blob": (partial(push, [self.big_up]), partial(forget, self.big_up)),
            "push 1 blob, until it is on disk": (push_durable, partial(forget, self.big_up)),
            "push 4 blobs at once": (partial(push, self.parts_up), partial(forget, *self.parts_up)),
            "push 100 small blobs, 4 at once": (push_small, partial(forget, *self.small)),
            "GET a manifest 1000 times": (partial(many_manifests, host, "bench/pull", 1000), nothing),
            "GET a manifest 4 × 500 times": (
                partial(parallel, [partial(many_manifests, host, "bench/pull", 500)] * 4),
                nothing,
            ),
            "oras blob fetch (verifies, writes)": (oras_pull, nothing),
            "oras push": (oras_push, partial(forget, self.big_up)),
        }


def process_of(registry: Registry) -> Path:
    """/proc/PID of the process that listens there."""
    port = registry.host.partition(":")[2]
    found = subprocess.run(["ss", "-Hltnp", f"sport = :{port}"], capture_output=True, text=True).stdout
    return Path("/proc") / found.partition("pid=")[2].partition(",")[0]


def cpu_of(process: Path) -> float:
    """CPU seconds so far, user and system."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(process: Path) -> int:
    """Peak resident MiB."""
    lines = (process / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


def starts(makers: Mapping[str, Maker], folder: Path, rounds: int) -> tuple[Times, Times]:
    """From the command to the first answer: seconds, and CPU seconds of the server."""
    wall: Times = {"start to first answer": {}}
    cpu: Times = {"start to first answer": {}}
    for number in range(rounds):
        for name, make in makers.items():
            home = folder / f"start-{name}-{number}"
            home.mkdir()
            began = time.perf_counter()
            with make(home) as registry:
                wall["start to first answer"].setdefault(name, []).append(time.perf_counter() - began)
                cpu["start to first answer"].setdefault(name, []).append(cpu_of(process_of(registry)))
    return wall, cpu


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=1024, help="MiB of the big blob")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument(
        "--whole", action="store_true", help="the few cases of the table in docs/performance.md"
    )
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=args.folder)))
        bench = Bench(folder, args.size)
        makers: dict[str, Maker] = {"ours": embedded, **KINDS}
        registries = {}
        for name, make in makers.items():
            (folder / name).mkdir()
            registries[name] = stack.enter_context(make(folder / name))
        for registry in registries.values():
            bench.prepare(registry)
        processes = {name: process_of(registry) for name, registry in registries.items()}
        wall, cpu = starts(makers, folder, args.rounds) if not args.only else ({}, {})
        for _ in range(args.rounds):
            for name, registry in registries.items():
                for case, (work, after) in bench.cases(registry).items():
                    if args.only not in case or (args.whole and case not in WHOLE):
                        continue
                    os.sync()
                    before, began = cpu_of(processes[name]), time.perf_counter()
                    work()
                    ended, after_work = time.perf_counter(), cpu_of(processes[name])
                    wall.setdefault(case, {}).setdefault(name, []).append(ended - began)
                    cpu.setdefault(case, {}).setdefault(name, []).append(after_work - before)
                    after()
        report("seconds on the clock", wall)
        report("CPU seconds of the server", cpu)
        peaks = [f"{name} {memory_of(process)} MiB" for name, process in processes.items()]
        print(f"Peak resident memory: {', '.join(peaks)}")


def report(what: str, times: Times) -> None:
    """A Markdown table of medians, and of the median of the ratios round by round."""
    names = list(next(iter(times.values())))
    others = [name for name in names if name != "ours"]
    print(f"| {what} |", " | ".join(names), "|", " | ".join(f"ours / {name}" for name in others), "|")
    print("| --- |" + " --- |" * (len(names) + len(others)))
    for case, row in times.items():
        middle = [f"{statistics.median(row[name]):.2f}" for name in names]
        ratios = [
            f"{statistics.median(a / max(b, 0.01) for a, b in zip(row['ours'], row[name], strict=True)):.2f}"
            for name in others
        ]
        print(f"| {case} |", " | ".join(middle), "|", " | ".join(ratios), "|")
    print()


if __name__ == "__main__":
    main()
