"""What is shown to registries and to the token services that they name."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from headgate.domain.errors import UpstreamError
from headgate.upstream import (
    AddressRules,
    Downloader,
    DownloadLimits,
    DownloadRules,
    Expected,
    MemorySink,
    Remote,
    UpstreamAbsentError,
    UpstreamUnreachableError,
)
from support.feigned_registry import (
    PASSWORD,
    USERNAME,
    FeignedRegistry,
    Held,
    answering,
    feigned_registry,
)

LIMITS = DownloadLimits(attempts=3, first_pause=0.001, read_timeout=5)
LOOPBACK = AddressRules.allowing(["127.0.0.0/8"])
RULES = DownloadRules(limits=LIMITS, addresses=LOOPBACK)
SCOPE = "repository:nests/robin:pull"


@pytest.fixture
def registry() -> Iterator[FeignedRegistry]:
    with feigned_registry() as running:
        running.challenge = "bearer"
        running.repository("nests/robin").image("latest")
        yield running


@pytest.fixture
def held(registry: FeignedRegistry) -> Held:
    return registry.repository("nests/robin")


@pytest.fixture
def remote(registry: FeignedRegistry) -> Remote:
    return Remote(
        f"{registry.url}/v2/nests/robin",
        username=USERNAME,
        password=PASSWORD,
        token_scope=SCOPE,
    )


@pytest.fixture
async def downloader() -> AsyncIterator[Downloader]:
    async with Downloader(RULES) as opened:
        yield opened


async def _fetch(downloader: Downloader, remote: Remote, path: str) -> bytes:
    sink = MemorySink()
    await downloader.fetch(remote, path, sink)
    return bytes(sink.data)


async def test_a_token_is_got_once_for_all_who_wait_for_it(
    registry: FeignedRegistry, held: Held, downloader: Downloader, remote: Remote
) -> None:
    paths = [f"blobs/{held.blob(bytes([number]))}" for number in range(20)]

    found = await asyncio.gather(*(_fetch(downloader, remote, path) for path in paths))

    assert found == [bytes([number]) for number in range(20)]
    (asked,) = registry.requests("/token")
    assert asked.query == {"service": "feigned", "scope": SCOPE}
    assert asked.authorization is not None
    assert asked.authorization.startswith("Basic ")
    shown = [each.authorization for each in registry.requests("/v2/")]
    assert set(shown) == {None, "Bearer token-0"}


async def test_the_head_of_a_file_says_what_it_is(
    registry: FeignedRegistry, held: Held, downloader: Downloader, remote: Remote
) -> None:
    answer = await downloader.head(remote, "manifests/latest", accept=["a/b", "c/d"])

    assert answer.headers["docker-content-digest"] == held.tags["latest"]
    assert answer.size == 0
    last = registry.requests("/manifests/latest", "HEAD")[-1]
    assert last.headers["Accept"] == "a/b, c/d"


async def test_a_token_that_ended_is_renewed(
    registry: FeignedRegistry, held: Held, downloader: Downloader, remote: Remote
) -> None:
    path = f"blobs/{held.blob(b'egg')}"
    await _fetch(downloader, remote, path)
    registry.tokens[0] = "revoked"

    found = await asyncio.gather(*(_fetch(downloader, remote, path) for _ in range(8)))

    assert found == [b"egg"] * 8
    assert len(registry.requests("/token")) == 2


async def test_a_realm_elsewhere_sees_no_credentials_and_the_error_names_it(
    registry: FeignedRegistry, downloader: Downloader, remote: Remote
) -> None:
    registry.realm = f"{registry.other_url}/token"

    with pytest.raises(UpstreamError, match="upstream_authentication_hosts") as caught:
        await downloader.head(remote, "manifests/latest")

    assert f"'127.0.0.1:{registry.other_port}'" in caught.value.message
    assert [each.authorization for each in registry.requests("/token")] == [None]


async def test_a_realm_elsewhere_may_give_tokens_to_everybody(
    registry: FeignedRegistry, held: Held, downloader: Downloader, remote: Remote
) -> None:
    registry.realm = f"{registry.other_url}/token"
    registry.anonymous = True

    answer = await downloader.head(remote, "manifests/latest")

    assert answer.headers["Docker-Content-Digest"] == held.tags["latest"]
    assert [each.authorization for each in registry.requests("/token")] == [None]


async def test_a_listed_realm_sees_the_credentials(
    registry: FeignedRegistry, held: Held, downloader: Downloader, remote: Remote
) -> None:
    registry.realm = f"{registry.other_url}/token"
    listing = replace(remote, authentication_hosts=(f"127.0.0.1:{registry.other_port}",))

    answer = await downloader.head(listing, "manifests/latest")

    assert answer.headers["Docker-Content-Digest"] == held.tags["latest"]
    (asked,) = registry.requests("/token")
    assert asked.authorization is not None


async def test_a_realm_that_redirects_elsewhere_takes_no_credentials_along(
    registry: FeignedRegistry, downloader: Downloader, remote: Remote
) -> None:
    registry.fail("/token", answering(307, {"Location": f"{registry.other_url}/token"}))

    with pytest.raises(UpstreamError, match="token service"):
        await downloader.head(remote, "manifests/latest")

    first, second = registry.requests("/token")
    assert (first.port, second.port) == (registry.port, registry.other_port)
    assert first.authorization is not None
    assert second.authorization is None


async def test_bytes_on_another_host_are_fetched_without_a_token(
    registry: FeignedRegistry, held: Held, downloader: Downloader, remote: Remote
) -> None:
    registry.layers_elsewhere = True

    found = await _fetch(downloader, remote, f"blobs/{held.blob(b'egg')}")

    assert found == b"egg"
    (elsewhere,) = registry.requests("/elsewhere/")
    assert elsewhere.authorization is None


async def test_two_remotes_never_share_a_token(downloader: Downloader, remote: Remote) -> None:
    stranger = replace(remote, username="magpie", password="thief")  # noqa: S106 - feigned
    await downloader.head(remote, "manifests/latest")

    with pytest.raises(UpstreamError, match="token service gives no token"):
        await downloader.head(stranger, "manifests/latest")


async def test_basic_credentials_are_shown_when_asked_for(
    registry: FeignedRegistry, held: Held, downloader: Downloader, remote: Remote
) -> None:
    registry.challenge = "basic"

    answer = await downloader.head(remote, "manifests/latest")
    await downloader.head(remote, "manifests/latest")

    assert answer.headers["Docker-Content-Digest"] == held.tags["latest"]
    first, *others = [each.authorization for each in registry.requests("/v2/")]
    assert first is None
    assert len(others) == 2
    assert all(shown and shown.startswith("Basic ") for shown in others)


@pytest.mark.parametrize("challenge", ["basic", "bearer"])
async def test_wrong_credentials_are_refused_in_words(
    registry: FeignedRegistry, downloader: Downloader, remote: Remote, challenge: str
) -> None:
    registry.challenge = challenge
    wrong = replace(remote, password="wrong")  # noqa: S106 - on purpose

    with pytest.raises(UpstreamError, match=r"password|token service") as caught:
        await downloader.head(wrong, "manifests/latest")

    assert "wrong" not in caught.value.message
    assert len(registry.asked) <= 3


@pytest.mark.parametrize(
    ("realm", "words"),
    [
        ("", "no http or https URL"),
        ("file:///etc/passwd", "no http or https URL"),
        ("gopher://127.0.0.1/", "no http or https URL"),
        ("http://[::1", "no http or https URL"),
        ("http://169.254.169.254/latest", "metadata service"),
        ("http://0.0.0.0:1/", "metadata service"),
    ],
)
async def test_a_realm_that_must_not_be_asked_is_refused(
    registry: FeignedRegistry,
    downloader: Downloader,
    remote: Remote,
    realm: str,
    words: str,
) -> None:
    registry.realm = realm

    with pytest.raises(UpstreamError, match=words):
        await downloader.head(remote, "manifests/latest")

    assert len(registry.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"token": 7}',
        b'{"token": "a\\r\\nX-Injected: 1"}',
        b'{"token": ""}',
        b"[" * 100_000,
        b'{"token": "' + b"a" * 40_000 + b'"}',
    ],
)
async def test_what_is_no_token_is_an_error(
    registry: FeignedRegistry, downloader: Downloader, remote: Remote, body: bytes
) -> None:
    registry.always("/token", answering(200, body=body))

    with pytest.raises(UpstreamError, match="what is no token"):
        await downloader.head(remote, "manifests/latest")


async def test_a_token_service_that_sends_too_much_is_refused(
    registry: FeignedRegistry, downloader: Downloader, remote: Remote
) -> None:
    registry.always("/token", answering(200, body=b" " * (2 << 20)))

    with pytest.raises(UpstreamError, match="larger than"):
        await downloader.head(remote, "manifests/latest")


async def test_a_registry_that_takes_no_token_is_not_asked_for_ever(
    registry: FeignedRegistry, downloader: Downloader, remote: Remote
) -> None:
    registry.always(
        "/v2/nests/robin/manifests/latest",
        answering(401, {"WWW-Authenticate": f'Bearer realm="{registry.realm}"'}),
    )

    with pytest.raises(UpstreamError, match="refuses the token"):
        await downloader.head(remote, "manifests/latest")

    assert len(registry.asked) == 3


async def test_a_challenge_of_no_known_kind_is_named(
    registry: FeignedRegistry, downloader: Downloader, remote: Remote
) -> None:
    registry.always(
        "/v2/nests/robin/manifests/latest", answering(401, {"WWW-Authenticate": "Negotiate"})
    )

    with pytest.raises(UpstreamError, match="not known here: negotiate"):
        await downloader.head(remote, "manifests/latest")


async def test_redirects_in_a_circle_end(
    registry: FeignedRegistry, downloader: Downloader, remote: Remote
) -> None:
    registry.always("/token", answering(302, {"Location": "/token"}))

    with pytest.raises(UpstreamError, match="circle"):
        await downloader.head(remote, "manifests/latest")

    assert len(registry.requests("/token")) == LIMITS.redirects + 1


async def test_a_server_that_is_asked_too_much_is_left_in_peace_by_all(
    registry: FeignedRegistry, held: Held, remote: Remote
) -> None:
    registry.challenge = None
    held.image("other")
    registry.fail("/v2/nests/robin/manifests/latest", answering(429, {"Retry-After": "9"}))
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with Downloader(RULES, sleep=sleep) as downloader:
        await downloader.head(remote, "manifests/latest")
        await downloader.head(remote, "manifests/other")

    assert len(slept) == 2
    assert all(8 < seconds <= 9 for seconds in slept)


async def test_a_head_is_bounded_by_what_it_announces(
    registry: FeignedRegistry, held: Held, downloader: Downloader, remote: Remote
) -> None:
    registry.challenge = None
    held.manifest(b" " * 5_000, "text/plain", "large")

    with pytest.raises(UpstreamError, match="larger than the 1000 bytes"):
        await downloader.head(remote, "manifests/large", expected=Expected(most_bytes=1_000))
    with pytest.raises(UpstreamAbsentError):
        await downloader.head(remote, "manifests/none")


async def test_a_token_service_that_is_away_is_told_apart(
    registry: FeignedRegistry, downloader: Downloader, remote: Remote
) -> None:
    registry.always("/token", answering(503))

    with pytest.raises(UpstreamUnreachableError, match="token service"):
        await downloader.head(remote, "manifests/latest")
