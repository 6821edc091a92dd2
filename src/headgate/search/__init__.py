"""Scoped search: what people and clients type, as bound conditions over whitelisted fields.

Text is parsed by a grammar (`language.py`) into a tree (`tree.py`), and the tree is translated
over the fields that a resource offers (`fields.py`, `conditions.py`). Values reach SQL as bound
parameters only. Whatever the text, the outcome is a condition or a SearchError.
"""

from headgate.search.conditions import condition
from headgate.search.errors import SearchError
from headgate.search.fields import Field, Fields, checksum_field
from headgate.search.language import parse

__all__ = ["Field", "Fields", "SearchError", "checksum_field", "condition", "parse"]
