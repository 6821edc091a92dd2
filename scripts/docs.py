"""Check that links between the pages, and to files of the repository, lead somewhere."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def main() -> None:
    """Print every broken link; fail if there is one."""
    root = Path(__file__).resolve().parent.parent
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    broken = [line for page in sorted(pages) for line in _broken(page, root)]
    print("\n".join(broken) or f"{len(pages)} pages, every link leads somewhere")
    sys.exit(bool(broken))


def _broken(page: Path, root: Path) -> Iterator[str]:
    for link in _LINK.findall(_FENCE.sub("", page.read_text())):
        path, _, anchor = link.partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            yield f"{page.relative_to(root)}: {link}: no such file"
        elif anchor and anchor not in _anchors(target):
            yield f"{page.relative_to(root)}: {link}: no such heading"


def _anchors(page: Path) -> set[str]:
    headings = _HEADING.findall(_FENCE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


if __name__ == "__main__":
    main()
