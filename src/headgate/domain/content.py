"""Content sets: immutable sets of units per unit type, and what two of them differ in."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from pyroaring import BitMap


@dataclass(frozen=True, slots=True)
class Content:
    """Unit ids per unit type (`rpm`, `erratum`, `file` ...); types without units are absent."""

    units: Mapping[str, BitMap] = field(default_factory=dict[str, BitMap])

    @classmethod
    def of(cls, units: Mapping[str, Iterable[int]]) -> "Content":
        """Collect ids, leaving out the types that hold none."""
        bitmaps = {unit_type: BitMap(ids) for unit_type, ids in units.items()}
        return cls({unit_type: bitmap for unit_type, bitmap in bitmaps.items() if bitmap})

    def __getitem__(self, unit_type: str) -> BitMap:
        """The units of a type, none if the type is absent."""
        return self.units.get(unit_type, BitMap())

    @property
    def counts(self) -> dict[str, int]:
        """Number of units per type, in the order of the types' names."""
        return {unit_type: len(self.units[unit_type]) for unit_type in sorted(self.units)}

    def __or__(self, other: "Content") -> "Content":
        return self._combined(other, BitMap.__or__)

    def __sub__(self, other: "Content") -> "Content":
        return self._combined(other, BitMap.__sub__)

    def __and__(self, other: "Content") -> "Content":
        return self._combined(other, BitMap.__and__)

    def replaced(self, **units: Iterable[int]) -> "Content":
        """Return the content with these types' units in the place of their own."""
        return Content.of({**self.units, **units})

    def dumped(self) -> dict[str, str]:
        """Return the content as JSON: each type's bitmap, serialised, in base64."""
        return {
            unit_type: b64encode(bitmap.serialize()).decode()
            for unit_type, bitmap in self.units.items()
        }

    @classmethod
    def loaded(cls, dumped: Mapping[str, str]) -> "Content":
        """Read what `dumped` wrote."""
        return cls(
            {unit_type: BitMap.deserialize(b64decode(text)) for unit_type, text in dumped.items()}
        )

    def _combined(
        self, other: "Content", operation: Callable[[BitMap, BitMap], BitMap]
    ) -> "Content":
        types = self.units.keys() | other.units.keys()
        return Content.of({name: operation(self[name], other[name]) for name in types})


def digest_of(unit_digests: Mapping[str, Iterable[bytes]]) -> bytes:
    """Return the SHA-256 that names a content set: over each type's unit digests in order.

    Equal content has the equal digest on every installation, whatever ids its units have there.
    """
    total = sha256()
    for unit_type in sorted(unit_digests):
        digests = sorted(unit_digests[unit_type])
        if digests:
            total.update(f"{unit_type}:{len(digests)}\n".encode())
            total.update(b"".join(digests))
    return total.digest()
