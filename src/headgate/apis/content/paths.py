"""Reading the path of a request: decoded exactly once, and confined."""

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from headgate.domain.errors import InvalidContentError
from headgate.domain.paths import safe_relpath

PREFIX = b"/pulp/content/"


@dataclass(frozen=True, slots=True)
class ContentPath:
    """A path below `/pulp/content/`, without leading and trailing slash."""

    text: str
    is_folder: bool  # it was asked for with a slash at its end

    @property
    def as_folder(self) -> str:
        """The path with the slash."""
        return f"{self.text}/"


def read_path(raw: bytes) -> ContentPath | None:
    """Return the path of a request target; None for what can name nothing here.

    A plus sign is a plus sign: packages are named `libstdc++`. Repeated slashes count as one.
    """
    if not raw.startswith(PREFIX):
        return None
    try:
        text = unquote_to_bytes(raw[len(PREFIX) :]).decode()
        return ContentPath(safe_relpath(text), text.endswith("/"))
    except (UnicodeDecodeError, InvalidContentError):
        return None
