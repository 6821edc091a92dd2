"""Reading manifests: what is taken, and that whatever could be read in two ways is refused."""

import json
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from headgate.content.container.digests import digest_of
from headgate.content.container.manifests import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    MOST_BYTES,
    MOST_DESCRIPTORS,
    OCI_INDEX,
    OCI_MANIFEST,
    parse_pushed,
    parse_synced,
)
from headgate.domain.errors import InvalidContentError

DIGEST = digest_of(b"{}")
CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": DIGEST, "size": 2}
LAYER = {
    "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
    "digest": digest_of(b"layer"),
    "size": 5,
}
IMAGE = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": CONFIG, "layers": [LAYER]}
CHILD = {"mediaType": OCI_MANIFEST, "digest": DIGEST, "size": 2}
INDEX = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [CHILD]}
LARGEST = 2**63 - 1
_EMPTY = "application/vnd.oci.empty.v1+json"
_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"


def image(**changes: Any) -> bytes:
    """Return an image; a field that is `...` is left out."""
    return written(IMAGE | changes)


def index(**changes: Any) -> bytes:
    return written(INDEX | changes)


def written(body: dict[str, Any]) -> bytes:
    return json.dumps({name: value for name, value in body.items() if value is not ...}).encode()


def layer(**changes: Any) -> bytes:
    """Return an image whose only layer has other fields."""
    one = {name: value for name, value in (LAYER | changes).items() if value is not ...}
    return image(layers=[one])


def test_an_image_is_read() -> None:
    found = parse_pushed(
        image(annotations={"a": "b"}, artifactType="application/x", subject=CHILD),
        f" {OCI_MANIFEST.upper()} ; charset=utf-8",
    )

    assert (found.media_type, found.kind, found.listing) == (OCI_MANIFEST, "artifact", False)
    assert found.config is not None
    assert found.config.digest == DIGEST
    assert [each.digest for each in found.layers] == [LAYER["digest"]]
    assert found.subject is not None
    assert (found.annotations, found.compressed_size) == ({"a": "b"}, 5)


def test_an_index_is_read_with_its_platforms() -> None:
    platform = {"os": "linux", "architecture": "arm64", "variant": "v8", "os.version": "1"}
    found = parse_pushed(index(manifests=[CHILD | {"platform": platform}]), OCI_INDEX)

    (child,) = found.children
    assert (child.os, child.architecture, child.variant) == ("linux", "arm64", "v8")
    assert (found.kind, found.listing, found.config) == ("index", True, None)


@pytest.mark.parametrize(
    ("config", "layers", "artifact_type", "kind"),
    [
        (CONFIG["mediaType"], [], None, "image"),
        ("application/vnd.docker.container.image.v1+json", [], None, "image"),
        ("application/vnd.cncf.helm.config.v1+json", [], None, "helm"),
        (CONFIG["mediaType"], [_SIGNING], None, "cosign"),
        (_EMPTY, ["application/vnd.dsse.envelope.v1+json"], None, "cosign"),
        (_EMPTY, ["a/b"], None, "artifact"),
        (CONFIG["mediaType"], [], "application/x", "artifact"),
    ],
)
def test_a_manifest_is_told_for_what_it_is(
    config: str, layers: list[str], artifact_type: str | None, kind: str
) -> None:
    body = image(
        config=CONFIG | {"mediaType": config},
        layers=[LAYER | {"mediaType": each} for each in layers],
        artifactType=artifact_type,
    )

    found = parse_pushed(body, OCI_MANIFEST)

    assert found.kind == kind
    assert found.described_type == (artifact_type or config)


def test_what_readers_may_leave_out_may_be_empty() -> None:
    found = parse_pushed(
        image(mediaType=..., artifactType="", subject=None, annotations=None, layers=[]),
        OCI_MANIFEST,
    )

    assert (found.artifact_type, found.subject, found.annotations) == (None, None, {})


def test_layers_that_need_not_be_here_are_known() -> None:
    types = [
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        str(LAYER["mediaType"]),
    ]
    found = parse_pushed(
        image(layers=[LAYER | {"mediaType": each} for each in types]), OCI_MANIFEST
    )

    assert [each.foreign for each in found.layers] == [True, True, False]


def test_sizes_of_layers_that_add_up_beyond_the_database_are_cut_off() -> None:
    huge = LAYER | {"size": LARGEST}
    assert parse_pushed(image(layers=[huge, huge]), OCI_MANIFEST).compressed_size == LARGEST


def test_a_backslash_before_the_letters_of_a_nul_is_none() -> None:
    notes = {"regex": r"\u0000", "two": "\\\\u0000"}
    assert parse_pushed(image(annotations=notes), OCI_MANIFEST).annotations == notes


def test_strings_may_be_as_large_as_the_manifest() -> None:
    notes = {"large": "x" * (MOST_BYTES - 1_000)}
    assert parse_pushed(image(annotations=notes), OCI_MANIFEST).annotations == notes


_DEEP = 100_000
_TWICE = image().replace(b'"layers"', b'"layers": [], "layers"')
REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "no JSON"),
    "no UTF-8": (b'{"a": "\xff"}', "no JSON"),
    "UTF-16": (image().decode().encode("utf-16"), "no JSON"),
    "a byte order mark": (b"\xef\xbb\xbf" + image(), "no JSON"),
    "two documents": (image() + image(), "no JSON"),
    "a list": (b"[]", "no JSON object"),
    "a text": (b'"x"', "no JSON object"),
    "null": (b"null", "no JSON object"),
    "a key twice": (_TWICE, "'layers' stands twice"),
    "a key twice, deep inside": (
        layer().replace(b'"size"', b'"size": 1, "size"'),
        "'size' stands twice",
    ),
    "a key twice, once escaped": (
        image().replace(b'"layers"', b'"\\u006cayers": [], "layers"'),
        "'layers' stands twice",
    ),
    "NaN": (image(x=float("nan")), "NaN is no JSON number"),
    "Infinity": (image(x=float("-inf")), "-Infinity is no JSON number"),
    "an integer without end": (image().replace(b"5", b"5" * 5_000), "no JSON"),
    "lists within lists": (b"[" * _DEEP + b"]" * _DEEP, "no JSON"),
    "objects within objects": (b'{"a":' * _DEEP + b"1" + b"}" * _DEEP, "no JSON"),
    "a NUL": (image(annotations={"a": "b\0"}), "NUL"),
    "a NUL in a key": (image(**{"a\0": 1}), "NUL"),
    "half a surrogate pair": (image().replace(b"layers", b"\\ud800"), "no JSON"),
    "too large": (b" " * MOST_BYTES + image(), "larger than"),
    "too many values": (image(x=[[]] * 300_000), "too many values"),
    "no version": (image(schemaVersion=...), "schemaVersion is a NoneType"),
    "version 1": (image(schemaVersion=1), "schemaVersion is 1"),
    "version 2.0": (image(schemaVersion=2.0), "schemaVersion is 2.0"),
    "a version in words": (image(schemaVersion="2"), "schemaVersion is '2'"),
    "version true": (image(schemaVersion=True), "schemaVersion is True"),
    "another type than it came as": (image(mediaType=OCI_INDEX), "but it came as"),
    "a type that is no text": (image(mediaType=[OCI_MANIFEST]), "mediaType is a list"),
    "an image and an index": (image(manifests=[]), "must not have 'manifests'"),
    "an image and an index of null": (image(manifests=None), "must not have 'manifests'"),
    "an image and schema 1": (image(fsLayers=[]), "must not have 'fsLayers'"),
    "an image with schema 1's history": (image(history=[]), "must not have 'history'"),
    "no configuration": (image(config=...), "config is missing"),
    "a configuration of null": (image(config=None), "config is missing"),
    "a configuration that is a list": (image(config=[CONFIG]), "config is missing"),
    "no layers": (image(layers=...), "'layers' is missing"),
    "layers of null": (image(layers=None), "'layers' is missing"),
    "layers by name": (image(layers={"0": LAYER}), "'layers' is missing"),
    "too many layers": (image(layers=[1] * (MOST_DESCRIPTORS + 1)), "more than"),
    "a layer that is null": (image(layers=[LAYER, None]), "layers[1] is missing"),
    "no size": (layer(size=...), "layers[0] has no size"),
    "a negative size": (layer(size=-1), "layers[0] has no size"),
    "a size with a fraction": (layer(size=5.0), "layers[0] has no size"),
    "a size in words": (layer(size="5"), "layers[0] has no size"),
    "a size that is true": (layer(size=True), "layers[0] has no size"),
    "a size beyond the database": (layer(size=LARGEST + 1), "layers[0] has no size"),
    "no digest": (layer(digest=...), "layers[0].digest is no digest"),
    "a digest in capitals": (layer(digest=DIGEST.upper()), "is no digest"),
    "a short digest": (layer(digest=DIGEST[:-1]), "is no digest"),
    "a digest and a line end": (layer(digest=DIGEST + "\n"), "is no digest"),
    "a digest that leads elsewhere": (layer(digest="sha256:../../../x"), "is no digest"),
    "a digest of another kind": (layer(digest="md5:" + "0" * 32), "is no digest"),
    "a digest that is a list": (layer(digest=[DIGEST]), "is no digest: a list"),
    "no media type": (layer(mediaType=...), "has no mediaType"),
    "an empty media type": (layer(mediaType=""), "has no mediaType"),
    "a media type with a line end": (layer(mediaType="a/b\n"), "is no media type"),
    "a media type that is long": (layer(mediaType="a/" + "b" * 200), "is no media type"),
    "a media type that is a number": (layer(mediaType=1), "is no media type: 1"),
    "an artifact type without a slash": (image(artifactType="x"), "artifactType is no media"),
    "a subject that is a text": (image(subject=DIGEST), "subject is missing or no"),
    "annotations that are a list": (image(annotations=["a"]), "annotations is no map"),
    "an annotation that is a number": (image(annotations={"a": 1}), "annotations is no map"),
    "an annotation of a layer": (layer(annotations={"a": None}), "layers[0].annotations"),
    "a platform that is a text": (layer(platform="linux/amd64"), "platform is no object"),
    "a long operating system": (layer(platform={"os": "x" * 65}), "platform.os is no text"),
    "a list of architectures": (
        layer(platform={"architecture": ["amd64"]}),
        "platform.architecture is no text",
    ),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_is_no_image_is_refused(fault: str) -> None:
    body, words = REFUSED[fault]

    with pytest.raises(InvalidContentError) as refusal:
        parse_pushed(body, OCI_MANIFEST)

    assert words in refusal.value.message
    assert len(refusal.value.message) < 400


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (index(config=CONFIG), "must not have 'config'"),
        (index(layers=[]), "must not have 'layers'"),
        (index(manifests=None), "'manifests' is missing"),
        (index(manifests=[CHILD | {"digest": "x"}]), "manifests[0].digest is no digest"),
    ],
)
def test_what_is_no_index_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(InvalidContentError, match=words.replace("[", r"\[")):
        parse_pushed(body, OCI_INDEX)


@pytest.mark.parametrize("media_type", [DOCKER_MANIFEST, DOCKER_LIST])
def test_schema_2_must_say_what_it_is(media_type: str) -> None:
    body = image(mediaType=...) if media_type == DOCKER_MANIFEST else index(mediaType=...)

    with pytest.raises(InvalidContentError, match="mediaType is missing"):
        parse_pushed(body, media_type)


@pytest.mark.parametrize(
    "media_type", ["", "text/html", "application/json", "*/*", "\x00", "x" * 9999]
)
def test_what_comes_as_no_manifest_is_refused_in_few_words(media_type: str) -> None:
    with pytest.raises(InvalidContentError, match="is of no manifest") as refusal:
        parse_pushed(image(), media_type)

    assert len(refusal.value.message) < 500


@pytest.mark.parametrize("where", ["digest", "mediaType", "size", "annotations", "platform"])
def test_no_depth_of_nesting_is_more_than_a_refusal(where: str) -> None:
    pushed, synced = layer(**{where: "NEST"}), image(mediaType="NEST")
    for depth in range(100, 1_100):
        nest = b"[" * depth + b"]" * depth

        with pytest.raises(InvalidContentError):
            parse_pushed(pushed.replace(b'"NEST"', nest), OCI_MANIFEST)
        with pytest.raises(InvalidContentError):
            parse_synced(synced.replace(b'"NEST"', nest), None)


def many_keys() -> bytes:
    names = ",".join(f'"{number}":0' for number in range(199_000))
    return f'{{{names},"198999":1}}'.encode()


def many_lists() -> bytes:
    return b'{"a":[' + b"[]," * 2_000_000 + b"1]}"


@pytest.mark.parametrize("made", [many_keys, many_lists])
def test_what_is_made_to_take_long_takes_no_longer(made: Callable[[], bytes]) -> None:
    body = made()
    tracemalloc.start()
    begun = time.process_time()

    with pytest.raises(InvalidContentError):
        parse_pushed(body, OCI_MANIFEST)

    took, (_, peak) = time.process_time() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 20  # seconds of a slow machine: it was hours
    assert peak < 200 << 20


@pytest.mark.parametrize(
    ("body", "said", "expected"),
    [
        (image(mediaType=...), None, OCI_MANIFEST),
        (image(mediaType=...), "text/plain", OCI_MANIFEST),
        (index(mediaType=...), "application/octet-stream", OCI_INDEX),
        (image(mediaType=DOCKER_MANIFEST), "", DOCKER_MANIFEST),
        (image(), f"{OCI_MANIFEST}; charset=utf-8", OCI_MANIFEST),
    ],
)
def test_an_upstream_that_says_nothing_useful_is_understood(
    body: bytes, said: str | None, expected: str
) -> None:
    assert parse_synced(body, said).media_type == expected


@pytest.mark.parametrize("own", ["text/html", 7, [], [OCI_MANIFEST], {"a": "b"}, True])
def test_an_upstreams_manifest_of_no_type_is_refused(own: Any) -> None:
    with pytest.raises(InvalidContentError, match=r"no manifest|no valid manifest"):
        parse_synced(image(mediaType=own), None if own != [] else "text/html")
