"""Finding yum repositories below a URL by following the links of index pages.

The pages are of web servers that list folders (Apache, nginx and their like): a link that ends
with a slash is a folder, a folder that has `repodata/` is a repository and nothing below it is
looked at, as in Katello. Pages are input from outside: their size, number, depth and links are
bounded, so is the time, and no link leads to another host or above the start.
"""

import asyncio
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin, urlsplit

from headgate.content.rpm.metadata.mirrors import REPOMD
from headgate.domain.errors import UpstreamError
from headgate.upstream import Downloader, Expected, MemorySink, Remote

_HREF: Final = re.compile(
    r"""<a\s[^<>]{0,500}?\bhref\s{0,3}=\s{0,3}(?:"([^"<>]{1,1000})"|'([^'<>]{1,1000})')""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CrawlLimits:
    """How far a crawl goes."""

    pages: int = 1_000
    depth: int = 10  # folders below the start
    links: int = 5_000  # of one page
    page_bytes: int = 2 << 20
    seconds: float = 600.0
    at_once: int = 8


@dataclass(slots=True)
class Crawl:
    """One crawl: what it found, what it read and what it left."""

    found: list[str] = field(default_factory=list[str])
    crawled: list[str] = field(default_factory=list[str])
    left: list[str] = field(default_factory=list[str])
    failed: list[str] = field(default_factory=list[str])  # pages that upstream did not give
    stopped: str | None = None  # why it did not go to the end


Report = Callable[[Crawl, str], None]


async def crawl(
    downloader: Downloader, remote: Remote, limits: CrawlLimits, report: Report
) -> Crawl:
    """Return the repositories below the remote's URL.

    UpstreamError when there is neither an index page nor a repository at the URL itself. `report`
    is told of each page before it is fetched; what it raises ends the crawl.
    """
    crawler = _Crawler(downloader, remote, limits, report)
    try:
        async with asyncio.timeout(limits.seconds):
            await crawler.run()
    except TimeoutError:
        crawler.stop(f"it took longer than {limits.seconds:g} seconds")
    crawler.done.found.sort()
    return crawler.done


class _Crawler:
    def __init__(
        self, downloader: Downloader, remote: Remote, limits: CrawlLimits, report: Report
    ) -> None:
        self._downloader = downloader
        self._remote = remote
        self._limits = limits
        self._report = report
        self._start = remote.url if remote.url.endswith("/") else f"{remote.url}/"
        self._seen = {self._start}
        self.done = Crawl(left=[self._start])

    async def run(self) -> None:
        """Read the pages of one depth side by side, then those that they lead to."""
        for depth in range(self._limits.depth + 1):
            room = self._limits.pages - len(self.done.crawled) - len(self.done.failed)
            pages = self.done.left[:room]
            further: list[str] = self.done.left[room:]
            for begin in range(0, len(pages), self._limits.at_once):
                batch = pages[begin : begin + self._limits.at_once]
                for links in await asyncio.gather(*(self._read(page) for page in batch)):
                    further += links
                self.done.left = pages[begin + self._limits.at_once :] + further
            if len(pages) == room and further:
                self.stop(f"it reached {self._limits.pages} pages")
                return
            if not further:
                return
            if depth == self._limits.depth:
                self.stop(f"there are folders more than {depth} levels deep")

    def stop(self, why: str) -> None:
        """Note that there may be more."""
        self.done.stopped = why

    async def _read(self, page: str) -> list[str]:
        """Return the folders that a page leads to; none if it is a repository."""
        self._report(self.done, page)
        sink = MemorySink()
        expected = Expected(most_bytes=self._limits.page_bytes)
        try:
            fetched = await self._downloader.fetch(self._remote, page, sink, expected=expected)
        except UpstreamError:
            if page == self._start:
                return await self._without_index()
            self.done.failed.append(page)
            return []
        self.done.crawled.append(page)
        base = fetched.url if fetched.url.endswith("/") else page
        if not self._inside(base):
            return []
        links = list(_links(sink.data.decode("utf-8", "replace"), base, self._limits.links))
        if urljoin(base, "repodata/") in links:
            self.done.found.append(page)
            return []
        return [link for link in links if self._is_new(link)]

    async def _without_index(self) -> list[str]:
        """Many servers list no folders: the URL itself may be a repository all the same."""
        url = f"{self._start}{REPOMD}"
        await self._downloader.fetch(
            self._remote, url, MemorySink(), expected=Expected(most_bytes=self._limits.page_bytes)
        )
        self.done.found.append(self._start)
        return []

    def _is_new(self, link: str) -> bool:
        if link in self._seen or not self._inside(link):
            return False
        self._seen.add(link)
        return True

    def _inside(self, url: str) -> bool:
        """Whether it is of the same host and not above the start; http may become https."""
        own, other = urlsplit(self._start), urlsplit(url)
        upgraded = own.scheme == "http" and other.scheme == "https"
        same = other.scheme == own.scheme and other.netloc == own.netloc
        if not same and not (upgraded and other.hostname == own.hostname):
            return False
        return other.path.startswith(own.path)


def _links(text: str, base: str, most: int) -> Iterator[str]:
    """Yield the folders that a page links to, as whole URLs without query."""
    for number, match in enumerate(_HREF.finditer(text)):
        if number >= most:
            return
        href = html.unescape(match[1] or match[2]).strip()
        try:
            url = urljoin(base, href)
            parts = urlsplit(url)
        except ValueError:
            continue
        plain = not (parts.query or parts.fragment or parts.username)
        if plain and parts.path.endswith("/") and url.isprintable() and len(url) <= 1000:
            yield url
