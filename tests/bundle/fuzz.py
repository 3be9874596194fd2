"""`python -m tests.bundle.fuzz [--seconds N] [--seed N]`: hostile inputs for every reader of the bundle, counted.

Whatever comes in, a reader ends with a Problem, or with what was signed; anything else that is raised, a file that
was written, or a second of silence is a finding, printed with its seed and kept in a file.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.bundle.making import NOW, Made, make_bundle
from wizard.bundle import canonical, custody, envelope, signatures
from wizard.bundle.archive.anywhere import open_anywhere
from wizard.bundle.archive.opening import open_bundle
from wizard.bundle.archive.reading import verify_all
from wizard.bundle.archive.writer import head_bytes
from wizard.bundle.bom_json import Invalid, from_bytes
from wizard.bundle.keys.private import PrivateKey, write_pair
from wizard.bundle.receipts import KIND, read_receipt
from wizard.bundle.trust.policy import read_policy
from wizard.bundle.volumes import index
from wizard.bundle.volumes.split import split
from wizard.engine.problems import Problem

_WORDS = [b"\0", b"\xff" * 8, b"../../", b"/etc/passwd", b"{", b"[", b'"', b"\x1b[2J", b"9" * 30, b"-1", b"1e999", b"null",
          b"ustar\x00", b"7" * 11, b"\x80" + b"\xff" * 11, b"sha256:", b"\xe2\x80\xae"]  # fmt: skip


class Fuzz:
    """One run: the ground it stands on, and its random numbers."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.random = folder, random.Random(seed)
        self.made: Made = make_bundle(folder / "made")
        self.whole = self.made.path.read_bytes()
        self.bom = json.loads(self.made.bom.body)
        split(self.made.path, 100_000, folder / "v", self.made.key)
        self.index = (folder / "v" / "demo.volumes").read_bytes()
        self.policy = (folder / "made" / "trust.yaml").read_bytes()
        value = {"registry": "r", "series": [{"bom": "sha256:" + "0" * 64, "name": "n", "version": "1"}],
                 "held": {"a/b": []}, "items": {}, "host": "h", "at": "t", "previous": ""}  # fmt: skip
        self.receipt = value
        chain = folder / "chain"
        custody.add_link(chain, self.made.bom.digest, "made", "", self.made.key)
        self.chain = chain.read_bytes()
        self.key = write_pair(PrivateKey.make(), folder / "key", None)[0].read_bytes()

    def mangle(self, data: bytes) -> bytes:
        """Change bytes: flip, cut, insert, repeat, overwrite."""
        found = bytearray(data)
        for _ in range(self.random.choice((1, 1, 2, 5))):
            at = self.random.randrange(len(found) + 1)
            match self.random.randrange(6):
                case 0 if found:
                    found[min(at, len(found) - 1)] ^= 1 << self.random.randrange(8)
                case 1:
                    del found[at : at + self.random.choice((1, 16, 512, 1 << 20))]
                case 2:
                    found[at:at] = self.random.choice(_WORDS)
                case 3:
                    found[at:at] = found[at : at + self.random.choice((1, 64, 512, 4096))]
                case 4:
                    word = self.random.choice(_WORDS)
                    found[at : at + len(word)] = word
                case _:
                    found[at : at + 64] = self.random.randbytes(self.random.randrange(64))
        return bytes(found)

    def tangle(self, value: object, depth: int = 0) -> object:
        """Change one value somewhere in a JSON document."""
        if isinstance(value, dict) and value and depth < 8 and self.random.random() < 0.9:
            key = self.random.choice(sorted(value))
            changed = dict(value)
            if self.random.random() < 0.1:
                del changed[key]
            elif self.random.random() < 0.1:
                changed[self.random.choice(["x", "", "apiVersion", "path"])] = changed[key]
            else:
                changed[key] = self.tangle(value[key], depth + 1)
            return changed
        if isinstance(value, list) and value and depth < 8 and self.random.random() < 0.9:
            at = self.random.randrange(len(value))
            if self.random.random() < 0.2:
                return (
                    value[:at] + value[at + 1 :]
                    if self.random.random() < 0.5
                    else value[: at + 1] + value[at:]
                )
            return [*value[:at], self.tangle(value[at], depth + 1), *value[at + 1 :]]
        return self.random.choice(
            [
                None,
                True,
                0,
                -1,
                2**53 - 1,
                "",
                "x" * 2000,
                "../..",
                "\x1b[0m",
                "sha256:" + "0" * 64,
                [],
                {},
                [[]],
                {"a": 1},
            ]
        )

    # --- the readers

    def file(self) -> None:
        path = self.folder / "f.airgap"
        path.write_bytes(self.mangle(self.whole))
        with open_bundle(path, self.made.policy) as bundle:
            verify_all(bundle)

    def signed_bill(self) -> None:
        """A trusted signer signs a bill that was changed: whatever it says, it is whole or refused."""
        body = canonical.encode(self.tangle(self.bom))
        made = (signatures.sign(self.made.key, body, "vendor"),)
        path = self.folder / "s.airgap"
        path.write_bytes(head_bytes(path, body, made) + self.whole[self.made.shape.payload :])
        with open_bundle(path, self.made.policy) as bundle:
            verify_all(bundle)
            assert bundle.bom.body == body

    def bill(self) -> None:
        body = self.mangle(self.made.bom.body)
        assert from_bytes(body).body == body

    def volumes(self) -> None:
        (self.folder / "v" / "demo.volumes").write_bytes(self.mangle(self.index))
        open_anywhere(self.folder / "v" / "demo.volumes", self.made.policy).close()

    def signed_index(self) -> None:
        value = self.tangle(envelope.from_bytes(self.index, index.KIND).value())
        path = self.folder / "v" / "demo.volumes"
        path.write_bytes(envelope.seal(index.KIND, value, self.made.key).to_bytes())
        open_anywhere(path, self.made.policy).close()

    def receipts(self) -> None:
        path = self.folder / "r.json"
        sealed = envelope.seal(KIND, self.tangle(self.receipt), self.made.key).to_bytes()
        path.write_bytes(sealed if self.random.random() < 0.5 else self.mangle(sealed))
        read_receipt(path, self.made.policy, NOW)

    def custody(self) -> None:
        path = self.folder / "c"
        path.write_bytes(self.mangle(self.chain))
        custody.read_chain(path, self.made.bom.digest, self.made.policy, NOW)

    def trust(self) -> None:
        path = self.folder / "made" / "fuzzed.yaml"
        path.write_bytes(self.mangle(self.policy))
        read_policy(path)

    def keys(self) -> None:
        path = self.folder / "k"
        path.write_bytes(self.mangle(self.key))
        PrivateKey.read(path)


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--seconds", type=float, default=600)
    p.add_argument("--seed", type=int, default=0)
    args = p.parse_args()
    ran: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    findings = 0
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        fuzz = Fuzz(Path(folder), args.seed)
        readers: list[Callable[[], None]] = [
            fuzz.file, fuzz.signed_bill, fuzz.bill, fuzz.volumes, fuzz.signed_index, fuzz.receipts, fuzz.custody,
            fuzz.trust, fuzz.keys,
        ]  # fmt: skip
        weights = [4, 4, 6, 4, 4, 4, 2, 4, 1]
        began = time.monotonic()
        while time.monotonic() - began < args.seconds:
            read = fuzz.random.choices(readers, weights)[0]
            ran[read.__name__] += 1
            at = time.process_time()
            try:
                try:
                    read()
                    ended["accepted"] += 1
                except Problem as problem:
                    ended[problem.code] += 1
                    if not problem.title.isprintable():
                        raise ValueError(f"unprintable title of {problem.code}") from None
            except (Invalid, canonical.NotCanonical) as error:
                ended[type(error).__name__] += 1
            except Exception as error:
                findings += 1
                where = error.__traceback__
                while where and where.tb_next:
                    where = where.tb_next
                line = f"{where.tb_frame.f_code.co_filename}:{where.tb_lineno}" if where else "?"
                print(f"FINDING {read.__name__}: {type(error).__name__}: {error} at {line}", flush=True)
            if time.process_time() - at > 5:
                findings += 1
                print(f"FINDING {read.__name__}: {time.process_time() - at:.1f} s of CPU", flush=True)
        seconds = time.monotonic() - began
    print(f"{sum(ran.values())} executions in {seconds:.0f} s, {findings} findings")
    print("readers: " + ", ".join(f"{name} {count}" for name, count in ran.most_common()))
    print("ends: " + ", ".join(f"{code} {count}" for code, count in ended.most_common()))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
