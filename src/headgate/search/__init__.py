"""Scoped search: what people and clients type, as bound conditions over whitelisted fields.

Text is read (`tokens.py`, `language.py`) into a tree (`tree.py`), and the tree is translated
over the fields that a resource offers (`fields.py`, `conditions.py`). Values reach SQL as bound
parameters only. Whatever the text, the outcome is a condition or a SearchError. `completion.py`
says what may follow a text that is not finished yet.
"""

from headgate.search.completion import Expected, expected, written
from headgate.search.conditions import compares, condition
from headgate.search.errors import SearchError
from headgate.search.fields import Field, Fields, Related, checksum_field
from headgate.search.language import parse

__all__ = [
    "Expected",
    "Field",
    "Fields",
    "Related",
    "SearchError",
    "checksum_field",
    "compares",
    "condition",
    "expected",
    "parse",
    "written",
]
