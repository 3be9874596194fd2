"""References, digests, descriptors and platforms: whatever is thrown at the parsers (S1.16, S1.21)."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wizard.engine.problems import Problem
from wizard.oci.descriptor import Descriptor, Malformed, Platform
from wizard.oci.digest import Hasher, InlineHash, digest_of, hasher, is_digest, same_digest
from wizard.oci.manifest import Manifest
from wizard.oci.places import Place, pair
from wizard.oci.reference import Reference

HEX = "0123456789abcdef"
D = "sha256:" + "a" * 64

component = st.from_regex(r"[a-z0-9]{1,8}((\.|_|__|-{1,2})[a-z0-9]{1,8}){0,2}", fullmatch=True)
hosts = st.one_of(
    st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,4})?(\.[a-z0-9]{1,8}){1,3}(:[1-9][0-9]{0,3})?", fullmatch=True),
    st.sampled_from(["localhost", "localhost:5000", "[::1]:5000", "10.0.0.1:443", "ghcr.io"]),
)
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)
digests = st.one_of(
    st.text(HEX, min_size=64, max_size=64).map("sha256:".__add__),
    st.text(HEX, min_size=128, max_size=128).map("sha512:".__add__),
)


@settings(max_examples=40, deadline=None)
@given(
    hosts,
    st.lists(component, min_size=1, max_size=4),
    st.one_of(st.just(""), tags),
    st.one_of(st.just(""), digests),
)
def test_what_is_written_is_read(host: str, path: list[str], tag: str, digest: str) -> None:
    """Round trip."""
    text = f"{host}/{'/'.join(path)}" + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
    found = Reference.parse(text)
    assert (found.registry, found.repository, found.tag, found.digest) == (host, "/".join(path), tag, digest)
    assert str(found) == text and Reference.parse(str(found)) == found


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_a_reference_or_a_problem(text: str) -> None:
    """Nothing else is raised, and what is accepted survives a round trip and cannot leave its place in a URL."""
    try:
        found = Reference.parse(text)
    except Problem as problem:
        assert problem.code == "reference-invalid" and problem.exit_code == 2 and problem.remedies
        return
    assert Reference.parse(str(found)) == found
    assert not set("?#%\\ \n\r\t") & set(str(found)) and ".." not in found.repository.split("/")


@pytest.mark.parametrize(
    ("text", "registry", "repository", "ref"),
    [
        ("nginx", "docker.io", "library/nginx", "latest"),
        ("nginx:1.27", "docker.io", "library/nginx", "1.27"),
        ("ollama/ollama:0.30.8", "docker.io", "ollama/ollama", "0.30.8"),
        ("docker.io/nginx", "docker.io", "library/nginx", "latest"),
        ("index.docker.io/a/b:1", "docker.io", "a/b", "1"),
        ("ghcr.io/a/b", "ghcr.io", "a/b", "latest"),
        ("GHCR.io/a/b:V1", "ghcr.io", "a/b", "V1"),
        ("localhost/a:1", "localhost", "a", "1"),
        ("reg.lan:5000/a", "reg.lan:5000", "a", "latest"),
        (f"reg.lan/a:1@{D}", "reg.lan", "a", D),
        (
            "registry.internal.example/ollama-model/granite4.1-8b:1.0",
            "registry.internal.example",
            "ollama-model/granite4.1-8b",
            "1.0",
        ),
    ],
)
def test_names_as_people_write_them(text: str, registry: str, repository: str, ref: str) -> None:
    """S1.16, S1.21: and docker's short forms."""
    found = Reference.parse(text)
    assert (found.registry, found.repository, found.ref) == (registry, repository, ref)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("https://ghcr.io/a/b", "https"),
        ("ghcr.io/A/b:1", "capital"),
        ("ghcr.io/a/b:", "tag"),
        ("ghcr.io/a/b:-x", "tag"),
        ("ghcr.io/a/b@sha256:12", "digest"),
        ("ghcr.io/", "repository"),
        ("ghcr.io/a//b", "repository"),
        ("ghcr.io/../b", "repository"),
        ("reg.lan:5000", "name"),
        ("", "empty"),
        (" ghcr.io/a", "blank"),
        ("reg lan/a/b", ""),
        ("ghcr.io/" + "a" * 256, "characters"),
        ("reg.lan:65536/a", "65536"),
        ("reg.lan:0/a", "reg.lan:0"),
    ],
)
def test_the_message_names_the_faulty_part(text: str, word: str) -> None:
    with pytest.raises(Problem) as caught:
        Reference.parse(text)
    assert word in caught.value.detail + caught.value.remedies[0].text


def test_places() -> None:
    """layout:DIR[:TAG], with whatever is in DIR."""
    assert Place.parse("layout:/a/b:1.0").tag == "1.0"
    assert Place.parse("layout:/a:b/c").tag == ""
    assert str(Place.parse("layout:rel/dir").folder) == "rel/dir"
    source, target = pair(f"ghcr.io/a@{D}=layout:x:y")
    assert source.tag == D and target.tag == "y"


@settings(deadline=None)
@given(st.binary(max_size=1000))
def test_digests(content: bytes) -> None:
    """S5.31: what is a digest, and of what bytes."""
    for algorithm in ("sha256", "sha512"):
        digest = digest_of(content, algorithm)
        assert is_digest(digest) and same_digest(content, digest) and not same_digest(content + b"x", digest)


@settings(deadline=None)
@given(st.lists(st.integers(0, 131072), max_size=20))
def test_both_hashes_agree(sizes: list[int]) -> None:
    """In a thread or not, whatever the pieces."""
    content = b""
    inline, threaded = InlineHash(), Hasher(depth=2)
    for number, size in enumerate(sizes):
        piece = bytes([number % 251]) * size
        content += piece
        for each in (inline, threaded):
            view = each.buffer()[:size]
            view[:] = piece
            each.feed(view)
    assert inline.digest() == threaded.digest() == digest_of(content)
    assert inline.count == threaded.count == len(content)
    assert isinstance(hasher("sha512:", 10), InlineHash)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
platforms = st.fixed_dictionaries(
    {"architecture": st.sampled_from(["amd64", "arm64"]), "os": st.just("linux")},
    optional={"variant": st.sampled_from(["v7", "v8"]), "os.version": st.just("10.0"), "x-new": json_values},
)
descriptors = st.fixed_dictionaries(
    {"mediaType": st.text(max_size=10), "digest": digests, "size": st.integers(0, 2**60)},
    optional={
        "annotations": st.dictionaries(st.text(max_size=5), st.text(max_size=5), min_size=1, max_size=3),
        "urls": st.lists(st.text(max_size=5), min_size=1, max_size=2),
        "platform": platforms,
        "artifactType": st.text(min_size=1, max_size=5),
        "data": st.text(max_size=5),
        "x-unknown": json_values,
    },
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(descriptors, st.randoms())
def test_descriptors_are_written_as_they_were_read(given_data: dict[str, object], random: object) -> None:
    """No field lost, no order changed: other people's index.json survives our edits."""
    keys = list(given_data)
    random.shuffle(keys)  # type: ignore[attr-defined]
    data = {key: given_data[key] for key in keys}
    found = Descriptor.from_json(data)
    assert found.to_json() == data
    assert list(found.to_json()) == keys
    assert Descriptor.from_json(found.to_json()) == found


@settings(deadline=None)
@given(json_values)
def test_any_json_is_a_descriptor_or_malformed(value: object) -> None:
    try:
        Descriptor.from_json(value)
    except Malformed:
        return
    raise AssertionError("no digest is that easily found")


@settings(deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from(
        ["application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json"]
    ),
)
def test_any_bytes_are_a_manifest_or_malformed(body: bytes, kind: str) -> None:
    try:
        Manifest(body, kind).check()
    except Malformed:
        return
    assert isinstance(json.loads(body), dict)


@pytest.mark.parametrize(
    ("mine", "wanted", "same"),
    [
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/arm64/v8", "linux/arm64", True),
        ("linux/arm64/v9", "linux/arm64", False),
        ("linux/arm/v7", "linux/arm", True),
        ("linux/arm/v6", "linux/arm/v7", False),
        ("linux/amd64", "windows/amd64", False),
    ],
)
def test_platforms_match(mine: str, wanted: str, same: bool) -> None:
    """S2.11."""
    assert Platform.parse(mine).matches(Platform.parse(wanted)) is same


@pytest.mark.parametrize("text", ["", "linux", "linux/", "a/b/c/d", "/amd64"])
def test_platforms_that_are_none(text: str) -> None:
    from wizard.oci.copy import Copier

    with pytest.raises(Problem) as caught:
        Copier(platforms=[text])
    assert caught.value.code == "platform-invalid" and caught.value.exit_code == 2
