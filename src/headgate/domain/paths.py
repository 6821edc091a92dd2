"""The one guard for paths that come from outside: package locations, treeinfo, manifests, URLs.

Path traversal came back again and again in this field because each reader had its own idea of a
harmless path (a check for a leading slash alone wrote outside an export). Everything that turns
text of others into a path, on disk or in a URL, asks here.
"""

import re
import unicodedata
from urllib.parse import unquote

from headgate.domain.errors import InvalidContentError

# The column that keeps a location, and what web servers accept in a request line without doubt.
MAX_PATH_BYTES = 1024
# File systems end a name here; a longer one could be served but never exported or mirrored.
MAX_SEGMENT_BYTES = 255
# Each round takes off one layer of percent-encoding; honest paths are stable after the first.
_DECODING_ROUNDS = 4

# What nearly every path of a repository looks like: no percent sign, no colon, no dot segments.
_PLAIN = re.compile(r"(?!\.\.?(?:/|$))[\w.+~^@=,-]+(?:/(?!\.\.?(?:/|$))[\w.+~^@=,-]+)*", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def safe_relpath(text: str) -> str:
    """Return `text` as a clean relative path, without `.` and empty segments.

    The result is not decoded: percent-encoding stays as it came. InvalidContentError when the
    path is absolute, has a scheme, climbs with `..`, holds backslashes, control characters or
    bytes that are no text, hides any of these behind percent-encoding, or is too long. The
    function is idempotent.
    """
    plain = _PLAIN.fullmatch(text) is not None
    if plain and len(text) <= MAX_SEGMENT_BYTES:  # asked for every package of a repository
        return text
    path = text if plain else _checked(text)
    try:
        segments = path.encode().split(b"/")
    except UnicodeEncodeError:
        raise _refusal(text, "it is not valid text") from None
    if len(path) > MAX_PATH_BYTES or sum(map(len, segments)) + len(segments) - 1 > MAX_PATH_BYTES:
        raise _refusal(text, f"it is longer than {MAX_PATH_BYTES} bytes")
    if max(map(len, segments)) > MAX_SEGMENT_BYTES:
        raise _refusal(text, f"a name in it is longer than {MAX_SEGMENT_BYTES} bytes")
    return path


def _checked(text: str) -> str:
    path = _clean(text, text)
    decoded = path
    for _ in range(_DECODING_ROUNDS):
        once_more = unquote(decoded, errors="surrogateescape")
        if once_more == decoded:
            return path
        decoded = once_more
        _clean(decoded, text)
    raise _refusal(text, "it is percent-encoded over and over")


def _clean(path: str, shown: str) -> str:
    if len(path) > 4 * MAX_PATH_BYTES:  # before any work that grows with the length
        raise _refusal(shown, f"it is longer than {MAX_PATH_BYTES} bytes")
    if path.startswith("/"):
        raise _refusal(shown, "it is absolute")
    if "\\" in path:
        raise _refusal(shown, "it holds a backslash")
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in path):
        raise _refusal(shown, "it holds control characters")
    segments = [segment for segment in path.split("/") if segment not in {"", "."}]
    if ".." in segments:
        raise _refusal(shown, "it climbs out of its folder")
    if not segments:
        raise _refusal(shown, "it names nothing")
    if _SCHEME.match(segments[0]):
        raise _refusal(shown, "it has a scheme")
    return "/".join(segments)


def _refusal(text: str, reason: str) -> InvalidContentError:
    shown = text if len(text) <= 200 else text[:200] + "..."
    return InvalidContentError(f"The path {shown!r} is refused: {reason}")
