"""Flatpaks: their refs, and the runtime that an application runs in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# What flatpak allows in names, architectures and branches (flatpak-ref(5)).
_ID: Final = r"[A-Za-z_][A-Za-z0-9_.-]*"
_ARCH: Final = r"[A-Za-z0-9_]+"
_BRANCH: Final = r"[A-Za-z0-9_-][A-Za-z0-9_.-]*"
_REF: Final = re.compile(rf"(?:app|runtime)/{_ID}/{_ARCH}/{_BRANCH}")
_RUNTIME: Final = re.compile(rf"{_ID}/{_ARCH}/{_BRANCH}")
_LONGEST_REF: Final = 255
_MOST_METADATA: Final = 64 * 1024  # characters


@dataclass(frozen=True, slots=True)
class OfferedFlatpak:
    """An image of a remote, as its index says."""

    digest: str
    ref: str
    tags: Sequence[str]
    runtime: str | None  # that it runs in; None for a runtime
    os: str | None
    architecture: str | None


@dataclass(frozen=True, slots=True)
class OfferedRepository:
    """A repository of a remote's registry, with the flatpaks in it."""

    name: str
    flatpaks: Sequence[OfferedFlatpak]


def is_ref(text: str) -> bool:
    """Say whether the text names a flatpak: app/org.example.Hello/x86_64/stable."""
    return len(text) <= _LONGEST_REF and _REF.fullmatch(text) is not None


def runtime_of(ref: str, metadata: str) -> str | None:
    """Return the runtime that the flatpak's metadata names: org.example.Platform/x86_64/1.

    None if it names none, or itself, as runtimes do.
    """
    group = ""
    for line in metadata[:_MOST_METADATA].splitlines():
        text = line.strip()
        if text.startswith("["):
            group = text
        key, _, value = text.partition("=")
        if group in ("[Application]", "[Runtime]") and key.strip() == "runtime":
            runtime = value.strip()
            if not _RUNTIME.fullmatch(runtime) or len(runtime_ref(runtime)) > _LONGEST_REF:
                return None
            return None if runtime_ref(runtime) == ref else runtime
    return None


def runtime_ref(runtime: str) -> str:
    """Return the ref of the flatpak that a runtime is."""
    return f"runtime/{runtime}"
