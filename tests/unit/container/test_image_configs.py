"""Image configurations: foreign text, of which only what is as it should be is kept."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from headgate.content.container.image_configs import ImageConfig, parse_config


def config(**fields: Any) -> ImageConfig:
    return parse_config(json.dumps(fields).encode())


def test_what_an_image_says_of_itself_is_kept() -> None:
    found = config(
        os="linux",
        architecture="arm64",
        variant="v8",
        created="2015-10-31T22:22:56.015925234Z",
        config={"Labels": {"a": "b", "containers.bootc": "1"}},
    )

    assert (found.os, found.architecture, found.variant) == ("linux", "arm64", "v8")
    assert found.created == datetime(2015, 10, 31, 22, 22, 56, 15925, tzinfo=UTC)
    assert found.labels == {"a": "b", "containers.bootc": "1"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b"\x1f\x8b\x08",
        b"[" * 100_000,
        b'{"os": "linux", "a": [' + b"[]," * 1_000_000 + b"1]}",
        b'{"os": ' + b"1" * 5_000 + b"}",
    ],
)
def test_what_is_no_configuration_says_nothing(content: bytes) -> None:
    assert parse_config(content) == ImageConfig()


@pytest.mark.parametrize("value", ["", "x" * 65, "a\0b", "\ud800", 7, None, [], {}, True])
def test_a_name_that_is_none_is_left_out(value: Any) -> None:
    assert config(os=value, architecture=value, variant=value) == ImageConfig()


@pytest.mark.parametrize("labels", [None, [], "x", {"a": 1}, {"a\0": "b"}, {"a": "\udcff"}])
def test_labels_that_are_none_are_left_out(labels: Any) -> None:
    assert config(config={"Labels": labels}) == ImageConfig()
    assert config(config=labels) == ImageConfig()


@pytest.mark.parametrize(
    "value",
    [
        *("", "yesterday", "\ud800", "x" * 10_000, 1446330176, None, [1]),
        *("2015-10-31", "2015-10-31T22:22:56", "2015-13-31T22:22:56Z"),
        *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_a_time_that_is_none_is_left_out(value: Any) -> None:
    assert config(created=value).created is None


def test_a_time_elsewhere_is_a_time() -> None:
    found = config(created="2015-10-31T22:22:56+05:30").created

    assert found == datetime(2015, 10, 31, 22, 22, 56, tzinfo=timezone(timedelta(minutes=330)))
