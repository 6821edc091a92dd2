"""`/v2/_catalog` and `/v1/search`: what a caller may read, as clients list and search it."""

from typing import Any, Final
from urllib.parse import quote

from headgate.apis.content.answers import Headers
from headgate.apis.registry.admission import Door, LoginNeededError
from headgate.apis.registry.requests import API_VERSION, Request
from headgate.domain.errors import BadRequestError
from headgate.services.containers.catalog import catalog_page, search_names

_MOST_NAMES: Final = 1_000
_MOST_FOUND: Final = 100
_FOUND: Final = 25
_LONGEST: Final = 255


class Catalogs:
    """Answers requests about all names at once; what a caller may not read is absent."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def catalog(self, request: Request) -> None:
        """List names, `n` of them behind `last`, with a `Link` to the next ones.

        Whoever comes without anything is told to log in; a token of nobody is enough.
        """
        caller = await self._door.callers.identify(request.scope, await self._door.changes.stamp())
        if not caller.admitted:
            raise LoginNeededError(caller.fault or "Log in to list what this registry has")
        count = _count(request, otherwise=_MOST_NAMES, most=_MOST_NAMES)
        last = request.parameter("last")
        page = await self._door.reading(lambda tx: catalog_page(tx, caller, count=count, last=last))
        extra: Headers = []
        if page.more and page.names:
            after = quote(page.names[-1], safe="")
            extra = [(b"link", f'</v2/_catalog?n={count}&last={after}>; rel="next"'.encode())]
        await request.reply_json(200, {"repositories": page.names}, extra)

    async def search(self, request: Request) -> None:
        """Search names that contain `q`, as clients did before there was a catalog.

        Those that know the catalog say so in a header, and are sent there by a 404 (podman). The
        others ask without a token, so nobody is told to log in.
        """
        if request.header(API_VERSION[0]) == API_VERSION[1].decode():
            await request.reply_json(404, {})
            return
        caller = await self._door.callers.identify(request.scope, await self._door.changes.stamp())
        words = (request.parameter("q") or "")[:_LONGEST]
        count = _count(request, otherwise=_FOUND, most=_MOST_FOUND)
        found = await self._door.reading(
            lambda tx: search_names(tx, caller, words=words, count=count)
        )
        results = [{"name": each.name, "description": each.description} for each in found.results]
        body: dict[str, Any] = {"num_results": found.total, "query": words, "results": results}
        await request.reply_json(200, body)

    async def ping(self, request: Request) -> None:
        """Say that there is a search."""
        await request.reply_json(200, {})


def _count(request: Request, *, otherwise: int, most: int) -> int:
    """Return how many entries are asked for."""
    text = request.parameter("n")
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise BadRequestError(f"n is {text[:20]!r}, it must be a number of entries")
    return min(int(text), most)
