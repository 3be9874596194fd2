"""Killed at any moment, and run again: nothing lost, nothing doubled, and never a tag on something that is not whole."""

import os
import signal
import time
from pathlib import Path

from tests.bundle.loading import Target, registry
from tests.bundle.making import Made, make_bundle
from tests.cli.conftest import Program, wait_for
from wizard.bundle.archive.opening import open_bundle
from wizard.bundle.keys.private import write_pair
from wizard.oci.copy import Copier


def whole(made: Made, target: Target) -> int:
    """How many items are wholly there; a tag on anything less is a failure."""
    count = 0
    for item in made.bom.items:
        repository = target.repository(item.repository)
        if repository.resolve(item.tag) is None:
            continue
        found = Copier().complete(repository, item.tag)
        assert found is not None and found.digest == item.digest, f"{item.target} is there, and not whole"
        count += 1
    return count


def test_a_load_that_is_killed_goes_on(tmp_path: Path) -> None:
    """facts 2 (ggcr#1448): what had arrived stays, no half of anything is visible, the next run sends the rest."""
    made = make_bundle(tmp_path / "made", layers=(3_000_000, 2_000_000))
    trust = tmp_path / "made" / "trust.yaml"
    program = Program(tmp_path / "state")
    killed = 0
    with registry(tmp_path / "registry") as target:
        words = target.push(made.path, trust, "--jobs", "1")
        for wanted in (1, 3, 5, 8, 11):
            process = program.start(*words)
            wait_for(lambda p=process, n=wanted: p.poll() is not None or len(target.blobs()) >= n)
            process.send_signal(signal.SIGKILL)
            killed += process.wait(30) == -signal.SIGKILL
            for pipe in (process.stdout, process.stderr):
                assert pipe is not None
                pipe.close()
            assert whole(made, target) in (0, len(made.bom.items))
        assert killed >= 3
        before = target.blobs()
        done = program(*words)
        assert done.returncode == 0, done.stderr
        assert whole(made, target) == len(made.bom.items)
        assert before <= target.blobs(), "what had arrived was kept"
        with open_bundle(made.path, made.policy) as bundle:
            assert target.pusher(bundle).preview()[0] == 0


def test_a_bundle_that_is_killed_while_it_is_written(tmp_path: Path) -> None:
    """The old file stays until the new one is whole; the next run writes it, the same to the byte."""
    made = make_bundle(tmp_path / "made")
    key = write_pair(made.key, tmp_path / "vendor", None)[0]
    program = Program(tmp_path / "state")
    path, part = tmp_path / "made.airgap", tmp_path / ".made.airgap.part"
    path.write_bytes(b"the old one")
    words = ("bundle", "create", "--rehearse", "healthy", "--output", path, "--set", f"media.key={key}")
    process = program.start(*words)
    wait_for(part.exists, 120)
    (run,) = (tmp_path / "state" / "runs").iterdir()
    pid = int((run / "pid").read_text())
    os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert path.read_bytes() == b"the old one"
    done = program(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not part.exists()
    first = path.read_bytes()
    began = time.time()
    again = program(*words)
    assert again.returncode == 0 and path.read_bytes() == first and path.stat().st_mtime < began
