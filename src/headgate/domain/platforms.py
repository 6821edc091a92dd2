"""Platforms of images: which of an index's children are wanted (OCI image-spec, "Image Index")."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from headgate.domain.errors import InvalidContentError

# What an image is of that does not say so.
_USUAL_VARIANTS: Final = {"arm64": "v8", "arm": "v7"}
# Of what runs nowhere: attestations that builders list beside the images.
_UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Platform:
    """Operating system, architecture in Go's words, and variant: linux/arm64/v8."""

    os: str
    architecture: str
    variant: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Platform":
        """Read os/architecture or os/architecture/variant; InvalidContentError if it is none."""
        parts = text.split("/")
        if len(parts) not in (2, 3) or not all(parts):
            raise InvalidContentError(f"{text!r} is no platform: it must read linux/amd64")
        return cls(*parts)

    def covers(self, other: "Platform") -> bool:
        """Say whether an image of the other platform is meant; without a variant all are."""
        if (self.os, self.architecture) != (other.os, other.architecture):
            return False
        usual = _USUAL_VARIANTS.get(self.architecture)
        return self.variant is None or self.variant == (other.variant or usual)


def platform_of(os: str | None, architecture: str | None, variant: str | None) -> Platform | None:
    """Return the platform; None if that is no image's."""
    if not os or not architecture or _UNKNOWN in (os, architecture):
        return None
    return Platform(os, architecture, variant)


def is_wanted(wanted: Sequence[Platform], found: Platform | None) -> bool:
    """Say whether something of this platform is to be here; `wanted` is empty for all.

    What is of no platform is no reason to leave it out.
    """
    return not wanted or found is None or any(each.covers(found) for each in wanted)
