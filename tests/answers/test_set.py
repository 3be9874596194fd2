"""`--set`: the same rules as the file, and its own places."""

import pytest

from tests.answers.test_load import complaints
from tests.answers.texts import MINIMAL
from wizard.answers.load import loads


def test_set_lays_over_the_file_and_the_last_one_wins() -> None:
    sets = [
        "registry.host=a.example",
        "registry.host=b.example:5000",
        "journey=verify",
        "cluster.gpu=true",
        "images.extra=docker.io/library/busybox:1.36, docker.io/library/nginx:1",
        "proof.outside=[2606:4700:4700::1111]:443,1.1.1.1:443",
        'images.platforms=[linux/amd64, "linux/arm64"]',
        "cluster.context=",
        "proof.question=what = what?",
    ]
    answers = loads(MINIMAL, sets=sets)
    assert answers.registry.host == "b.example:5000"
    assert answers.journey == "verify"
    assert answers.cluster.gpu is True
    assert answers.images.extra == ("docker.io/library/busybox:1.36", "docker.io/library/nginx:1")
    assert answers.proof.outside == ("[2606:4700:4700::1111]:443", "1.1.1.1:443")
    assert answers.images.platforms == ("linux/amd64", "linux/arm64")
    assert answers.proof.question == "what = what?"


def test_an_empty_set_puts_an_answer_back_to_its_default() -> None:
    text = MINIMAL.replace("storageClass: internal-block", "storageClass: internal-block\n  namespace: other")
    assert loads(text).cluster.namespace == "other"
    assert loads(text, sets=["cluster.namespace="]).cluster.namespace == "opencost-ai"


def test_set_mends_what_the_journey_misses() -> None:
    text = "apiVersion: airgap-wizard/v1\njourney: verify\n"
    assert len(complaints(text)) == 1
    assert complaints(text, "registry.host=reg.example") == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("registry.hots=x", "--set #2 registry.hots: unknown key; did you mean registry.host?"),
        ("regsitry.host=x", "--set #2 regsitry.host: unknown key; did you mean registry.host?"),
        ("storageClass=x", "--set #2 storageClass: unknown key here; did you mean cluster.storageClass?"),
        ("apiVersion=v3", "--set #2 apiVersion: cannot be set"),
        (
            "planted-word",
            "--set #2: no '='; expected path.to.key=value, like registry.host=registry.internal.example",
        ),
        ("cluster.gpu=1", '--set #2 cluster.gpu: "1" is neither; expected true or false'),
        (
            "cluster.namespace=A B",
            '--set #2 cluster.namespace: "A B" is not valid; expected a name of at most 63',
        ),
        (
            "images.extra=[a: b]",
            "--set #2 images.extra: no list; expected values with commas between them, or a",
        ),
        ("images.extra=[a, b", '--set #2 images.extra: "[a" is not valid; expected a full reference'),
        ("journey=", '--set #2 journey: "" is no journey; expected one of stage, install'),
        (
            "registry.password=planted-word",
            "--set #2 registry.password: a literal secret is refused, and not repeated here; expected env:NAME",
        ),
        ("registry.username=me", "--set #2 registry.username"),
    ],
)
def test_a_bad_set_is_told_with_its_number(written: str, said: str) -> None:
    found = complaints(MINIMAL, "cluster.gpu=true", written)
    if written == "registry.username=me":
        assert found == ["a.yaml:3:1 registry.password: missing, and registry.username is given; "
                         "expected Password, like env:REGISTRY_PASSWORD"]  # fmt: skip
        return
    assert len(found) == 1
    assert found[0].startswith(said)
    assert "planted" not in found[0]


def test_faults_of_the_file_and_of_set_are_told_together() -> None:
    found = complaints(MINIMAL.replace("host: r", "host: R/"), "cluster.gpu=1", "chart.source=")
    assert [line.split(" ")[0] for line in found] == ["a.yaml:4:9", "--set", "--set"]
