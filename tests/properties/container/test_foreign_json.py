"""Manifests and configurations from anywhere: read or refused, never anything else."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from headgate.content.container.digests import digest_of, is_digest
from headgate.content.container.image_configs import ImageConfig, parse_config
from headgate.content.container.manifests import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    MEDIA_TYPES,
    OCI_INDEX,
    OCI_MANIFEST,
    SCHEMA1_SIGNED,
    Manifest,
    digest_of_synced,
    parse_pushed,
    parse_synced,
)
from headgate.domain.errors import InvalidContentError

_KNOWN = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST, SCHEMA1_SIGNED]
texts = st.text() | st.sampled_from([*_KNOWN, digest_of(b"x"), digest_of(b"x", "sha512"), "a/b"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)
descriptors = st.fixed_dictionaries(
    {},
    optional={
        "mediaType": texts | values,
        "digest": texts | values,
        "size": st.integers(-1, 2**64) | values,
        "annotations": st.dictionaries(st.text(), st.text()) | values,
        "platform": st.fixed_dictionaries({}, optional={"os": values, "variant": texts}) | values,
    },
)
signatures = st.fixed_dictionaries({}, optional={"protected": texts | values})
manifests = st.fixed_dictionaries(
    {},
    optional={
        "schemaVersion": st.sampled_from([1, 2]) | values,
        "mediaType": texts | values,
        "config": descriptors | values,
        "layers": st.lists(descriptors | values, max_size=3) | values,
        "manifests": st.lists(descriptors, max_size=3) | values,
        "subject": descriptors | values,
        "artifactType": texts | values,
        "annotations": st.dictionaries(st.text(), st.text()) | values,
        "fsLayers": st.lists(st.fixed_dictionaries({"blobSum": texts}), max_size=3) | values,
        "signatures": st.lists(signatures, max_size=2) | values,
    },
)
documents = manifests.map(lambda body: json.dumps(body).encode())
contents = st.binary() | documents | values.map(lambda body: json.dumps(body).encode())
media_types = st.sampled_from(_KNOWN) | st.text()


def require_sound(found: Manifest) -> None:
    """Check what the tables of units count on."""
    named = [*found.layers, *found.children, *filter(None, (found.config, found.subject))]
    assert all(is_digest(each.digest) and 0 <= each.size < 2**63 for each in named)
    assert all(0 < len(each.media_type) <= 255 for each in named)
    assert found.listing == (found.media_type in {OCI_INDEX, DOCKER_LIST})
    assert not (found.children and (found.config or found.layers))
    assert 0 <= found.compressed_size < 2**63
    texts_ = [each for pair in found.annotations.items() for each in pair]
    assert not any("\0" in each for each in texts_)
    "".join(texts_).encode()


@given(contents, media_types)
@example(b'{"schemaVersion": 2, "mediaType": []}', OCI_MANIFEST)
@example(b'{"schemaVersion": 2, "config": {"digest": "\\ud800"}, "layers": []}', OCI_MANIFEST)
def test_a_pushed_manifest_is_read_or_refused(content: bytes, media_type: str) -> None:
    try:
        found = parse_pushed(content, media_type)
    except InvalidContentError as refusal:
        refusal.message.encode()  # it goes into an answer
        return
    require_sound(found)
    assert found.media_type in MEDIA_TYPES
    assert found.schema_version == 2


@given(contents, st.none() | media_types)
def test_a_mirrored_manifest_is_read_or_refused(content: bytes, media_type: str | None) -> None:
    try:
        found = parse_synced(content, media_type)
        digest = digest_of_synced(content, found, "sha256")
    except InvalidContentError as refusal:
        refusal.message.encode()
        return
    require_sound(found)
    assert is_digest(digest)


@given(st.binary() | values.map(lambda body: json.dumps(body).encode()))
def test_a_configuration_is_read_as_far_as_it_goes(content: bytes) -> None:
    found = parse_config(content)

    assert isinstance(found, ImageConfig)
    kept: list[Any] = [found.os, found.architecture, found.variant, *found.labels.values()]
    assert not any("\0" in each for each in kept if each is not None)
