"""Operations: listing and removing tags, and finding repositories."""

from support.conformance.bench import Bench
from support.conformance.registry import expect, header, json_of, next_page, refused, said
from support.oci import ACCEPTED

_ACCEPT = {"Accept": ", ".join(ACCEPTED)}


def list_all(bench: Bench) -> None:
    """All tags, in order."""
    document = json_of(expect(bench.home.get("tags/list"), 200))
    assert document["name"] == bench.home.name
    assert document["tags"] == sorted(bench.tags)


def list_in_pages(bench: Bench) -> None:
    """As many tags as are asked for, and a link to more of them."""
    tags = sorted(bench.tags)
    assert tags, "nothing could be tagged"
    assert bench.home.pages("tags/list?n=1", "tags") == [[tag] for tag in tags]
    first = expect(bench.home.get("tags/list?n=2"), 200)
    assert json_of(first)["tags"] == tags[:2]
    assert (next_page(first) is not None) == (len(tags) > 2), said(first)
    assert not json_of(expect(bench.home.get("tags/list?n=0"), 200))["tags"]
    assert bench.home.pages(f"tags/list?n=100&last={tags[0]}", "tags") == [tags[1:]]


def find_in_catalog(bench: Bench) -> None:
    """The repository stands in the catalog, right after whatever sorts before it."""
    before = bench.home.name[:-1]
    answer = bench.registry.send("GET", f"/v2/_catalog?n=1&last={before}", bench.home.name)
    assert json_of(expect(answer, 200))["repositories"] == [bench.home.name]


def delete(bench: Bench) -> None:
    """DELETE every second tag."""
    assert bench.tags, "nothing could be tagged"
    for tag in sorted(bench.tags)[::2]:
        expect(bench.home.delete(f"manifests/{tag}"), 202)
        bench.untagged[tag] = bench.tags.pop(tag)


def deleted_for_all(bench: Bench) -> None:
    """What was untagged is so at once, for everybody; manifests and other tags stay."""
    listed = bench.home.get("tags/list", elsewhere=True)
    assert json_of(expect(listed, 200))["tags"] == sorted(bench.tags)
    for tag, manifest in bench.untagged.items():
        expect(bench.home.head(f"manifests/{tag}", headers=_ACCEPT, elsewhere=True), 404)
        gone = bench.home.get(f"manifests/{tag}", headers=_ACCEPT, elsewhere=True)
        refused(gone, (404,), ("MANIFEST_UNKNOWN",))
        refused(bench.home.delete(f"manifests/{tag}"), (404,), ("MANIFEST_UNKNOWN",))
        kept = bench.home.head(f"manifests/{manifest.digest}", headers=_ACCEPT, elsewhere=True)
        expect(kept, 200)
    for tag, manifest in bench.tags.items():
        kept = bench.home.head(f"manifests/{tag}", headers=_ACCEPT, elsewhere=True)
        assert header(expect(kept, 200), "Docker-Content-Digest") == manifest.digest
