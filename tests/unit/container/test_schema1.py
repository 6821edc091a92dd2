"""Schema 1, as docker's libtrust signs it: signatures stand within the object that they sign."""

import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from headgate.content.container.digests import digest_of
from headgate.content.container.manifests import (
    SCHEMA1,
    SCHEMA1_SIGNED,
    digest_of_synced,
    parse_pushed,
    parse_synced,
)
from headgate.domain.errors import InvalidContentError

_PAYLOAD = json.dumps(
    {
        "schemaVersion": 1,
        "name": "library/wren",
        "tag": "latest",
        "architecture": "amd64",
        "fsLayers": [{"blobSum": digest_of(b"top")}, {"blobSum": digest_of(b"bottom")}],
        "history": [{"v1Compatibility": "{}"}, {"v1Compatibility": "{}"}],
    },
    indent=3,
).encode()


def unpadded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(payload: bytes = _PAYLOAD, **changes: Any) -> bytes:
    """Return the payload with a signature set in before its end, by a key made for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    cut = payload.rindex(b"}") - 1  # before the line end that precedes the closing brace
    protected = unpadded(
        json.dumps(
            {
                "formatLength": cut,
                "formatTail": unpadded(payload[cut:]),
                "time": "2015-10-31T22:22:56Z",
            }
            | changes
        ).encode()
    )
    to_sign = f"{protected}.{unpadded(payload)}".encode()
    r, s = decode_dss_signature(key.sign(to_sign, ec.ECDSA(hashes.SHA256())))
    numbers = key.public_key().public_numbers()
    signature = {
        "header": {
            "alg": "ES256",
            "jwk": {
                "kty": "EC",
                "crv": "P-256",
                "x": unpadded(numbers.x.to_bytes(32, "big")),
                "y": unpadded(numbers.y.to_bytes(32, "big")),
            },
        },
        "signature": unpadded(r.to_bytes(32, "big") + s.to_bytes(32, "big")),
        "protected": protected,
    }
    block = json.dumps([signature], indent=3).encode()
    return payload[:cut] + b',\n   "signatures": ' + block + payload[cut:]


@pytest.mark.parametrize("media_type", [SCHEMA1, SCHEMA1_SIGNED, SCHEMA1 + "; charset=utf-8"])
def test_schema_1_is_refused_when_it_is_pushed(media_type: str) -> None:
    with pytest.raises(InvalidContentError, match="schema 2 or OCI"):
        parse_pushed(signed(), media_type)


def test_the_digest_of_a_signed_manifest_is_that_of_what_was_signed() -> None:
    content = signed()
    found = parse_synced(content, SCHEMA1_SIGNED)

    assert (found.media_type, found.schema_version, found.kind) == (SCHEMA1_SIGNED, 1, "image")
    assert [each.digest for each in found.layers] == [digest_of(b"bottom"), digest_of(b"top")]
    expected = f"sha256:{sha256(_PAYLOAD).hexdigest()}"
    assert digest_of_synced(content, found, "sha256") == expected
    # Another signature changes nothing; another payload does.
    assert digest_of_synced(signed(), found, "sha256") == expected
    other = signed(_PAYLOAD.replace(b"wren", b"crow"))
    assert digest_of_synced(other, found, "sha256") != expected


def test_the_digest_of_an_unsigned_one_is_that_of_its_bytes() -> None:
    found = parse_synced(_PAYLOAD, SCHEMA1)

    assert found.media_type == SCHEMA1
    assert digest_of_synced(_PAYLOAD, found, "sha512") == digest_of(_PAYLOAD, "sha512")


@pytest.mark.parametrize(
    "change",
    [
        {"formatLength": "many"},
        {"formatLength": None},
        {"formatLength": [1]},
        {"formatLength": float("inf")},
        {"formatLength": float("nan")},
        {"formatTail": 7},
        {"formatTail": "a"},
        {"formatTail": "\u00e9"},
    ],
)
def test_broken_signatures_are_refused(change: dict[str, Any]) -> None:
    content = signed(**change)
    found = parse_synced(content, None)

    with pytest.raises(InvalidContentError, match="signatures are broken"):
        digest_of_synced(content, found, "sha256")


@pytest.mark.parametrize("signatures", [None, [], {}, "x", [None], [{}], [{"protected": 1}]])
def test_signatures_of_another_form_are_refused(signatures: Any) -> None:
    body = json.loads(_PAYLOAD) | {"signatures": signatures}
    content = json.dumps(body).encode()
    found = parse_synced(content, None)

    with pytest.raises(InvalidContentError, match="signatures are broken"):
        digest_of_synced(content, found, "sha256")


@pytest.mark.parametrize("length", [-1, 10**9, -(10**30)])
def test_a_length_beyond_the_manifest_gives_another_digest(length: int) -> None:
    content = signed(formatLength=length)
    found = parse_synced(content, None)

    assert digest_of_synced(content, found, "sha256") != digest_of(_PAYLOAD)


@pytest.mark.parametrize(
    "layers", [None, {}, "x", [None], [{}], [{"blobSum": 1}], [{"blobSum": "x"}], [[]]]
)
def test_schema_1_without_digests_of_layers_is_refused(layers: Any) -> None:
    body = json.dumps({"schemaVersion": 1, "fsLayers": layers}).encode()

    with pytest.raises(InvalidContentError):
        parse_synced(body, SCHEMA1)
