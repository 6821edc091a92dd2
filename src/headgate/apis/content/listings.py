"""Folder listings as plain HTML, for people and for clients that follow links (wget, anaconda)."""

from collections.abc import Sequence
from html import escape
from urllib.parse import quote


def render(folder: str, names: Sequence[str]) -> bytes:
    """Return the page of a folder; names of folders end with `/`."""
    title = escape(f"Index of /{folder}")
    links = "".join(
        # `./` keeps a name with a colon from being read as a scheme.
        f'<li><a href="./{escape(quote(name))}">{escape(name)}</a></li>\n'
        for name in names
    )
    page = (
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n"
        f'<body><h1>{title}</h1>\n<ul>\n<li><a href="../">../</a></li>\n{links}</ul>\n'
        "</body></html>\n"
    )
    return page.encode()
