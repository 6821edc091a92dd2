"""Asking an upstream registry (OCI distribution-spec 1.1); what it says is checked here."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from yarl import URL

from headgate.content.container.digests import (
    SHA256,
    algorithm_of,
    is_digest,
    is_tag,
    require_digest,
)
from headgate.content.container.json_values import is_list, is_object
from headgate.content.container.manifests import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    MOST_BYTES,
    OCI_INDEX,
    OCI_MANIFEST,
    SCHEMA1,
    SCHEMA1_SIGNED,
    Descriptor,
    Manifest,
    digest_of_synced,
    parse_synced,
)
from headgate.domain.errors import InvalidContentError, UpstreamError
from headgate.upstream import (
    Downloader,
    Expected,
    Fetched,
    MemorySink,
    Remote,
    Sink,
    UpstreamAbsentError,
    UpstreamUnreachableError,
    WrongBytesError,
)

# Schema 1 only where there is nothing else.
ACCEPTED: Final = (
    OCI_INDEX,
    DOCKER_LIST,
    OCI_MANIFEST,
    DOCKER_MANIFEST,
    f"{SCHEMA1_SIGNED};q=0.1",
    f"{SCHEMA1};q=0.1",
)
_TAGS: Final = "tags/list"
_PAGE_BYTES: Final = 8 << 20
_MOST_PAGES: Final = 2_000
_MOST_TAGS: Final = 200_000
_MOST_REFERRERS: Final = 2_000  # of one image
_LINK: Final = re.compile(r"<([^<>]*)>\s*;([^,<]*)")
_DIGEST_HEADER: Final = "Docker-Content-Digest"


@dataclass(frozen=True, slots=True)
class Given:
    """A manifest that upstream gave, and that is what its digest says."""

    digest: str
    content: bytes
    manifest: Manifest


class UpstreamRegistry:
    """One repository of a registry, as `services/containers/upstreams.py` addresses it.

    Every method may raise UpstreamError, and InvalidContentError for what upstream should not say.
    """

    def __init__(
        self,
        downloader: Downloader,
        remote: Remote,
        *,
        told: Callable[[Mapping[str, str]], None],
    ) -> None:
        """`told` gets the headers of the answers that list tags."""
        self._downloader = downloader
        self._remote = remote
        self._told = told
        self._has_referrers: bool | None = None  # not known before it was asked
        self._trying_referrers = asyncio.Lock()

    async def tags(self) -> list[str]:
        """Return all tags, over all pages."""
        names: dict[str, None] = {}
        async for where, body in self._pages(_TAGS, "application/json"):
            found: Any = body.get("tags") or []
            if not is_list(found) or not all(isinstance(name, str) for name in found):
                raise InvalidContentError(f"The list of tags at {where} is no list of names")
            wrong = next((name for name in found if not is_tag(name)), None)
            if wrong is not None:
                raise InvalidContentError(f"The list of tags at {where} has {wrong[:100]!r} in it")
            names.update(dict.fromkeys(found))
            if len(names) > _MOST_TAGS:
                raise InvalidContentError(f"Upstream has more than {_MOST_TAGS} tags")
        return list(names)

    async def resolve(self, tag: str) -> str | None:
        """Return the digest to which the tag points; None if there is no such tag any more."""
        expected = Expected(most_bytes=MOST_BYTES)
        try:
            answer = await self._downloader.head(
                self._remote, f"manifests/{tag}", expected=expected, accept=ACCEPTED
            )
            said = answer.headers.get(_DIGEST_HEADER)
            if said:
                return require_digest(said, where=f"The {_DIGEST_HEADER} of {answer.url}")
            return (await self.manifest(tag)).digest
        except UpstreamAbsentError:
            return None

    async def manifest(self, reference: str) -> Given:
        """Return the manifest with this tag or digest; UpstreamAbsentError if there is none."""
        fetched, content = await self._read(f"manifests/{reference}", MOST_BYTES, *ACCEPTED)
        manifest = parse_synced(content, fetched.headers.get("Content-Type"))
        named = is_digest(reference)
        digest = digest_of_synced(content, manifest, algorithm_of(reference) if named else SHA256)
        if named and digest != reference:
            message = f"upstream gave wrong bytes: their digest is {digest}"
            raise WrongBytesError(message, url=fetched.url)
        return Given(digest, content, manifest)

    async def blob(self, blob: Descriptor, sink: Sink) -> None:
        """Write the blob into the sink, verified."""
        algorithm, _, digits = blob.digest.partition(":")
        expected = Expected(size=blob.size, checksums={algorithm: digits})
        await self._downloader.fetch(self._remote, f"blobs/{blob.digest}", sink, expected=expected)

    async def referrers(self, digest: str) -> list[str]:
        """Return the digests of what refers to the manifest; none if upstream has no such API.

        That is learned from the first answer; such registries have tags instead.
        """
        if self._has_referrers is None:
            async with self._trying_referrers:
                if self._has_referrers is None:
                    return await self._try_referrers(digest)
        return await self._listed(digest) if self._has_referrers else []

    async def _try_referrers(self, digest: str) -> list[str]:
        try:
            found = await self._listed(digest)
        except UpstreamUnreachableError:
            raise
        except (UpstreamError, InvalidContentError):
            self._has_referrers = False
            return []
        self._has_referrers = True
        return found

    async def _listed(self, digest: str) -> list[str]:
        found: dict[str, None] = {}
        async for where, body in self._pages(f"referrers/{digest}", OCI_INDEX):
            listed: Any = body.get("manifests")
            if not is_list(listed):
                raise InvalidContentError(f"The list of referrers at {where} is no index")
            for each in listed:
                said: Any = each.get("digest") if is_object(each) else None
                found[require_digest(said, where=f"A referrer at {where}")] = None
            if len(found) > _MOST_REFERRERS:
                raise InvalidContentError(f"{digest} has more than {_MOST_REFERRERS} referrers")
        return list(found)

    async def _pages(self, path: str, accept: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """Yield address and JSON object of each page, following `Link` (RFC 8288)."""
        address, asked = path, set[str]()
        while address not in asked:
            asked.add(address)
            if len(asked) > _MOST_PAGES:
                raise InvalidContentError(f"Upstream has more than {_MOST_PAGES} pages of {path}")
            fetched, content = await self._read(address, _PAGE_BYTES, accept)
            if path == _TAGS:
                self._told(fetched.headers)
            yield fetched.url, _json(content, fetched.url)
            following = _next(fetched.headers.get("Link", ""))
            if following is None:
                return
            address = self._own(fetched.url, following)

    def _own(self, page: str, following: str) -> str:
        """Return the next page's address at the remote's own origin.

        Registries behind a proxy are known to name themselves as only the proxy knows them.
        """
        try:
            joined = URL(page).join(URL(following))
        except ValueError:
            raise InvalidContentError(f"The next page of {page} is no URL") from None
        return f"{URL(self._remote.url).origin()}{joined.raw_path_qs}"

    async def _read(self, path: str, most_bytes: int, *accept: str) -> tuple[Fetched, bytes]:
        sink = MemorySink()
        fetched = await self._downloader.fetch(
            self._remote, path, sink, expected=Expected(most_bytes=most_bytes), accept=accept
        )
        return fetched, bytes(sink.data)


def _next(link: str) -> str | None:
    for target, parameters in _LINK.findall(link):
        if re.search(r'rel\s*=\s*"?next"?\s*(;|$)', parameters):
            return target
    return None


def _json(content: bytes, where: str) -> dict[str, Any]:
    try:
        body: Any = json.loads(content.decode())
    except (ValueError, RecursionError):
        body = None
    if not is_object(body):
        raise InvalidContentError(f"What upstream says at {where} is no JSON object")
    return dict(body)
