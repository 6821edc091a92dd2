"""Slow, broken and hostile clients of the registry, and what one organization learns of another."""

import json
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from itertools import product as pairs

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.oci import image, layer
from support.server import PASSWORD, Server
from support.world import World

CONTENT = bytes(range(256)) * 4_000
DIGEST = f"sha256:{sha256(CONTENT).hexdigest()}"
_AUTHORIZED = "Authorization: Basic " + b64encode(f"admin:{PASSWORD}".encode()).decode()
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class Uploader:
    """An upload that is under way, and raw connections for what no library would send."""

    def __init__(self, server: Server, world: World) -> None:
        self.server = server
        self.client = world.client
        world.product("Ships")
        self.name = f"{world.organization_label.lower()}/ships/boat"
        self.place = self.begin()

    def begin(self) -> str:
        """Begin another upload."""
        answer = self.client.post(f"/v2/{self.name}/blobs/uploads/")
        assert answer.status_code == 202, answer.text
        return str(answer.headers["Location"])

    def open(self) -> socket.socket:
        """Connect."""
        return socket.create_connection(("127.0.0.1", self.server.http_port), timeout=20)

    def head(self, method: str = "PATCH", *headers: str, authorized: bool = True) -> bytes:
        """Return the head of a request for the upload."""
        own = [_AUTHORIZED] if authorized else []
        lines = [f"{method} {self.place} HTTP/1.1", "Host: localhost", *own, *headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def come(self) -> int:
        """Return how far the upload has come, once nobody writes to it."""
        while True:
            answer = self.client.get(self.place)
            if answer.status_code != 409:
                assert answer.status_code == 204, answer.text
                last = int(answer.headers["Range"].removeprefix("0-"))
                return last + 1 if last else 0

    def wait_until_written_to(self) -> None:
        """Return once a request writes: one that has not begun yet would write behind a later."""
        while self.client.get(self.place).status_code != 409:
            pass

    def finish(self) -> None:
        """Send what is missing, and check that the blob is whole."""
        come = self.come()
        answer = self.client.patch(self.place, content=CONTENT[come:])
        assert answer.status_code == 202, answer.text
        done = self.client.put(self.place, params={"digest": DIGEST})
        assert done.status_code == 201, done.text
        assert self.client.get(f"/v2/{self.name}/blobs/{DIGEST}").content == CONTENT


@pytest.fixture
def uploader(server: Server, world: World) -> Iterator[Uploader]:
    """An upload of which nothing has come; the server answers and has not failed in the end."""
    before = server.log().count("Traceback")
    made = Uploader(server, world)
    yield made
    assert made.client.get("/healthz").status_code == 200
    assert server.log().count("Traceback") == before, server.log()[-4000:]


def chunk(content: bytes) -> bytes:
    return b"%x\r\n" % len(content) + content + b"\r\n"


def answer_of(connection: socket.socket) -> bytes:
    """Return everything until the server closes, or falls silent."""
    found = b""
    connection.settimeout(5)
    try:
        while piece := connection.recv(65536):
            found += piece
            if b"\r\n\r\n" in found and b"content-length: 0" in found.lower():
                break
    except (TimeoutError, ConnectionError):
        pass
    return found


def test_a_body_in_chunks_that_breaks_off_goes_on_later(uploader: Uploader) -> None:
    with closing(uploader.open()) as connection:
        connection.sendall(uploader.head("PATCH", "Transfer-Encoding: chunked"))
        connection.sendall(chunk(CONTENT[:300_000]) + b"fffff\r\n" + CONTENT[300_000:400_000])
        uploader.wait_until_written_to()

    assert uploader.come() <= 400_000
    uploader.finish()


def test_a_body_shorter_than_announced_goes_on_later(uploader: Uploader) -> None:
    with closing(uploader.open()) as connection:
        connection.sendall(uploader.head("PATCH", f"Content-Length: {len(CONTENT)}"))
        connection.sendall(CONTENT[:500_000])
        uploader.wait_until_written_to()

    assert uploader.come() <= 500_000
    uploader.finish()


@pytest.mark.parametrize(
    "headers",
    [
        ["Transfer-Encoding: chunked", "Content-Length: 5"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: -1"],
        ["Content-Length: 5, 5"],
        ["Content-Length: 99999999999999999999999999"],
        ["Transfer-Encoding: gzip, chunked, identity"],
        ["Transfer-Encoding : chunked"],
        ["X-Large: " + "x" * 200_000],
        ["X-Bad: a\x00b"],
    ],
)
def test_a_head_that_can_be_read_in_two_ways_is_refused(
    uploader: Uploader, headers: list[str]
) -> None:
    with closing(uploader.open()) as connection:
        connection.sendall(uploader.head("PATCH", *headers) + b"5\r\nhello\r\n0\r\n\r\n")
        answer = answer_of(connection)

    assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:300]
    assert uploader.come() == 0
    uploader.finish()


def test_chunks_that_are_none_end_the_connection_and_nothing_else(uploader: Uploader) -> None:
    with closing(uploader.open()) as connection:
        connection.sendall(uploader.head("PATCH", "Transfer-Encoding: chunked"))
        connection.sendall(chunk(CONTENT[:1000]) + b"zz\r\nhello\r\n")
        answer = answer_of(connection)

    assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:300]
    assert uploader.come() in (0, 1000)
    uploader.finish()


def test_who_asks_before_sending_is_told_to_go_on(uploader: Uploader) -> None:
    headers = ("Expect: 100-continue", f"Content-Length: {len(CONTENT)}")
    with closing(uploader.open()) as connection:
        connection.sendall(uploader.head("PATCH", *headers))
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(CONTENT)
        assert answer_of(connection).startswith(b"HTTP/1.1 202 ")

    uploader.finish()


def test_who_asks_before_sending_and_may_not_is_told_at_once(uploader: Uploader) -> None:
    headers = ("Expect: 100-continue", f"Content-Length: {len(CONTENT)}")
    with closing(uploader.open()) as connection:
        connection.sendall(uploader.head("PATCH", *headers, authorized=False))
        assert connection.recv(100).startswith(b"HTTP/1.1 401 ")

    assert uploader.come() == 0


def test_one_upload_takes_one_request_at_a_time(uploader: Uploader) -> None:
    with closing(uploader.open()) as connection:
        connection.sendall(uploader.head("PATCH", "Transfer-Encoding: chunked"))
        connection.sendall(chunk(CONTENT[:1000]))
        uploader.wait_until_written_to()
        answers = [
            uploader.client.get(uploader.place),
            uploader.client.patch(uploader.place, content=b"other"),
            uploader.client.put(uploader.place, params={"digest": DIGEST}),
            uploader.client.delete(uploader.place),
        ]
        connection.sendall(b"0\r\n\r\n")
        assert answer_of(connection).startswith(b"HTTP/1.1 202 ")

    for answer in answers:
        assert answer.status_code == 409, answer.text
        (error,) = answer.json()["errors"]
        assert "Another request is writing" in error["message"]
    assert uploader.come() == 1000
    uploader.finish()


@pytest.mark.parametrize(
    ("content_range", "status"),
    [
        ("0-4", 202),
        ("bytes 0-4/*", 202),
        ("0-3", 400),
        ("5-0", 400),
        ("4-0", 400),
        ("1-5", 416),
        ("999999999999999999-999999999999999999", 400),
        ("0-99999999999999999999999", 400),
        ("-4", 400),
        ("0", 400),
        ("x" * 5000, 400),
    ],
)
def test_a_chunk_belongs_where_it_says(uploader: Uploader, content_range: str, status: int) -> None:
    headers = {"Content-Range": content_range}
    answer = uploader.client.patch(uploader.place, content=b"hello", headers=headers)

    assert answer.status_code == status, answer.text
    if status != 202:
        assert answer.json()["errors"][0]["code"] == "BLOB_UPLOAD_INVALID"
    assert uploader.come() == (5 if status == 202 else 0)


def test_a_stream_does_not_go_backwards(uploader: Uploader) -> None:
    answer = uploader.client.patch(
        uploader.place, content=iter([b"hello"]), headers={"Content-Range": "4-0"}
    )

    assert answer.status_code == 400, answer.text
    assert uploader.come() == 0


_ODD = st.sampled_from(
    [
        *("/", ".", "?", "%", "&", "#", '"', "'", "\\", "<", ">", ":", "@", " ", "//", "..", "a"),
        *("%2e%2e", "%2f", "%00", "%0d%0aX-Evil:%201", "%ff", "%c3%a9", "\u00e9", "x" * 300, "A"),
        *("v2", "blobs", "uploads", "manifests", "tags", "list", "referrers", "_catalog", "token"),
        *(DIGEST, "sha256:", "latest"),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(_ODD, min_size=1, max_size=8), st.sampled_from(_METHODS), st.booleans())
def test_no_path_is_more_than_refused(
    uploader: Uploader, parts: list[str], method: str, authorized: bool
) -> None:
    path = "/v2/" + "".join(parts).replace("?", "%3f").replace(" ", "%20").replace("#", "%23")
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    lines += ["Content-Length: 0", *([_AUTHORIZED] if authorized else [])]
    with closing(uploader.open()) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        head, _, body = answer_of(connection).partition(b"\r\n\r\n")

    status = int(head.split()[1])
    assert status < 500, (path, head, body)
    assert b"\r\nx-evil" not in head.lower()
    if status in (400, 404, 405, 409) and method != "HEAD" and b"application/json" in head:
        assert json.loads(body)["errors"], body


@pytest.mark.parametrize(
    "name",
    [
        *("{org}/ships/%0d%0aX-Evil:1", '{org}/ships/"quoted"', "{org}/ships/..", "../{org}/a/b"),
        *("{org}//ships/a", "{org}/ships/a%2fb%2fc", "{org}/ships/A", "{org}/ships/%00", "x/y"),
        *("id/0/0/a", "id/99999999999999999999/1/a", "id/-1/1/a", "x", "{org}/ships/" + "a" * 300),
    ],
)
def test_names_that_are_none_are_refused_by_every_route(uploader: Uploader, name: str) -> None:
    at = name.format(org=uploader.name.partition("/")[0])
    wrong = [
        ("GET", f"/v2/{at}/manifests/latest"),
        ("PUT", f"/v2/{at}/manifests/latest"),
        ("DELETE", f"/v2/{at}/manifests/latest"),
        ("GET", f"/v2/{at}/blobs/{DIGEST}"),
        ("DELETE", f"/v2/{at}/blobs/{DIGEST}"),
        ("POST", f"/v2/{at}/blobs/uploads/"),
        ("GET", f"/v2/{at}/tags/list"),
        ("GET", f"/v2/{at}/referrers/{DIGEST}"),
        ("PATCH", f"/v2/{at}/blobs/uploads/{'0' * 32}"),
    ]
    for (method, path), known in pairs(wrong, (True, False)):
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close"]
        lines += ["Content-Length: 0", *([_AUTHORIZED] if known else [])]
        with closing(uploader.open()) as connection:
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            head, _, body = answer_of(connection).partition(b"\r\n\r\n")

        assert 400 <= int(head.split()[1]) < 500, (method, path, head)
        assert b"\r\nx-evil" not in head.lower()
        assert json.loads(body)["errors"][0]["code"]


def test_links_to_further_pages_say_what_was_asked_and_no_header(uploader: Uploader) -> None:
    manifest = image(layer({"a": b"a"}))
    for blob in manifest.blobs:
        path = f"/v2/{uploader.name}/blobs/uploads/"
        pushed = uploader.client.post(path, params={"digest": blob.digest}, content=blob.content)
        assert pushed.status_code == 201, pushed.text
    for tag in ("a", "b", "c"):
        path = f"/v2/{uploader.name}/manifests/{tag}"
        kind = {"Content-Type": manifest.media_type}
        put = uploader.client.put(path, content=manifest.content, headers=kind)
        assert put.status_code == 201, put.text

    path = f"/v2/{uploader.name}/tags/list?n=1&last=%0d%0aX-Evil:%201&x=%3E;%20rel=%22next%22"
    answer = uploader.client.get(path)

    assert answer.status_code == 200
    assert "x-evil" not in answer.headers
    assert answer.headers["Link"].count("<") == answer.headers["Link"].count(">") == 1
    following = uploader.client.get(answer.links["next"]["url"])
    assert following.json()["tags"] == ["b"]
