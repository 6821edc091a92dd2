"""What is wrong with a search."""

from headgate.domain.errors import BadRequestError


class SearchError(BadRequestError):
    """A search that cannot be read; `position` counts characters from 0."""

    code = "invalid_search"

    def __init__(self, message: str, *, position: int) -> None:
        super().__init__(message)
        self.position = position
