"""What a registry must not take, and in which words of the specification it says so.

A refusal is a function that sends something wrong to a repository which holds one image, and checks
the answer. `BAD_DIGESTS` and `BAD_REQUESTS` are rows of the grid like the data sets, cell by cell.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial

from support import oci
from support.conformance.bench import check_no_blob
from support.conformance.registry import Registry, Repository, expect, place_of, refused
from support.conformance.uploads import put_blob
from support.oci import Blob, Json

Refusal = Callable[[Repository], None]

IMAGE = oci.image(oci.layer({"etc/word": b"refusals"}))
_BLOB = Blob("text/plain", b"something else\n")
_MEBIBYTE = 1 << 20
_INVALID = ("MANIFEST_INVALID",)
_MISSING = ("MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN")


def prepared(registry: Registry) -> Repository:
    """Return a repository that holds `IMAGE`, for the refusals."""
    repository = registry.fresh("refusals")
    for blob in IMAGE.blobs:
        put_blob(repository, blob)
    for reference in (IMAGE.digest, "v1"):
        expect(repository.put_manifest(reference, IMAGE.media_type, IMAGE.content), 201)
    return repository


def _put_under(digest: str, repository: Repository) -> None:
    answer = repository.finish_upload(repository.begin_upload(), digest, _BLOB.content)
    refused(answer, (400,), ("DIGEST_INVALID",))
    check_no_blob(repository, _BLOB)


def _put_without_digest(repository: Repository) -> None:
    place = repository.begin_upload()
    answer = repository.send("PUT", place, content=_BLOB.content)
    refused(answer, (400,), ("DIGEST_INVALID",))


def _post_under_another_digest(repository: Repository) -> None:
    other = oci.digest_of(b"another")
    begun = repository.send(
        "POST", "blobs/uploads/", content=_BLOB.content, query={"digest": other}
    )
    if begun.status_code == 202:
        begun = repository.finish_upload(place_of(begun), other, _BLOB.content)
    refused(begun, (400,), ("DIGEST_INVALID",))
    check_no_blob(repository, _BLOB)
    expect(repository.head(f"blobs/{other}"), 404)


def _stream_under_another_digest(repository: Repository) -> None:
    """What was sent before the digest was known is not kept either."""
    place = repository.send_chunk(repository.begin_upload(), _BLOB.content, first=0)
    answer = repository.finish_upload(place_of(expect(place, 202)), oci.digest_of(b"another"))
    refused(answer, (400,), ("DIGEST_INVALID",))
    check_no_blob(repository, _BLOB)


def _read_under(digest: str, kind: str, repository: Repository) -> None:
    answer = repository.get(f"{kind}/{digest}")
    refused(answer, (400, 404), ("DIGEST_INVALID", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN"))


def _put_manifest_under(digest: str, repository: Repository) -> None:
    answer = repository.put_manifest(digest, IMAGE.media_type, IMAGE.content)
    refused(answer, (400,), ("DIGEST_INVALID", *_INVALID))


def _delete_under(digest: str, kind: str, repository: Repository) -> None:
    answer = repository.delete(f"{kind}/{digest}")
    refused(answer, (400, 404), ("DIGEST_INVALID", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN"))


_MALFORMED = {
    "too short": "sha256:0123456789abcdef",
    "of capitals": oci.digest_of(b"x").upper().replace("SHA", "sha"),
    "of no hexadecimals": f"sha256:{'z' * 64}",
    "of an unknown algorithm": f"md5:{'0' * 32}",
    "of the wrong length": f"sha512:{'0' * 64}",
}

BAD_DIGESTS: dict[str, Refusal] = {
    "blob put under another digest": partial(_put_under, oci.digest_of(b"another")),
    "blob put under another sha512 digest": partial(
        _put_under, oci.digest_of(b"another", "sha512")
    ),
    "blob put without a digest": _put_without_digest,
    "blob posted under another digest": _post_under_another_digest,
    "blob streamed under another digest": _stream_under_another_digest,
    "manifest put under another digest": partial(_put_manifest_under, oci.digest_of(b"another")),
    **{f"blob put, {how}": partial(_put_under, bad) for how, bad in _MALFORMED.items()},
    **{f"blob read, {how}": partial(_read_under, bad, "blobs") for how, bad in _MALFORMED.items()},
    **{
        f"manifest read, {how}": partial(_read_under, bad, "manifests")
        for how, bad in _MALFORMED.items()
    },
    **{
        f"manifest put, {how}": partial(_put_manifest_under, bad) for how, bad in _MALFORMED.items()
    },
    "blob deleted, too short": partial(_delete_under, _MALFORMED["too short"], "blobs"),
    "manifest deleted, too short": partial(_delete_under, _MALFORMED["too short"], "manifests"),
}


def _unknown_upload(method: str, repository: Repository) -> None:
    path = "blobs/uploads/6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    query = {"digest": _BLOB.digest} if method == "PUT" else None
    content = _BLOB.content if method in {"PUT", "PATCH"} else None
    answer = repository.send(method, path, content=content, query=query)
    refused(answer, (404,), ("BLOB_UPLOAD_UNKNOWN",))


def _upload_of_another_repository(repository: Repository) -> None:
    """An upload belongs to the repository in which it was begun."""
    other = repository.registry.fresh("other")
    place = repository.begin_upload()
    stolen = place.copy_with(path=place.path.replace(repository.name, other.name))
    answer = other.finish_upload(stolen, _BLOB.digest, _BLOB.content)
    refused(answer, (404,), ("BLOB_UPLOAD_UNKNOWN", "NAME_UNKNOWN"))


def _unknown_name(path: str, repository: Repository) -> None:
    unknown = repository.registry.fresh("never-pushed")
    codes = ("NAME_UNKNOWN", "MANIFEST_UNKNOWN", "BLOB_UNKNOWN")
    refused(unknown.get(path), (404,), codes)


def _invalid_name(name: str, repository: Repository) -> None:
    invalid = Repository(repository.registry, f"{repository.name}/{name}")
    begun = invalid.send("POST", "blobs/uploads/", content=b"")
    refused(begun, (400, 404), ("NAME_INVALID", "NAME_UNKNOWN"))


def _invalid_tag(tag: str, repository: Repository) -> None:
    answer = repository.put_manifest(tag, IMAGE.media_type, IMAGE.content)
    refused(answer, (400, 404), ("TAG_INVALID", *_INVALID, "UNSUPPORTED"))


def _invalid_manifest(
    media_type: str,
    content: bytes,
    repository: Repository,
    *,
    statuses: tuple[int, ...] = (400,),
    codes: tuple[str, ...] = _INVALID,
) -> None:
    answer = repository.put_manifest("bad", media_type, content)
    refused(answer, statuses, codes)
    expect(repository.head("manifests/bad"), 404)


def _changed(**fields: object) -> bytes:
    """Return the image's manifest with other fields; None leaves one out."""
    document: Mapping[str, object] = IMAGE.document | fields
    return json.dumps({key: value for key, value in document.items() if value is not None}).encode()


def _layer(**fields: object) -> list[Json]:
    return [IMAGE.blobs[1].descriptor(**fields)]


def _twice(field: str) -> bytes:
    """Return the image's manifest with a second, different value for a field."""
    text = IMAGE.content.decode()
    return (text[:-1] + f', "{field}": {json.dumps([_BLOB.descriptor()])}}}').encode()


_invalid_image = partial(_invalid_manifest, oci.IMAGE)
_invalid_index = partial(_invalid_manifest, oci.INDEX)
_oversize = _changed(annotations={"org.example.filling": "x" * (8 * _MEBIBYTE)})
_SCHEMA_1 = json.dumps({"schemaVersion": 1, "name": "a", "tag": "b", "fsLayers": [], "history": []})

BAD_REQUESTS: dict[str, Refusal] = {
    **{
        f"unknown upload, {method}": partial(_unknown_upload, method)
        for method in ("GET", "PATCH", "PUT", "DELETE")
    },
    "upload of another repository": _upload_of_another_repository,
    "unknown name, tags": partial(_unknown_name, "tags/list"),
    "unknown name, manifest": partial(_unknown_name, "manifests/v1"),
    "unknown name, blob": partial(_unknown_name, f"blobs/{_BLOB.digest}"),
    "invalid name, a dash in front": partial(_invalid_name, "-dash"),
    "invalid name, three underscores": partial(_invalid_name, "a___b"),
    "invalid name, too long": partial(_invalid_name, "a" * 300),
    "invalid tag, a dot in front": partial(_invalid_tag, ".hidden"),
    "invalid tag, 129 letters": partial(_invalid_tag, "t" * 129),
    "manifest without bytes": partial(_invalid_image, b""),
    "manifest that is no JSON": partial(_invalid_image, b"<manifest/>"),
    "manifest that is no UTF-8": partial(_invalid_image, b'{"schemaVersion": 2, "\xff": 1}'),
    "manifest that is a list": partial(_invalid_image, b"[]"),
    "manifest nested deeply": partial(_invalid_image, b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    "manifest of schema 1": partial(
        _invalid_manifest,
        oci.DOCKER_SCHEMA_1,
        _SCHEMA_1.encode(),
        codes=(*_INVALID, "UNSUPPORTED"),
        statuses=(400, 415),
    ),
    "manifest of schema 3": partial(_invalid_image, _changed(schemaVersion=3)),
    "manifest of an unknown type": partial(
        _invalid_manifest,
        "text/plain",
        IMAGE.content,
        codes=(*_INVALID, "UNSUPPORTED"),
        statuses=(400, 415),
    ),
    "manifest that says another type": partial(_invalid_index, IMAGE.content),
    "index that says it is an image": partial(_invalid_image, oci.index(IMAGE).content),
    "manifest with layers and manifests": partial(
        _invalid_image, _changed(manifests=[IMAGE.descriptor()])
    ),
    "index with layers and manifests": partial(
        _invalid_index, oci.index(IMAGE, layers=_layer()).content
    ),
    "manifest with layers twice": partial(_invalid_image, _twice("layers")),
    "manifest with a type twice": partial(_invalid_image, _twice("mediaType")),
    "manifest without a configuration": partial(_invalid_image, _changed(config=None)),
    "manifest with layers of a word": partial(_invalid_image, _changed(layers="all")),
    "manifest with a layer without a digest": partial(
        _invalid_image,
        _changed(layers=_layer(digest=None)),
        codes=("DIGEST_INVALID", *_INVALID),
    ),
    "manifest with a layer of a bad digest": partial(
        _invalid_image,
        _changed(layers=_layer(digest=_MALFORMED["too short"])),
        codes=("DIGEST_INVALID", *_INVALID, *_MISSING),
        statuses=(400, 404),
    ),
    "manifest with a layer of negative size": partial(
        _invalid_image, _changed(layers=_layer(size=-1)), codes=("SIZE_INVALID", *_INVALID)
    ),
    "manifest with a subject of a word": partial(_invalid_image, _changed(subject="this")),
    "manifest without its layer": partial(
        _invalid_image,
        _changed(layers=[_BLOB.descriptor()]),
        codes=_MISSING,
        statuses=(400, 404),
    ),
    "manifest without its configuration blob": partial(
        _invalid_image,
        _changed(config=_BLOB.descriptor()),
        codes=_MISSING,
        statuses=(400, 404),
    ),
    "manifest of 8 MiB": partial(
        _invalid_image,
        _oversize,
        codes=("SIZE_INVALID", *_INVALID),
        statuses=(413,),
    ),
}
