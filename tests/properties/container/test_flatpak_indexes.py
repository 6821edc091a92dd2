"""Indexes of flatpaks as anybody might send them: what is taken from them is always usable."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headgate.content.container.digests import is_digest, is_tag
from headgate.content.container.flatpaks.remote_index import RemoteIndex, read_index
from headgate.domain.errors import InvalidContentError
from headgate.domain.flatpaks import is_ref, runtime_of, runtime_ref
from headgate.domain.registry_names import fault_of_name

URL = "https://flatpaks.example.org/index/static?tag=latest"
_DIGEST = f"sha256:{'a' * 64}"
_REF = "app/org.example.Hello/x86_64/stable"

_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
_names = st.sampled_from(["hello", "a/b", "../x", "UPPER", "", "a" * 300, "a\0b"])
_labels = st.fixed_dictionaries(
    {},
    optional={
        "org.flatpak.ref": st.sampled_from([_REF, "app/../../x", ""]) | _anything,
        "org.flatpak.metadata": st.text(max_size=50) | _anything,
    },
)
_images = st.fixed_dictionaries(
    {},
    optional={
        "Digest": st.sampled_from([_DIGEST, "sha256:abc"]) | _anything,
        "Tags": st.lists(st.sampled_from(["latest", "no tag"]) | st.text()) | _anything,
        "Labels": _labels | _anything,
        "OS": st.just("linux") | _anything,
        "Architecture": st.just("amd64") | _anything,
    },
)
_lists = st.lists(_images | _anything, max_size=4)
_results = st.fixed_dictionaries(
    {},
    optional={
        "Name": _names | _anything,
        "Images": _lists | _anything,
        "Lists": st.lists(st.fixed_dictionaries({"Images": _lists}), max_size=2) | _anything,
    },
)
_indexes = st.fixed_dictionaries(
    {"Results": st.lists(_results | _anything, max_size=4)},
    optional={"Registry": st.sampled_from(["/", "https://example.org", "file:///x"]) | st.text()},
)


@given(_indexes | _anything)
def test_whatever_is_taken_from_an_index_can_be_used(document: Any) -> None:
    index = _read(json.dumps(document).encode())

    for repository in index.repositories if index else ():
        assert fault_of_name(repository.name) is None
        for flatpak in repository.flatpaks:
            assert is_digest(flatpak.digest)
            assert is_ref(flatpak.ref)
            assert all(map(is_tag, flatpak.tags))


@given(st.binary(max_size=200))
def test_no_bytes_do_harm(content: bytes) -> None:
    assert _read(content) is None


@given(st.text(max_size=200))
def test_a_runtime_is_a_ref_or_none(metadata: str) -> None:
    runtime = runtime_of(_REF, f"[Application]\nruntime={metadata}")

    assert runtime is None or is_ref(runtime_ref(runtime))


def test_a_runtime_is_what_its_group_says() -> None:
    named = "[Application]\nname=x\nruntime=org.example.Platform/x86_64/1\n"

    assert runtime_of(_REF, named) == "org.example.Platform/x86_64/1"
    assert runtime_of("runtime/org.example.Platform/x86_64/1", named) is None
    assert runtime_of(_REF, f"[Context]\nruntime=a/b/c\n{named}".replace("Appl", "Other")) is None


def _read(content: bytes) -> RemoteIndex | None:
    try:
        return read_index(content, URL)
    except InvalidContentError:
        return None
