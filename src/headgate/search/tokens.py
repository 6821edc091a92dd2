"""The pieces of a search, and reading them one by one."""

import re
from typing import Final

from headgate.search.errors import SearchError

_SPACE: Final = re.compile(r"\s*")
AND: Final = re.compile(r"and(?![^\s()])|&&?", re.IGNORECASE)
OR: Final = re.compile(r"or(?![^\s()])|\|\|?", re.IGNORECASE)
COMMA: Final = re.compile(",")
NOT: Final = re.compile(r"not(?=[\s(])|!(?![=~^])|-", re.IGNORECASE)
OPEN: Final = re.compile(r"\(")
CLOSE: Final = re.compile(r"\)")
HAS: Final = re.compile(r"(?:has|set\?)(?=\s)", re.IGNORECASE)
NULL: Final = re.compile(r"null\?(?=\s)", re.IGNORECASE)
OPERATOR: Final = re.compile(
    r"==|!=|<>|>=|<=|!~|=|~|<|>|(?:before|after|at)(?=\s+[^\s)])", re.IGNORECASE
)
IN: Final = re.compile(r"in(?=[\s(])|\^", re.IGNORECASE)
NOT_IN: Final = re.compile(r"not\s+in(?=[\s(])|!\^", re.IGNORECASE)
IN_ALONE: Final = re.compile(r"\^")
NOT_IN_ALONE: Final = re.compile(r"!\^")
QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'', re.DOTALL)
WORD: Final = re.compile(r"""[^\s()",'=<>~!^&|\-][^\s()",=<>~!^&|]*""")
VALUE: Final = re.compile(r"""[^\s()",'&|][^\s(),&|]*""")
# The next member of a list without parentheses: nothing that could begin a comparison.
FURTHER: Final = re.compile(
    r""",\s*(?=[^\s(),&|=<>~!^"'\-][^\s(),&|=<>~!^"']*\s*(?:[,)&|]|$|\s(?:and|or)\s))""",
    re.IGNORECASE,
)


class Reader:
    """A text and how far it has been read; white space before each piece is passed over."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        return self.skip_space() >= len(self.text)

    def sees(self, what: re.Pattern[str]) -> bool:
        """Whether this is what comes next."""
        self.skip_space()
        return what.match(self.text, self.at) is not None

    def take(self, what: re.Pattern[str]) -> str:
        """Return what comes next and pass it; an empty text if it is something else."""
        self.skip_space()
        found = what.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found.group()

    def skip_space(self) -> int:
        """Pass white space; return where the next piece begins."""
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at

    def unreadable(self) -> SearchError:
        """Return the error of a text that does not go on as it should."""
        if self.ended:
            return SearchError("The search ends too early", position=len(self.text))
        near = self.text[self.at : self.at + 20]
        return SearchError(
            f"The search cannot be read at character {self.at}: {near}", position=self.at
        )


def unescaped(text: str) -> str:
    r"""Take `\"` for `"` and `\\` for `\`; other backslashes stand for themselves."""
    found: list[str] = []
    escaped = False
    for character in text:
        if escaped:
            found.append(character if character in "\"'\\" else "\\" + character)
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            found.append(character)
    return "".join(found)
