"""Names and labels: what a person may call a thing, and what goes into its paths.

Rules from katello.md 4.4; the clients derive nothing themselves and rely on the server's label.
"""

import re
from uuid import uuid4

from headgate.domain.errors import ValidationError

LABEL_LENGTH = 128
NAME_LENGTH = 255

_LABEL = re.compile(rf"[A-Za-z0-9_-]{{1,{LABEL_LENGTH}}}")
_NOT_LABEL = re.compile(r"[^A-Za-z0-9_-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_name(name: str, *, field: str = "name") -> str:
    """Return the name, or raise ValidationError with words that hammer shows."""
    if not name.strip():
        raise ValidationError({field: ["can't be blank"]})
    if name != name.strip():
        raise ValidationError({field: ["cannot contain leading or trailing white spaces"]})
    if len(name) > NAME_LENGTH:
        raise ValidationError({field: [f"is too long (maximum is {NAME_LENGTH} characters)"]})
    if _CONTROL.search(name):
        raise ValidationError({field: ["cannot contain control characters"]})
    return name


def check_label(label: str, *, field: str = "label") -> str:
    """Return the label, or raise ValidationError: it becomes a path component as it is."""
    if not _LABEL.fullmatch(label):
        allowed = "cannot contain characters other than ascii alpha numerals, '_', '-'"
        raise ValidationError({field: [f"must be 1 to {LABEL_LENGTH} characters and {allowed}"]})
    return label


def label_of(name: str) -> str:
    """Derive a label: runs of other characters become `_`; names beyond ASCII get a UUID."""
    if not name.isascii() or len(name) > LABEL_LENGTH:
        return str(uuid4())
    return _NOT_LABEL.sub("_", name)
