"""Content that is missing, damaged or of a kind that cannot be carried."""

from collections.abc import Iterable

from wizard.engine.problems import Problem, Remedy
from wizard.oci.descriptor import Malformed
from wizard.oci.problems.making import make, misnamed


def tag_not_found(store: str, ref: str, tags: Iterable[str]) -> Problem:
    """No such tag; says which there are, nearest first."""
    import difflib

    known = list(tags)
    near = difflib.get_close_matches(ref, known, n=5, cutoff=0.4)
    rest = [tag for tag in reversed(known) if tag not in near]
    shown = (near + rest)[:8]
    count = "one tag" if len(known) == 1 else f"{len(known)} tags"
    detail = f"it has {count}: {', '.join(shown)}" + (", …" if len(known) > len(shown) else "")
    remedies = [Remedy(f"did you mean {store}:{near[0]}?")] if near else []
    return Problem(
        "tag-not-found",
        f"there is no {'manifest' if ':' in ref else 'tag'} {ref} in {store}",
        detail=detail if known else "it has no tags, or does not exist, or may not be seen by this user",
        remedies=(
            *remedies,
            Remedy("check the repository's name and the tag, and that the image was published"),
        ),
        evidence={"store": store, "ref": ref, "tags": shown},
    )


def blob_not_found(store: str, digest: str) -> Problem:
    """A blob that a manifest names and the store lacks."""
    return make(
        "blob-not-found",
        f"blob {digest} is missing in {store}",
        "a manifest there names it, but the content is gone (an unfinished push, or a clean-up that went too far)",
        "push the image to the source again, or take it from another source",
        store=store,
        digest=digest,
    )


def damaged(store: str, digest: str, size: int, held: int) -> Problem:
    """A blob that a registry has in another size, and keeps that way."""
    return make(
        "registry-blob-damaged",
        f"{store} has a damaged blob {digest}",
        f"it has {held} bytes of {size}, and kept those when all were sent again",
        "delete the blob in the registry's storage (a crash or a full disk left it), and run the same command again",
        store=store,
        digest=digest,
    )


def digest_mismatch(what: str, expected: str, got: str) -> Problem:
    """Bytes that are not what their digest says."""
    return make(
        "digest-mismatch",
        f"{what} is not what its digest says",
        f"expected {expected}, got {got}",
        "nothing of it was kept or published; run the same command again",
        "where it comes back: a damaged disk or medium, a proxy that alters content, or tampering; find out which",
        expected=expected,
        got=got,
    )


def truncated(what: str, expected: int, got: int) -> Problem:
    """A blob that ended before, or ran past, its size."""
    return make(
        "blob-truncated",
        f"{what} has not the size its manifest says",
        f"expected {expected} bytes, got {got}" + (" or more" if got > expected else ""),
        "run the same command again; where it comes back, the source's copy is damaged: push it there again",
        expected=expected,
        got=got,
    )


def manifest_invalid(store: str, ref: str, error: Malformed | str) -> Problem:
    """A manifest that is not one."""
    return make(
        "manifest-invalid",
        f"the manifest {ref} in {store} is not valid",
        str(error),
        "the image was built or stored wrongly: build or push it to the source again",
        store=store,
        ref=ref,
    )


def manifest_too_large(store: str, ref: str, size: int, limit: int) -> Problem:
    """A manifest over the limit."""
    return make(
        "manifest-too-large",
        f"the manifest {ref} in {store} is larger than any manifest may be",
        f"{size} bytes or more; the limit is {limit}",
        "check that the reference is that of an image, and that the host is a registry",
        store=store,
        ref=ref,
    )


def schema1(store: str, ref: str, media_type: str) -> Problem:
    """An image in a format that was withdrawn."""
    return make(
        "manifest-schema1-refused",
        f"{store}:{ref} is in Docker's old schema 1 format"
        if ":" not in ref
        else f"{ref} in {store} is in schema 1",
        f"{media_type}: its digest depends on signatures inside it, so it cannot be carried unchanged; containerd 2 does not run it",
        "pull it with an old docker, tag and push it again: that makes a current manifest",
        store=store,
        ref=ref,
    )


def docker_types(target: str, ref: str, media_type: str, said: str) -> Problem:
    """A target that takes OCI's media types alone (zot as it is delivered)."""
    return make(
        "registry-refuses-docker-types",
        f"{target} takes no images with Docker's media types",
        f"{ref} is {media_type}, and cannot become another without another digest; it answered 415: {said}",
        'zot: put "compat": ["docker2s2"] under "http" in its configuration, and start it again',
        "or use a build of the image with OCI media types (docker buildx: --output type=registry,oci-mediatypes=true)",
        target=target,
        ref=ref,
    )


def media_type_unknown(store: str, ref: str, media_type: str) -> Problem:
    """A manifest of a kind that we cannot walk."""
    return make(
        "manifest-invalid",
        f"the manifest {ref} in {store} is of a kind that is not known here",
        f"media type {media_type or 'missing'}",
        "check that the reference is that of an image or artefact",
        store=store,
        ref=ref,
    )


def index_incomplete(target: str, ref: str, missing: Iterable[str], said: str) -> Problem:
    """A target that wants every platform of an index."""
    return make(
        "index-incomplete-refused",
        f"{target} does not take an index of which only some platforms were copied",
        f"{ref}: {said}; left out: {', '.join(missing)}",
        "copy every platform (answers: images.platforms: [all]; mirror: leave out --platform)",
        "or copy one platform by its own digest",
        target=target,
        ref=ref,
    )


def platform_not_found(store: str, ref: str, wanted: Iterable[str], has: Iterable[str]) -> Problem:
    """An index without a platform that was asked for."""
    return make(
        "platform-not-found",
        f"{store}{'@' if ':' in ref else ':'}{ref} does not exist for {', '.join(wanted)}",
        f"it exists for {', '.join(has) or 'no platform that it names'}",
        "leave the platform out, or use a tag that was built for it",
        store=store,
        ref=ref,
    )


def platform_invalid(why: str) -> Problem:
    """A platform that was written wrongly."""
    return Problem(
        "platform-invalid",
        why,
        remedies=(
            Remedy("write for example linux/amd64, linux/arm64 or linux/arm/v7; leave it out for all"),
        ),
        exit_code=2,
    )


def layout_invalid(path: object, why: str) -> Problem:
    """A folder that is no image layout."""
    return misnamed(
        "layout-invalid",
        f"{path} is no OCI image layout",
        why,
        "name the folder that holds `oci-layout` and `index.json`",
        file=str(path),
    )
