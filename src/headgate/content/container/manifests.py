"""Manifests: what their JSON says, and what is refused because two readers could read it twice.

Sources: OCI image-spec 1.1 (manifest, image index, descriptor), Docker's "Image Manifest V 2,
Schema 2" and, for what is mirrored only, schema 1.
"""

import json
import re
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from headgate.content.container.digests import digest_of, require_digest
from headgate.content.container.json_values import (
    is_list,
    is_modest,
    is_object,
    is_text_map,
    shown,
)
from headgate.domain.errors import InvalidContentError

OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
SCHEMA1: Final = "application/vnd.docker.distribution.manifest.v1+json"
SCHEMA1_SIGNED: Final = "application/vnd.docker.distribution.manifest.v1+prettyjws"

LISTS: Final = frozenset({OCI_INDEX, DOCKER_LIST})
MEDIA_TYPES: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST}) | LISTS
OLD_MEDIA_TYPES: Final = frozenset({SCHEMA1, SCHEMA1_SIGNED})

# The specification wants at least 4 MiB to be taken.
MOST_BYTES: Final = 8 << 20
MOST_DESCRIPTORS: Final = 20_000

_IMAGE_CONFIGS: Final = frozenset(
    {
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
    }
)
_HELM_CONFIG: Final = "application/vnd.cncf.helm.config.v1+json"
_COSIGN_LAYERS: Final = (
    "application/vnd.dev.cosign.",
    "application/vnd.dsse.envelope.",
    "application/vnd.dev.sigstore.",
)
# Layers that need not be in a registry (image-spec, "Non-distributable layers").
_FOREIGN: Final = re.compile(r"\.nondistributable\.|image\.rootfs\.foreign\.diff\.")
# RFC 6838, section 4.2.
_MEDIA_TYPE: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
)
_MOST_SIZE: Final = 2**63 - 1
# A NUL in JSON as it is written here, and not a backslash before the letters u0000.
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a manifest says of a blob or of another manifest."""

    media_type: str
    digest: str
    size: int  # bytes
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    foreign: bool = False  # it need not be in the registry
    os: str | None = None
    architecture: str | None = None
    variant: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest or a list of manifests, checked."""

    media_type: str
    schema_version: int
    config: Descriptor | None = None
    layers: Sequence[Descriptor] = ()
    children: Sequence[Descriptor] = ()
    subject: Descriptor | None = None
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def listing(self) -> bool:
        """Whether it lists manifests."""
        return self.media_type in LISTS

    @property
    def kind(self) -> str:
        """What it is to people: image, index, artifact, helm, cosign."""
        if self.listing:
            return "index"
        if self.config is None:
            return "image"  # schema 1
        if self.config.media_type == _HELM_CONFIG:
            return "helm"
        if any(layer.media_type.startswith(_COSIGN_LAYERS) for layer in self.layers):
            return "cosign"
        if self.artifact_type or self.config.media_type not in _IMAGE_CONFIGS:
            return "artifact"
        return "image"

    @property
    def described_type(self) -> str | None:
        """The artifact type that referrers are listed with ("Listing Referrers")."""
        if self.artifact_type or self.config is None:
            return self.artifact_type
        return self.config.media_type

    @property
    def compressed_size(self) -> int:
        """Bytes of all layers as they are transferred."""
        return min(sum(layer.size for layer in self.layers), _MOST_SIZE)


def parse_pushed(content: bytes, media_type: str) -> Manifest:
    """Read what a client pushes as this media type.

    InvalidContentError if it is none, is of another type than it says, or is of schema 1.
    """
    asked = media_type.partition(";")[0].strip().lower()
    if asked in OLD_MEDIA_TYPES:
        raise InvalidContentError(
            "Manifests of schema 1 are not taken: push with a client that writes schema 2 or OCI"
        )
    if asked not in MEDIA_TYPES:
        known = ", ".join(sorted(MEDIA_TYPES))
        raise InvalidContentError(
            f"The Content-Type {asked[:_SHOWN]!r} is of no manifest; these are: {known}"
        )
    return _parse(_object(content), asked)


def parse_synced(content: bytes, media_type: str | None) -> Manifest:
    """Read what an upstream gives; schema 1 is taken, and a type that it keeps silent on guessed.

    InvalidContentError if it is no manifest.
    """
    said = (media_type or "").partition(";")[0].strip().lower()
    body = _object(content)
    if _is_number(body.get("schemaVersion"), 1):
        return _parse_schema1(body)
    if said not in MEDIA_TYPES:
        own: Any = body.get("mediaType") or (OCI_INDEX if "manifests" in body else OCI_MANIFEST)
        if not isinstance(own, str) or own not in MEDIA_TYPES:
            raise InvalidContentError(f"The media type {shown(own)} is of no manifest")
        said = own
    return _parse(body, said)


def digest_of_synced(content: bytes, manifest: Manifest, algorithm: str) -> str:
    """Return the digest that names a manifest: of schema 1, that of its payload unsigned."""
    if manifest.media_type != SCHEMA1_SIGNED:
        return digest_of(content, algorithm)
    return digest_of(_unsigned(content), algorithm)


def _parse(body: Mapping[str, Any], media_type: str) -> Manifest:
    version = body.get("schemaVersion")
    if not _is_number(version, 2):
        _refuse(f"schemaVersion is {shown(version)}, it must be 2")
    said = body.get("mediaType")
    if said is None and media_type in (DOCKER_MANIFEST, DOCKER_LIST):
        _refuse("mediaType is missing, which manifests of schema 2 must have")
    if said is not None and said != media_type:
        _refuse(f"mediaType is {shown(said)}, but it came as {media_type}")
    # One document that is an image to one reader and an index to another (CVE-2021-41190).
    forbidden = ("config", "layers") if media_type in LISTS else ("manifests",)
    for name in (*forbidden, "fsLayers", "history"):
        if name in body:
            _refuse(f"a {media_type} must not have '{name}'")
    artifact_type = _media_type(body.get("artifactType"), "artifactType")
    subject = body.get("subject")
    common: dict[str, Any] = {
        "media_type": media_type,
        "schema_version": 2,
        "artifact_type": artifact_type,
        "annotations": _annotations(body.get("annotations"), "annotations"),
        "subject": None if subject is None else _descriptor(subject, "subject"),
    }
    if media_type in LISTS:
        return Manifest(children=_descriptors(body, "manifests"), **common)
    config = _descriptor(body.get("config"), "config")
    return Manifest(config=config, layers=_descriptors(body, "layers"), **common)


def _parse_schema1(body: Mapping[str, Any]) -> Manifest:
    """Read the layers, newest first there; that is all that can be had of schema 1."""
    layers = body.get("fsLayers")
    if not is_list(layers) or len(layers) > MOST_DESCRIPTORS:
        _refuse("fsLayers is no list")
    digests: dict[str, None] = {}
    for number, layer in enumerate(reversed(layers)):
        value = layer.get("blobSum") if is_object(layer) else None
        digests[require_digest(value, where=f"fsLayers {number}")] = None
    return Manifest(
        media_type=SCHEMA1_SIGNED if "signatures" in body else SCHEMA1,
        schema_version=1,
        # Schema 1 does not say how large they are.
        layers=[
            Descriptor("application/vnd.docker.container.image.rootfs.diff+x-gtar", each, 0)
            for each in digests
        ],
    )


def _unsigned(content: bytes) -> bytes:
    """Return what the signatures of a schema 1 manifest are over (docker's libtrust, JWS)."""
    body = _object(content)
    try:
        signature: Any = body["signatures"][0]
        protected: Any = json.loads(_base64url(signature["protected"]))
        length, tail = int(protected["formatLength"]), _base64url(protected["formatTail"])
    except (KeyError, IndexError, TypeError, ValueError, OverflowError, RecursionError):
        _refuse("its signatures are broken")
    return content[: max(length, 0)] + tail


def _base64url(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _object(content: bytes) -> Mapping[str, Any]:
    if len(content) > MOST_BYTES:
        _refuse(f"it is larger than {MOST_BYTES} bytes")
    if not is_modest(content):
        _refuse("it has too many values")
    try:
        body: Any = json.loads(
            content.decode(), object_pairs_hook=_unique, parse_constant=_no_constant
        )
        text = json.dumps(body, ensure_ascii=False)
        text.encode()  # half a surrogate pair is no text
    except InvalidContentError:
        raise
    except (ValueError, RecursionError) as error:
        _refuse(f"it is no JSON: {str(error)[:_SHOWN]}")
    if _NUL.search(text):
        _refuse("it has a NUL character")
    if not is_object(body):
        _refuse("it is no JSON object")
    return body


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        _refuse(f"the key {twice[:_SHOWN]!r} stands twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    _refuse(f"{name} is no JSON number")


def _descriptors(body: Mapping[str, Any], name: str) -> Sequence[Descriptor]:
    found = body.get(name)
    if not is_list(found):
        _refuse(f"'{name}' is missing or no list")
    if len(found) > MOST_DESCRIPTORS:
        _refuse(f"'{name}' has more than {MOST_DESCRIPTORS} entries")
    return [_descriptor(each, f"{name}[{number}]") for number, each in enumerate(found)]


def _descriptor(body: Any, where: str) -> Descriptor:
    if not is_object(body):
        _refuse(f"{where} is missing or no descriptor")
    size = body.get("size")
    if type(size) is not int or not 0 <= size <= _MOST_SIZE:
        _refuse(f"{where} has no size in bytes")
    media_type = _media_type(body.get("mediaType"), f"{where}.mediaType")
    if media_type is None:
        _refuse(f"{where} has no mediaType")
    platform: Any = body.get("platform") or {}
    if not is_object(platform):
        _refuse(f"{where}.platform is no object")
    parts = {
        name: _short(platform.get(name), f"{where}.platform.{name}")
        for name in ("os", "architecture", "variant")
    }
    return Descriptor(
        media_type=media_type,
        digest=require_digest(body.get("digest"), where=f"{where}.digest"),
        size=size,
        annotations=_annotations(body.get("annotations"), f"{where}.annotations"),
        foreign=_FOREIGN.search(media_type) is not None,
        **parts,
    )


def _media_type(value: Any, where: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _MEDIA_TYPE.fullmatch(value):
        _refuse(f"{where} is no media type: {shown(value)}")
    return value


def _annotations(value: Any, where: str) -> Mapping[str, str]:
    if value is None:
        return {}
    if not is_text_map(value):
        _refuse(f"{where} is no map of texts")
    return value


def _short(value: Any, where: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 64:
        _refuse(f"{where} is no text of at most 64 characters")
    return value


def _is_number(value: Any, number: int) -> bool:
    """Whether it is that integer: True and 1.0 are none."""
    return type(value) is int and value == number


def _refuse(reason: str) -> NoReturn:
    raise InvalidContentError(f"This is no valid manifest: {reason}")
