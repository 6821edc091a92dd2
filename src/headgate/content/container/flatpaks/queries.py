"""What an index of flatpaks is asked for (container.md 1.7).

flatpak sends `label:org.flatpak.ref:exists=1&architecture=amd64&os=linux&tag=latest`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from headgate.content.container.flatpaks.images import FlatpakImage
from headgate.domain.registry_errors import QueryInvalidError

REF_LABEL: Final = "org.flatpak.ref"

_LABEL: Final = "label:"
_EXISTS: Final = ":exists"
_REQUIRED: Final = f"{_LABEL}{REF_LABEL}{_EXISTS}"
_KEYS: Final = ("repository", "architecture", "os", "tag")
_KNOWN: Final = f"{', '.join(_KEYS)}, {_LABEL}NAME{_EXISTS}=1 and {_LABEL}NAME=VALUE"


@dataclass(frozen=True, slots=True)
class IndexQuery:
    """Values of one key are alternatives; what different keys ask for must all be so.

    Architectures have Go's names: amd64, arm64. An empty set asks for nothing in particular.
    """

    repositories: frozenset[str] = frozenset()
    architectures: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()  # labels that an image must have
    labels: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    @classmethod
    def read(cls, parameters: Mapping[str, Sequence[str]]) -> Self:
        """Return what the parameters ask for; QueryInvalidError for a key that is not known.

        Only flatpaks are listed, and a client must say that it knows.
        """
        values = {key: frozenset(given) for key, given in parameters.items()}
        if _REQUIRED not in values:
            raise QueryInvalidError(f"Ask for {_REQUIRED}=1: only flatpaks are listed here")
        present, labels = set[str](), dict[str, frozenset[str]]()
        for key, given in values.items():
            if key in _KEYS:
                continue
            name = key.removeprefix(_LABEL)
            if not key.startswith(_LABEL) or not name.removesuffix(_EXISTS):
                raise QueryInvalidError(
                    f"Flatpaks cannot be looked for by {key[:100]!r}; known are {_KNOWN}"
                )
            if not name.endswith(_EXISTS):
                labels[name] = given
            elif given == frozenset({"1"}):
                present.add(name.removesuffix(_EXISTS))
            else:
                raise QueryInvalidError(f"{key[:100]!r} can only be 1")
        repositories, architectures, systems, tags = (
            values.get(key, frozenset[str]()) for key in _KEYS
        )
        return cls(repositories, architectures, systems, tags, frozenset(present), labels)

    def wants_name(self, name: str) -> bool:
        """Say whether the repository of this name is among those asked for."""
        return not self.repositories or name in self.repositories

    def wants(self, image: FlatpakImage) -> bool:
        """Say whether the image is asked for, as far as its labels do not decide."""
        return (
            (not self.architectures or image.architecture in self.architectures)
            and (not self.systems or image.os in self.systems)
            and (not self.tags or not self.tags.isdisjoint(image.tags))
        )

    def wants_labels(self, labels: Mapping[str, str]) -> bool:
        """Say whether an image with these labels is asked for."""
        return self.present <= labels.keys() and all(
            labels.get(name) in allowed for name, allowed in self.labels.items()
        )

    @property
    def key(self) -> tuple[object, ...]:
        """What is equal for equal questions."""
        return (
            self.repositories,
            self.architectures,
            self.systems,
            self.tags,
            self.present,
            frozenset(self.labels.items()),
        )
