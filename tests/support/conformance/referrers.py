"""Operations: finding what is about a manifest."""

from typing import Any

from support.conformance.bench import Bench
from support.conformance.registry import expect, header, json_of, refused, said
from support.oci import INDEX, Manifest, digest_of


def list_all(bench: Bench) -> None:
    """Every manifest, and every subject, has a list: an index, empty if nothing is about it."""
    subjects = bench.data.subjects
    for digest in {manifest.digest for manifest in bench.by_digest} | set(subjects):
        answer = expect(bench.home.get(f"referrers/{digest}"), 200)
        document = json_of(answer)
        assert header(answer, "Content-Type") == INDEX
        assert document["schemaVersion"] == 2
        assert document["mediaType"] == INDEX
        assert answer.headers.get("OCI-Filters-Applied") is None
        found = [
            each for page in bench.home.pages(f"referrers/{digest}", "manifests") for each in page
        ]
        assert _sorted(found) == _sorted(map(_descriptor, subjects.get(digest, []))), said(answer)


def list_of_nobody(bench: Bench) -> None:
    """What was never pushed has an empty list."""
    answer = expect(bench.home.get(f"referrers/{digest_of(b'never pushed')}"), 200)
    assert json_of(answer)["manifests"] == []


def list_of_type(bench: Bench) -> None:
    """Only those of a type, if the registry says that it has applied the filter."""
    for digest, referrers in bench.data.subjects.items():
        described = [_descriptor(each) for each in referrers]
        path = f"referrers/{digest}"
        for type_ in {each["artifactType"] for each in described} | {"application/vnd.no.such"}:
            answer = expect(bench.home.get(path, query={"artifactType": type_}), 200)
            assert header(answer, "OCI-Filters-Applied") == "artifactType"
            wanted = [each for each in described if each["artifactType"] == type_]
            assert _sorted(json_of(answer)["manifests"]) == _sorted(wanted), said(answer)


def refuse_bad_digest(bench: Bench) -> None:
    """A digest that is none is refused."""
    for bad in ("sha256:beef", "latest", "sha256:" + "G" * 64):
        refused(bench.home.get(f"referrers/{bad}"), (400,), ("DIGEST_INVALID", "UNSUPPORTED"))


def deleted_for_all(bench: Bench) -> None:
    """What was deleted is about nothing any more."""
    for digest in bench.data.subjects:
        answer = expect(bench.home.get(f"referrers/{digest}", elsewhere=True), 200)
        assert json_of(answer)["manifests"] == []


def _descriptor(manifest: Manifest) -> dict[str, Any]:
    """Return how a referrer must be described: its type and its annotations are copied."""
    document = manifest.document
    type_ = document.get("artifactType") or document.get("config", {}).get("mediaType")
    annotations = document.get("annotations")
    return manifest.descriptor(
        **({"artifactType": type_} if type_ else {}),
        **({"annotations": annotations} if annotations else {}),
    )


def _sorted(descriptors: Any) -> list[dict[str, Any]]:
    return sorted(descriptors, key=lambda each: each["digest"])
