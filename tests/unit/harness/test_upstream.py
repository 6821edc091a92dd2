"""The upstream and the proxy that tests mirror through do what they say."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import needs
from support.proxy import proxy
from support.upstream import PASSWORD, USERNAME, Upstream, body, cut, status, upstream


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Upstream]:
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").write_bytes(b"0123456789")
    with upstream(root, tmp_path / "pki") as running:
        yield running


def curl(*arguments: str | Path) -> str:
    """Return the body, then the status code; what curl cannot do is its exit code, negative."""
    command = [needs.program("curl"), "--silent", "--max-time", "10", "--noproxy", ""]
    done = subprocess.run(
        [*command, "--write-out", " %{http_code}", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout if done.returncode == 0 else f"{-done.returncode}"


def test_files_are_served_whole_and_in_ranges(serving: Upstream) -> None:
    assert curl(serving.url + "file") == "0123456789 200"
    assert curl("--range", "2-4", serving.url + "file") == "234 206"
    assert curl(serving.url + "absent").endswith(" 404")


def test_private_files_want_the_password(serving: Upstream) -> None:
    assert curl(serving.url + "private/file") == " 401"
    assert curl("--user", f"{USERNAME}:{PASSWORD}", serving.url + "private/file").endswith("200")


def test_guarded_files_want_a_client_certificate(serving: Upstream) -> None:
    url = serving.tls_url + "guarded/file"
    client = ["--cert", serving.client.certificate, "--key", serving.client.key]

    assert curl("--cacert", serving.ca, url) == " 403"
    assert curl("--cacert", serving.ca, *client, url) == "0123456789 200"


def test_moved_files_are_at_the_other_origin(serving: Upstream) -> None:
    answer = curl("--location", "--cacert", serving.ca, serving.url + "moved/file")

    assert answer == "0123456789 200"
    assert [(each.path, each.tls) for each in serving.asked] == [
        ("/moved/file", False),
        ("/file", True),
    ]


def test_faults_come_in_order_and_then_the_file(serving: Upstream) -> None:
    serving.fail("file", status(503), body(b"wrong"), cut(4))

    answers = [curl(serving.url + "file") for _ in range(4)]

    assert answers == ["not now 503", "wrong 200", "-18", "0123456789 200"]


def test_the_proxy_forwards_plain_and_tls_requests(serving: Upstream) -> None:
    with proxy(credentials="name:secret") as between:
        through = ["--proxy", between.url, "--proxy-user", "name:secret"]

        assert curl("--proxy", between.url, serving.url + "file") == " 407"
        assert curl(*through, serving.url + "file") == "0123456789 200"
        assert curl(*through, "--cacert", serving.ca, serving.tls_url + "file").endswith("89 200")
        assert [line.split()[0] for line in between.asked] == ["GET", "GET", "CONNECT"]
