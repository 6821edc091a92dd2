"""Keep the pages true: write those that are made from the code, check that links lead somewhere.

`--check` writes nothing and fails if a page would change.
"""

import re
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import cast

from headgate.server.settings import Documented, Settings, documented

_ROOT = Path(__file__).resolve().parent.parent
_SETTINGS = _ROOT / "docs" / "operations" / "settings.md"
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def main() -> None:
    """Print what is wrong; fail if anything is."""
    page = _settings_page()
    wrong: list[str] = []
    if "--check" not in sys.argv:
        _SETTINGS.write_text(page)
    elif _SETTINGS.read_text() != page:
        wrong.append(f"{_SETTINGS.relative_to(_ROOT)} is not what the settings say: make docs")
    pages = sorted([*_ROOT.glob("*.md"), *(_ROOT / "docs").rglob("*.md")])
    wrong += [line for each in pages for line in _broken(each)]
    print("\n".join(wrong) or f"{len(pages)} pages, every link leads somewhere")
    sys.exit(bool(wrong))


def _settings_page() -> str:
    lines = [
        "# Settings",
        "",
        "Made from the code by `make docs`. `headgate settings` prints them with present values;",
        "[install.md](install.md#settings) says where they come from.",
    ]
    every = documented(Settings(home=Path("HOME")))
    for section, settings in groupby(every, key=lambda item: item.key.partition(".")[0]):
        lines += ["", f"## {section}", "", "| Key | Default | Meaning |", "|---|---|---|"]
        lines += [_row(item) for item in settings]
    return "\n".join(lines) + "\n"


def _row(item: Documented) -> str:
    default = "" if item.default in (None, ()) else f"`{_shown(item.default)}`"
    key = item.key.partition(".")[2]
    return f"| `{key}`<br>`{item.variable}` | {default} | {item.sentence} |"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(str, cast("tuple[object, ...]", value)))
    return str(value)


def _broken(page: Path) -> Iterator[str]:
    for link in _LINK.findall(_FENCE.sub("", page.read_text())):
        path, _, anchor = link.partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            yield f"{page.relative_to(_ROOT)}: {link}: no such file"
        elif anchor and anchor not in _anchors(target):
            yield f"{page.relative_to(_ROOT)}: {link}: no such heading"


def _anchors(page: Path) -> set[str]:
    headings = _HEADING.findall(_FENCE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


if __name__ == "__main__":
    main()
