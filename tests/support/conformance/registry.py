"""What is judged: a registry behind HTTP, its repositories, and what every answer must have."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Any

import httpx2
import msgspec

Content = bytes | Iterable[bytes]
Query = Mapping[str, str | Sequence[str]]
Authorize = Callable[[Sequence[str]], Mapping[str, str]]

_numbers = count(1)


class Registry:
    """A registry, and where in it new repositories may be made.

    `authorize` returns the headers that allow everything in the repositories that it is given;
    `other` is a second client, for looking whether everybody sees what the first one did.
    """

    def __init__(
        self,
        client: httpx2.Client,
        other: httpx2.Client,
        *,
        namespace: str,
        authorize: Authorize | None = None,
    ) -> None:
        self.client = client
        self.other = other
        self._namespace = namespace
        self._authorize = authorize
        self._headers: dict[tuple[str, ...], Mapping[str, str]] = {}

    def fresh(self, purpose: str) -> "Repository":
        """Return a repository that is not there yet: the first push makes it."""
        return Repository(self, f"{self._namespace}/{purpose}-{next(_numbers)}")

    def send(
        self,
        method: str,
        url: str | httpx2.URL,
        *repositories: str,
        headers: Mapping[str, str] | None = None,
        content: Content | None = None,
        elsewhere: bool = False,
    ) -> httpx2.Response:
        """Send a request that concerns repositories; redirects are followed."""
        chosen = {**self.headers_for(*repositories), **(headers or {})}
        client = self.other if elsewhere else self.client
        try:
            answer = client.request(
                method, url, headers=chosen, content=content, follow_redirects=True
            )
        except httpx2.TransportError as error:
            raise AssertionError(f"{method} {url}: no whole answer came ({error})") from error
        version = answer.headers.get("Docker-Distribution-API-Version")
        assert version == "registry/2.0", f"{said(answer)}\nwithout Docker-Distribution-API-Version"
        return answer

    def headers_for(self, *repositories: str) -> Mapping[str, str]:
        """Return the headers that allow a request about repositories."""
        if self._authorize is None:
            return {}
        if repositories not in self._headers:
            self._headers[repositories] = self._authorize(repositories)
        return self._headers[repositories]


class Repository:
    """One repository of a registry, by its name."""

    def __init__(self, registry: Registry, name: str) -> None:
        self.registry = registry
        self.name = name

    def send(
        self,
        method: str,
        path: str | httpx2.URL,
        *also: "Repository",
        headers: Mapping[str, str] | None = None,
        content: Content | None = None,
        query: Query | None = None,
        elsewhere: bool = False,
    ) -> httpx2.Response:
        """Send a request about a path below the name, or about a place that an answer named."""
        if isinstance(path, str):
            path = httpx2.URL(f"/v2/{self.name}/{path}")
        names = (self.name, *(each.name for each in also))
        return self.registry.send(
            method,
            path.copy_merge_params(dict(query)) if query else path,
            *names,
            headers=headers,
            content=content,
            elsewhere=elsewhere,
        )

    def get(self, path: str, **options: Any) -> httpx2.Response:
        """GET a path below the name."""
        return self.send("GET", path, **options)

    def head(self, path: str, **options: Any) -> httpx2.Response:
        """HEAD a path below the name."""
        return self.send("HEAD", path, **options)

    def delete(self, path: str, **options: Any) -> httpx2.Response:
        """DELETE a path below the name."""
        return self.send("DELETE", path, **options)

    def put_manifest(
        self, reference: str, media_type: str, content: bytes, *, tags: Sequence[str] = ()
    ) -> httpx2.Response:
        """PUT a manifest."""
        headers = {"Content-Type": media_type}
        path = f"manifests/{reference}"
        query = {"tag": tags} if tags else None
        return self.send("PUT", path, headers=headers, content=content, query=query)

    def begin_upload(self) -> httpx2.URL:
        """Begin an upload and return its place."""
        answer = self.send("POST", "blobs/uploads/", content=b"")
        return place_of(expect(answer, 202))

    def send_chunk(self, place: httpx2.URL, content: bytes, *, first: int) -> httpx2.Response:
        """PATCH one chunk whose first byte has a position in the blob."""
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Range": f"{first}-{first + len(content) - 1}",
        }
        return self.send("PATCH", place, headers=headers, content=content)

    def finish_upload(
        self,
        place: httpx2.URL,
        digest: str,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """PUT what is left of a blob with the digest of the whole."""
        chosen = {"Content-Type": "application/octet-stream", **(headers or {})}
        return self.send("PUT", place, headers=chosen, content=content, query={"digest": digest})

    def pages(self, path: str, field: str) -> list[list[Any]]:
        """Return the lists of a field in the page at a path and in all that links lead to."""
        pages: list[list[Any]] = []
        url: httpx2.URL | None = httpx2.URL(f"/v2/{self.name}/{path}")
        while url is not None:
            answer = expect(self.send("GET", url), 200)
            pages.append(json_of(answer)[field] or [])
            assert len(pages) < 1000, f"{said(answer)}\nthe links lead nowhere new"
            url = next_page(answer)
        return pages


def expect(answer: httpx2.Response, *statuses: int) -> httpx2.Response:
    """Return the answer if its status is one of those; an error must be a proper one."""
    wanted = " or ".join(map(str, statuses))
    assert answer.status_code in statuses, f"{said(answer)}\nexpected {wanted}"
    return answer


def refused(answer: httpx2.Response, statuses: Sequence[int], codes: Sequence[str]) -> None:
    """Check that a request was refused in the words of the specification."""
    expect(answer, *statuses)
    if answer.request.method == "HEAD":
        assert not answer.content, f"{said(answer)}\na HEAD with a body"
        return
    errors: list[dict[str, str]] = json_of(answer).get("errors", [])
    assert errors, f"{said(answer)}\nwithout a list of errors"
    found = [error.get("code") for error in errors]
    assert set(found) <= set(codes), f"{said(answer)}\nexpected {' or '.join(codes)}"
    assert all(error.get("message") for error in errors), f"{said(answer)}\nwithout a message"


def json_of(answer: httpx2.Response) -> dict[str, Any]:
    """Return the object that an answer holds."""
    try:
        document: dict[str, Any] = msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.MsgspecError:
        raise AssertionError(f"{said(answer)}\nexpected a JSON object") from None
    return document


def header(answer: httpx2.Response, name: str) -> str:
    """Return a header that the answer must have."""
    value = answer.headers.get(name)
    assert value is not None, f"{said(answer)}\nwithout {name}"
    return value


def place_of(answer: httpx2.Response) -> httpx2.URL:
    """Return where an upload goes on."""
    return httpx2.URL(header(answer, "Location"))


def next_page(answer: httpx2.Response) -> httpx2.URL | None:
    """Return where the answer's Link says that the next page is."""
    url = answer.links.get("next", {}).get("url")
    return answer.url.join(url) if url else None


def said(answer: httpx2.Response) -> str:
    """Return an exchange in the few lines that a failure needs."""
    sent = answer.request
    headers = "\n".join(f"  {name}: {value}" for name, value in answer.headers.items())
    body = f"\n  {answer.text[:500]}" if answer.content else ""
    return f"{sent.method} {sent.url}: {answer.status_code}\n{headers}{body}"
