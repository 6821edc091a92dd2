import io
from pathlib import Path

import pytest

from headgate.content.rpm.metadata.modules import (
    ModuleDocument,
    compose,
    read_modules,
    render_modules,
)
from headgate.domain.errors import InvalidContentError

STREAM = """---
document: modulemd
version: 2
data:
  name: owl
  stream: 1.10
  version: 820190226174025
  context: 00000001
  arch: x86_64
  summary: An owl
  description: >-
    It hoots
    *at night* & by day.
  dependencies:
  - buildrequires: {platform: [el9]}
    requires:
      platform: [el9]
      perl: []
  profiles:
    common:
      rpms: [owl, owl-libs]
  artifacts:
    rpms:
    - owl-0:1.0-1.x86_64
...
"""
DEFAULTS = """---
document: modulemd-defaults
version: 1
data:
  module: owl
  stream: "1.10"
  profiles:
    1.10: [common]
...
"""
OBSOLETES = """---
document: modulemd-obsoletes
version: 1
data: {module: owl, stream: old, message: gone}
...
"""


def test_streams_defaults_and_obsoletes_are_read_as_text() -> None:
    stream, defaults, obsoletes = _read(STREAM + DEFAULTS + OBSOLETES)

    assert (stream.kind, stream.name, stream.stream) == ("stream", "owl", "1.10")
    assert (stream.version, stream.context) == ("820190226174025", "00000001")
    assert stream.description == "It hoots *at night* & by day."
    assert stream.artifacts == ("owl-0:1.0-1.x86_64",)
    assert stream.profiles == {"common": ("owl", "owl-libs")}
    assert stream.dependencies == ({"platform": ("el9",), "perl": ()},)
    assert (defaults.kind, defaults.stream) == ("defaults", "1.10")
    assert defaults.profiles == {"1.10": ("common",)}
    assert (obsoletes.kind, obsoletes.name, obsoletes.stream) == ("obsoletes", "owl", "old")


def test_documents_read_back_as_they_were_written() -> None:
    documents = _read(STREAM + DEFAULTS + OBSOLETES)

    written = b"".join(render_modules(each.fragment for each in documents))

    assert written.decode() == STREAM + DEFAULTS + OBSOLETES
    assert _read(written.decode()) == documents


@pytest.mark.parametrize(
    "text",
    [
        STREAM.removeprefix("---\n") + DEFAULTS,
        STREAM.replace("...\n", "") + DEFAULTS.replace("...\n", ""),
        "# a comment\n%YAML 1.2\n" + STREAM + "# another\n---\n...\n\n" + DEFAULTS + "---\n",
        STREAM + DEFAULTS.rstrip("\n"),
    ],
)
def test_markers_may_be_missing_and_comments_stand_anywhere(text: str) -> None:
    assert [(each.kind, each.name) for each in _read(text)] == [
        ("stream", "owl"),
        ("defaults", "owl"),
    ]


def test_a_real_file_is_read(aviary: Path) -> None:
    path = next((aviary / "repodata").glob("*modules.yaml*"))

    with path.open("rb") as file:
        documents = read_modules(file, path.name)

    assert {(each.kind, each.name) for each in documents} == {
        ("stream", "owl"),
        ("defaults", "owl"),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &a [x]\nb: *a\n", "uses aliases"),
        ("a: " + "[" * 100_000 + "\n", "too deep"),
        ("a: " + "{b: " * 100_000 + "\n", "too deep"),
        ("\n".join(" " * n + "a:" for n in range(5_000)), "too deep"),
        ("a: [" + "b, " * 1_000_001 + "]", "too large"),
        ("a: [b", "not valid YAML"),
        ("a: 'b", "not valid YAML"),
        ("a: \x07", "not valid YAML"),
    ],
    ids=["alias", "lists", "maps", "blocks", "many", "open", "quote", "control"],
)
def test_hostile_yaml_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidContentError, match=message):
        _read(text)


def test_bytes_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(InvalidContentError, match="not UTF-8"):
        read_modules(io.BytesIO(b"---\na: \xff\n"), "modules.yaml")


def test_tags_make_no_objects() -> None:
    assert compose(b"a: !!python/object/apply:os.system [id]\nb: !!int 3\n") == {
        "a": ["id"],
        "b": "3",
    }


def test_documents_that_name_no_module_are_left_out() -> None:
    assert _read("---\njust: this\n---\n- a\n---\nword\n") == []


def _read(text: str) -> list[ModuleDocument]:
    return read_modules(io.BytesIO(text.encode()), "modules.yaml")
