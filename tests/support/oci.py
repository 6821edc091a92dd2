"""OCI content as plain bytes: blobs, image manifests, indexes and artifacts, with their digests.

Everything made here is the same bytes in every run, so digests can be compared between registries.
"""

import gzip
import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import new
from typing import Any

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
FOREIGN_LAYER = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"

DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"

ACCEPTED = (IMAGE, INDEX, DOCKER_IMAGE, DOCKER_LIST)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes with a media type, and the digest that names them."""

    media_type: str
    content: bytes = field(repr=False)
    algorithm: str = "sha256"
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", digest_of(self.content, self.algorithm))

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return len(self.content)

    def descriptor(self, **fields: Any) -> Json:
        """Return what a manifest says of it; fields of the caller come after the usual three."""
        named = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        return named | fields


@dataclass(frozen=True, slots=True)
class Manifest(Blob):
    """A manifest or index, with what a registry must hold before it accepts this."""

    blobs: tuple[Blob, ...] = ()
    children: tuple["Manifest", ...] = ()

    @property
    def document(self) -> Json:
        """What its bytes say."""
        return json.loads(self.content)

    @property
    def subject(self) -> str | None:
        """The digest of the manifest that it is about."""
        about = self.document.get("subject")
        return about["digest"] if about else None

    def family(self) -> Iterator["Manifest"]:
        """Yield the manifests below it and then itself: the order in which they can be pushed."""
        for child in self.children:
            yield from child.family()
        yield self


def digest_of(content: bytes, algorithm: str = "sha256") -> str:
    """Return the name of bytes, with the algorithm."""
    return f"{algorithm}:{new(algorithm, content).hexdigest()}"


def layer(
    files: Mapping[str, bytes],
    *,
    media_type: str = LAYER_GZIP,
    compressed: bool = True,
    algorithm: str = "sha256",
) -> Blob:
    """Return a layer that holds executable files."""
    spool = io.BytesIO()
    with tarfile.open(fileobj=spool, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            archive.addfile(member, io.BytesIO(content))
    packed = spool.getvalue()
    content = gzip.compress(packed, mtime=0) if compressed else packed
    return Blob(media_type, content, algorithm)


def config(
    layers: Sequence[Blob],
    *,
    architecture: str = "amd64",
    labels: Mapping[str, str] | None = None,
    media_type: str = CONFIG,
    algorithm: str = "sha256",
) -> Blob:
    """Return the configuration of an image that has layers made by `layer`."""
    document = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Labels": dict(labels or {}), "Cmd": ["/bin/sh"]},
        "rootfs": {"type": "layers", "diff_ids": [_diff_id(each) for each in layers]},
    }
    return Blob(media_type, json.dumps(document).encode(), algorithm)


def manifest(
    media_type: str,
    document: Json,
    *,
    blobs: Sequence[Blob] = (),
    children: Sequence[Manifest] = (),
    algorithm: str = "sha256",
) -> Manifest:
    """Return a manifest that says what it is and whatever else the document says."""
    content = json.dumps({"schemaVersion": 2, "mediaType": media_type} | document).encode()
    return Manifest(media_type, content, algorithm, tuple(blobs), tuple(children))


def image(
    *layers: Blob,
    about: Blob | None = None,
    media_type: str = IMAGE,
    algorithm: str = "sha256",
    **fields: Any,
) -> Manifest:
    """Return an image with layers; its configuration is `about` or made for them."""
    about = about or config(layers)
    document = {
        "config": about.descriptor(),
        "layers": [each.descriptor() for each in layers],
    }
    distinct = tuple(dict.fromkeys((about, *layers)))
    return manifest(media_type, document | fields, blobs=distinct, algorithm=algorithm)


def artifact(*blobs: Blob, about: Blob | None = None, **fields: Any) -> Manifest:
    """Return a manifest of things that are no image; its configuration is empty unless given."""
    return image(*blobs, about=about or Blob(EMPTY, b"{}"), **fields)


def index(
    *children: Manifest,
    media_type: str = INDEX,
    algorithm: str = "sha256",
    **fields: Any,
) -> Manifest:
    """Return a list of manifests; whoever has a platform is listed with it."""
    document = {"manifests": [each.descriptor(**_platform(each)) for each in children]}
    return manifest(media_type, document | fields, children=children, algorithm=algorithm)


def subject(about: Manifest) -> Json:
    """Return the field by which a manifest says which one it is about."""
    return about.descriptor()


def _diff_id(layer_: Blob) -> str:
    compressed = layer_.content.startswith(b"\x1f\x8b")
    return digest_of(gzip.decompress(layer_.content) if compressed else layer_.content)


def _platform(child: Manifest) -> Json:
    """Return the platform field of an image's descriptor, as its configuration has it."""
    named = child.document.get("config", {}).get("digest")
    for blob in child.blobs:
        if blob.digest == named and blob.media_type in {CONFIG, DOCKER_CONFIG}:
            document = json.loads(blob.content)
            return {"platform": {key: document[key] for key in ("architecture", "os")}}
    return {}
