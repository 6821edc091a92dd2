"""What the grid pushes: every kind of content that the image specification describes."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from support import oci
from support.oci import Blob, Manifest

_Named = TypeVar("_Named", bound=Blob)

_MEBIBYTE = 1 << 20
_ABOUT = "application/vnd.example.about.v1"
_NOTE = Blob("text/plain", b"stands in shallow water\n")


@dataclass(frozen=True, slots=True)
class DataSet:
    """Manifests in the order in which they are pushed, with what lies below them.

    `absent` are digests that manifests name and nobody pushes: layers that may not be distributed,
    platforms that were left out, subjects that come later or never.
    """

    name: str
    roots: tuple[Manifest, ...]
    absent: frozenset[str] = frozenset()
    # A registry may take it or refuse it; what it takes it must keep.
    optional: bool = False

    @property
    def manifests(self) -> list[Manifest]:
        """All manifests that are pushed, children first."""
        return _distinct(each for root in self.roots for each in root.family())

    @property
    def blobs(self) -> list[Blob]:
        """All blobs that are pushed."""
        blobs = (blob for manifest in self.manifests for blob in manifest.blobs)
        return [blob for blob in _distinct(blobs) if blob.digest not in self.absent]

    @property
    def subjects(self) -> dict[str, list[Manifest]]:
        """Which of the manifests are about which digest."""
        found: dict[str, list[Manifest]] = {}
        for manifest in self.manifests:
            if manifest.subject:
                found.setdefault(manifest.subject, []).append(manifest)
        return found


def all_data_sets() -> list[DataSet]:
    """Return every data set, each with bytes of its own where that is possible."""
    return [
        DataSet("image", (_image("image"),)),
        _uncompressed(),
        _large_manifest(),
        DataSet("index", (_index("index"),)),
        DataSet("nested index", (oci.index(_index("inner"), _image("outer")),)),
        DataSet("empty index", (oci.index(),)),
        DataSet("artifact", (oci.artifact(_NOTE, artifactType=_ABOUT),)),
        _artifact_by_config(),
        DataSet("artifact without layers", (_bare_artifact(),)),
        DataSet("artifact index", (_artifact_index(),)),
        _subject(),
        _missing_subject(),
        _data_field(),
        _non_distributable(),
        _custom_fields(),
        DataSet("image without layers", (oci.image(),)),
        DataSet("empty blob", (oci.artifact(Blob("text/plain", b""), artifactType=_ABOUT),)),
        DataSet(
            "sha512 image", (_image("sha512", manifest_algorithm="sha512", algorithm="sha512"),)
        ),
        DataSet("sha512 blobs", (_image("sha512 blobs", algorithm="sha512"),)),
        _sparse_index(),
        DataSet("docker image", (_docker_image("docker"),)),
        DataSet("docker list", (_docker_list(),)),
    ]


def _image(
    word: str,
    *,
    architecture: str = "amd64",
    algorithm: str = "sha256",
    manifest_algorithm: str = "sha256",
) -> Manifest:
    layers = [
        oci.layer({"etc/word": word.encode(), "etc/number": bytes([number])}, algorithm=algorithm)
        for number in range(2)
    ]
    about = oci.config(layers, architecture=architecture, algorithm=algorithm)
    return oci.image(*layers, about=about, algorithm=manifest_algorithm)


def _index(word: str) -> Manifest:
    return oci.index(*(_image(word, architecture=each) for each in ("amd64", "arm64")))


def _uncompressed() -> DataSet:
    layer = oci.layer({"etc/word": b"plain"}, media_type=oci.LAYER, compressed=False)
    return DataSet("uncompressed layers", (oci.image(layer),))


def _large_manifest() -> DataSet:
    """An image whose manifest has 4 MiB, the size that a registry must take at least."""
    layer = oci.layer({"etc/word": b"large"})
    bare = oci.image(layer, annotations={"org.example.filling": ""})
    filling = "x" * (4 * _MEBIBYTE - bare.size)
    return DataSet(
        "large manifest", (oci.image(layer, annotations={"org.example.filling": filling}),)
    )


def _artifact_by_config() -> DataSet:
    about = Blob(_ABOUT, b'{"kind": "note"}')
    return DataSet("artifact by its config", (oci.artifact(_NOTE, about=about),))


def _bare_artifact() -> Manifest:
    empty = Blob(oci.EMPTY, b"{}")
    return oci.artifact(empty, artifactType=_ABOUT, annotations={"org.example.word": "bare"})


def _artifact_index() -> Manifest:
    return oci.index(oci.artifact(_NOTE, artifactType=_ABOUT), artifactType=_ABOUT)


def _subject() -> DataSet:
    """An image and what is about it: artifacts of two kinds, an index, another image."""
    image = _image("subject")
    subject = oci.subject(image)
    about = Blob("application/vnd.example.config.v1", b'{"by": "config"}')
    annotations = {"org.example.word": "signed"}
    referrers = (
        oci.artifact(_NOTE, artifactType=_ABOUT, subject=subject, annotations=annotations),
        oci.artifact(_NOTE, artifactType="application/vnd.example.other.v1", subject=subject),
        oci.artifact(_NOTE, about=about, subject=subject),
        oci.index(image, artifactType=_ABOUT, subject=subject),
        oci.image(oci.layer({"etc/word": b"about"}), subject=subject),
    )
    return DataSet("subject", (image, *referrers))


def _missing_subject() -> DataSet:
    unknown = _image("never pushed")
    artifact = oci.artifact(_NOTE, artifactType=_ABOUT, subject=oci.subject(unknown))
    return DataSet("missing subject", (artifact,), frozenset({unknown.digest}))


def _data_field() -> DataSet:
    """Descriptors that carry the bytes, which are pushed as well: not every client reads them."""
    empty = Blob(oci.EMPTY, b"{}")
    document = {
        "artifactType": _ABOUT,
        "config": empty.descriptor(data="e30="),
        "layers": [empty.descriptor(data="e30=")],
    }
    return DataSet("data field", (oci.manifest(oci.IMAGE, document, blobs=[empty]),))


def _non_distributable() -> DataSet:
    """An image with a layer that lies elsewhere, which a client does not push."""
    own = oci.layer({"etc/word": b"own"})
    foreign = oci.layer({"etc/word": b"foreign"}, media_type=oci.FOREIGN_LAYER)
    about = oci.config([own, foreign])
    document = {
        "config": about.descriptor(),
        "layers": [
            own.descriptor(),
            foreign.descriptor(urls=["https://layers.example.org/foreign"]),
        ],
    }
    image = oci.manifest(oci.IMAGE, document, blobs=[about, own, foreign])
    return DataSet("non-distributable layer", (image,), frozenset({foreign.digest}))


def _custom_fields() -> DataSet:
    """Fields that no specification knows, everywhere: they must come back byte for byte."""
    layer = oci.layer({"etc/word": b"custom"})
    known = json.loads(oci.config([layer]).content)
    about = Blob(oci.CONFIG, json.dumps(known | {"org.example.own": {"deep": [1]}}).encode())
    document = {
        "org.example.own": {"deep": [None, True, 1.5, "é"]},
        "config": about.descriptor(**{"org.example.own": "config"}),
        "layers": [layer.descriptor(**{"org.example.own": ["layer"]})],
    }
    image = oci.manifest(oci.IMAGE, document, blobs=[about, layer])
    listed = {"org.example.own": 1, "manifests": [image.descriptor(**{"org.example.own": {}})]}
    return DataSet("custom fields", (oci.manifest(oci.INDEX, listed, children=[image]),))


def _sparse_index() -> DataSet:
    here, left_out = _image("sparse"), _image("left out", architecture="s390x")
    index = replace(oci.index(here, left_out), children=(here,))
    return DataSet("sparse index", (index,), frozenset({left_out.digest}), optional=True)


def _docker_image(word: str, architecture: str = "amd64") -> Manifest:
    layer = oci.layer({"etc/word": word.encode()}, media_type=oci.DOCKER_LAYER)
    about = oci.config([layer], architecture=architecture, media_type=oci.DOCKER_CONFIG)
    return oci.image(layer, about=about, media_type=oci.DOCKER_IMAGE)


def _docker_list() -> Manifest:
    images = (_docker_image("docker list", each) for each in ("amd64", "arm64"))
    return oci.index(*images, media_type=oci.DOCKER_LIST)


def _distinct(blobs: Iterable[_Named]) -> list[_Named]:
    return list({blob.digest: blob for blob in blobs}.values())
