"""Operations: pushing, reading and removing manifests."""

import httpx2

from support.conformance.bench import Bench
from support.conformance.registry import Repository, expect, header, json_of, refused
from support.oci import ACCEPTED, Manifest, digest_of

_ACCEPT = {"Accept": ", ".join(ACCEPTED)}
_NO_SUCH = digest_of(b"never pushed")
_REFUSED_CHILD = ("MANIFEST_BLOB_UNKNOWN", "MANIFEST_UNKNOWN", "MANIFEST_INVALID")


def put_by_digest(bench: Bench) -> None:
    """PUT under the digest, children first."""
    for manifest in bench.data.manifests:
        answer = bench.home.put_manifest(manifest.digest, manifest.media_type, manifest.content)
        if bench.data.optional and manifest in bench.data.roots and answer.status_code != 201:
            refused(answer, (400, 404), _REFUSED_CHILD)
            bench.taken = False
            continue
        _check_made(answer, manifest)


def put_by_tag(bench: Bench) -> None:
    """PUT under a tag: the registry names it by sha256."""
    for number, manifest in enumerate(bench.by_digest):
        if manifest.algorithm == "sha256":
            tag = f"v{number}"
            _check_made(
                bench.home.put_manifest(tag, manifest.media_type, manifest.content), manifest
            )
            bench.tags[tag] = manifest


def put_with_tags(bench: Bench) -> None:
    """PUT under the digest with tags as parameters; each that was made is named in `OCI-Tag`."""
    for number, manifest in enumerate(bench.by_digest):
        tags = [f"p{number}.a", f"p{number}_b"]
        answer = bench.home.put_manifest(
            manifest.digest, manifest.media_type, manifest.content, tags=tags
        )
        _check_made(answer, manifest)
        named = answer.headers.get_list("OCI-Tag", split_commas=True)
        assert sorted(named) == tags, "the tags named in OCI-Tag"
        bench.tags.update(dict.fromkeys(tags, manifest))


def name_the_subject(bench: Bench) -> None:
    """The answer to a PUT names the subject, if there is one, in `OCI-Subject`."""
    for manifest in bench.by_digest:
        answer = bench.home.put_manifest(manifest.digest, manifest.media_type, manifest.content)
        _check_made(answer, manifest)
        assert answer.headers.get("OCI-Subject") == manifest.subject, "the subject in OCI-Subject"


def head_by_digest(bench: Bench) -> None:
    """HEAD under the digest."""
    for manifest in bench.by_digest:
        _check_head(bench.home, manifest.digest, manifest)
    expect(bench.home.head(f"manifests/{_NO_SUCH}", headers=_ACCEPT), 404)


def head_by_tag(bench: Bench) -> None:
    """HEAD under each tag."""
    assert bench.tags, "nothing could be tagged"
    for tag, manifest in bench.tags.items():
        _check_head(bench.home, tag, manifest)
    expect(bench.home.head("manifests/no-such-tag", headers=_ACCEPT), 404)


def get_by_digest(bench: Bench) -> None:
    """GET under the digest gives the very bytes that were pushed."""
    for manifest in bench.by_digest:
        _check_get(bench.home, manifest.digest, manifest)
    unknown = bench.home.get(f"manifests/{_NO_SUCH}", headers=_ACCEPT)
    refused(unknown, (404,), ("MANIFEST_UNKNOWN",))


def get_by_tag(bench: Bench) -> None:
    """GET under each tag gives the very bytes that were pushed."""
    assert bench.tags, "nothing could be tagged"
    for tag, manifest in bench.tags.items():
        _check_get(bench.home, tag, manifest)
    unknown = bench.home.get("manifests/no-such-tag", headers=_ACCEPT)
    refused(unknown, (404,), ("MANIFEST_UNKNOWN",))


def accept(bench: Bench) -> None:
    """Whatever a client accepts, it is never given bytes that are not under the name."""
    manifest = bench.by_digest[-1]
    path = f"manifests/{manifest.digest}"
    for accepted in ("*/*", manifest.media_type, f"text/html, {manifest.media_type};q=0.5"):
        _check_content(expect(bench.home.get(path, headers={"Accept": accepted}), 200), manifest)
    other = bench.home.get(path, headers={"Accept": "application/vnd.example.other"})
    if expect(other, 200, 404, 406).status_code == 200:
        _check_content(other, manifest)


def delete(bench: Bench) -> None:
    """DELETE under the digest, parents before children."""
    for manifest in reversed(bench.by_digest):
        expect(bench.home.delete(f"manifests/{manifest.digest}"), 202)


def deleted_for_all(bench: Bench) -> None:
    """What was deleted is gone at once, for everybody, and with it the tags that named it."""
    for manifest in bench.by_digest:
        path = f"manifests/{manifest.digest}"
        expect(bench.home.head(path, headers=_ACCEPT, elsewhere=True), 404)
        gone = bench.home.get(path, headers=_ACCEPT, elsewhere=True)
        refused(gone, (404,), ("MANIFEST_UNKNOWN",))
        refused(bench.home.delete(path), (404,), ("MANIFEST_UNKNOWN",))
    for tag in bench.tags:
        expect(bench.home.head(f"manifests/{tag}", headers=_ACCEPT, elsewhere=True), 404)
    listed = bench.home.get("tags/list", elsewhere=True)
    assert not json_of(expect(listed, 200))["tags"]


def _check_made(answer: httpx2.Response, manifest: Manifest) -> None:
    expect(answer, 201)
    header(answer, "Location")
    assert answer.headers.get("Docker-Content-Digest", manifest.digest) == manifest.digest


def _check_head(repository: Repository, reference: str, manifest: Manifest) -> None:
    answer = expect(repository.head(f"manifests/{reference}", headers=_ACCEPT), 200)
    assert answer.content == b""
    _check_headers(answer, manifest)


def _check_get(repository: Repository, reference: str, manifest: Manifest) -> None:
    answer = repository.get(f"manifests/{reference}", headers=_ACCEPT)
    _check_content(expect(answer, 200), manifest)


def _check_content(answer: httpx2.Response, manifest: Manifest) -> None:
    assert answer.content == manifest.content
    _check_headers(answer, manifest)


def _check_headers(answer: httpx2.Response, manifest: Manifest) -> None:
    assert header(answer, "Content-Type") == manifest.media_type
    assert header(answer, "Docker-Content-Digest") == manifest.digest
    assert int(header(answer, "Content-Length")) == manifest.size
