"""What Headgate does where the specification lets a registry choose."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support import oci
from support.conformance.bench import check_no_blob
from support.conformance.grid import DATA_SETS
from support.conformance.refusals import IMAGE, prepared
from support.conformance.registry import Registry, Repository, expect, header, json_of
from support.conformance.uploads import put_blob
from support.oci import Blob, Manifest

_NOTE = Blob("text/plain", b"stands in shallow water\n")
_MEBIBYTE = 1 << 20


def test_a_blob_is_pushed_in_one_request(registry: Registry) -> None:
    answer = registry.fresh("one").send(
        "POST", "blobs/uploads/", content=_NOTE.content, query={"digest": _NOTE.digest}
    )

    assert header(expect(answer, 201), "Docker-Content-Digest") == _NOTE.digest


def test_a_blob_that_the_caller_may_read_is_mounted_without_its_bytes(registry: Registry) -> None:
    source, target = registry.fresh("source"), registry.fresh("target")
    put_blob(source, _NOTE)
    names = {"mount": _NOTE.digest, "from": source.name}

    answer = target.send("POST", "blobs/uploads/", source, content=b"", query=names)

    assert header(expect(answer, 201), "Docker-Content-Digest") == _NOTE.digest
    assert expect(target.get(f"blobs/{_NOTE.digest}"), 200).content == _NOTE.content


def test_a_blob_is_mounted_only_by_who_may_read_it(registry: Registry) -> None:
    """The token is for the target alone: that somebody has the bytes is nobody's business."""
    source, target = registry.fresh("source"), registry.fresh("target")
    secret = Blob("text/plain", source.name.encode())
    put_blob(source, secret)
    names = {"mount": secret.digest, "from": source.name}

    answer = target.send("POST", "blobs/uploads/", content=b"", query=names)

    expect(answer, 202)
    check_no_blob(target, secret)


def test_an_index_may_list_platforms_that_were_left_out(registry: Registry) -> None:
    data = DATA_SETS["sparse index"]
    repository = registry.fresh("sparse")
    for blob in data.blobs:
        put_blob(repository, blob)
    for manifest in data.manifests:
        _put(repository, manifest)

    (index,) = data.roots
    answer = repository.get(f"manifests/{index.digest}", headers={"Accept": oci.INDEX})
    assert expect(answer, 200).content == index.content


def test_a_long_list_of_referrers_comes_in_pages(registry: Registry) -> None:
    """One answer stays below the 4 MiB that clients take."""
    repository = prepared(registry)
    put_blob(repository, _NOTE)
    put_blob(repository, Blob(oci.EMPTY, b"{}"))
    referrers = [
        oci.artifact(
            _NOTE,
            artifactType="application/vnd.example.large.v1",
            subject=oci.subject(IMAGE),
            annotations={"org.example.filling": str(number) * _MEBIBYTE},
        )
        for number in range(6)
    ]
    for manifest in referrers:
        _put(repository, manifest)

    first = expect(repository.get(f"referrers/{IMAGE.digest}"), 200)
    pages = repository.pages(f"referrers/{IMAGE.digest}", "manifests")

    assert len(first.content) <= 4 * _MEBIBYTE
    assert len(pages) > 1
    found = [each["digest"] for page in pages for each in page]
    assert sorted(found) == sorted(each.digest for each in referrers)


def test_a_referrer_is_found_once_its_subject_comes_later(registry: Registry) -> None:
    repository = registry.fresh("later")
    artifact = oci.artifact(_NOTE, artifactType="text/plain", subject=oci.subject(IMAGE))
    for blob in (*artifact.blobs, *IMAGE.blobs):
        put_blob(repository, blob)
    _put(repository, artifact)

    _put(repository, IMAGE)

    answer = expect(repository.get(f"referrers/{IMAGE.digest}"), 200)
    assert [each["digest"] for each in json_of(answer)["manifests"]] == [artifact.digest]


@pytest.mark.parametrize("where", ["registry", "registry_on_postgresql"])
def test_many_may_push_the_first_images_of_a_repository_at_once(
    request: pytest.FixtureRequest, where: str
) -> None:
    registry: Registry = request.getfixturevalue(where)
    repository = registry.fresh("crowded")
    layers = [oci.layer({"etc/number": bytes([number])}) for number in range(8)]
    images = {f"v{number}": oci.image(layer) for number, layer in enumerate(layers)}

    def push(tag: str) -> None:
        for blob in images[tag].blobs:
            put_blob(repository, blob)
        answer = repository.put_manifest(tag, oci.IMAGE, images[tag].content)
        expect(answer, 201)

    with ThreadPoolExecutor(len(images)) as clients:
        list(clients.map(push, images))

    assert json_of(expect(repository.get("tags/list"), 200))["tags"] == sorted(images)
    for tag, image in images.items():
        answer = repository.get(f"manifests/{tag}", headers={"Accept": oci.IMAGE})
        assert expect(answer, 200).content == image.content


def _put(repository: Repository, manifest: Manifest) -> None:
    answer = repository.put_manifest(manifest.digest, manifest.media_type, manifest.content)
    expect(answer, 201)
