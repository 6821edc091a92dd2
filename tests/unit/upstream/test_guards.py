"""Where downloads may go, and who sees our credentials."""

import datetime as dt
import ssl
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from headgate.domain.errors import UpstreamError
from headgate.upstream import AddressRules, Downloader, DownloadLimits, DownloadRules, MemorySink
from headgate.upstream import Remote as Upstream
from support.faulty_upstream import Fault, FaultyUpstream

LIMITS = DownloadLimits(attempts=2, first_pause=0.001, read_timeout=5)
LOOPBACK = AddressRules.allowing(["127.0.0.0/8", "::1/128"])
RULES = DownloadRules(limits=LIMITS, addresses=LOOPBACK)
WORD = "pass"
BASIC = "Basic dXNlcjpwYXNz"


async def fetched(remote: Upstream, path: str = "a", rules: DownloadRules = RULES) -> bytes:
    sink = MemorySink()
    async with Downloader(rules) as downloader:
        await downloader.fetch(remote, path, sink)
    return bytes(sink.data)


@pytest.fixture
def first() -> Iterator[FaultyUpstream]:
    with FaultyUpstream() as running:
        running.serve("/a", b"first")
        yield running


@pytest.fixture
def second() -> Iterator[FaultyUpstream]:
    with FaultyUpstream() as running:
        running.serve("/a", b"second")
        yield running


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{}/",
        "http://localhost:{}/",
        "http://127.1:{}/",
        "http://2130706433:{}/",
        "http://0x7f000001:{}/",
        "http://0.0.0.0:{}/",
        "http://[::1]:{}/",
        "http://[::ffff:127.0.0.1]:{}/",
    ],
)
async def test_this_machine_is_not_reached_whatever_it_is_called(
    first: FaultyUpstream, url: str
) -> None:
    with pytest.raises(UpstreamError, match=r"an administrator may allow|is no URL"):
        await fetched(Upstream(url.format(first.port)), rules=DownloadRules(limits=LIMITS))

    assert first.requests == []


@pytest.mark.parametrize(
    "address",
    [
        *["169.254.169.254", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "100.100.100.200"],
        *["::", "224.0.0.1", "ff02::1", "64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:169.254.1.1"],
        *["0.1.2.3", "::7f00:1", "127.255.255.255"],
    ],
)
def test_forbidden_addresses_are_forbidden_in_every_form(address: str) -> None:
    assert not AddressRules().allow(address)


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.1.1", "93.184.216.34", "2606:2800::1"])
def test_other_addresses_are_allowed(address: str) -> None:
    assert AddressRules().allow(address)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_an_address_mapped_into_ipv6_is_judged_as_itself(address: IPv4Address) -> None:
    rules = AddressRules()

    assert rules.allow(str(address)) == rules.allow(f"::ffff:{address}")
    assert rules.allow(str(address)) == rules.allow(str(ip_address(f"64:ff9b::{address}")))


async def test_an_allowed_network_is_reached(first: FaultyUpstream) -> None:
    assert await fetched(Upstream(first.url)) == b"first"


async def test_a_redirect_to_a_forbidden_address_is_refused(first: FaultyUpstream) -> None:
    first.always["/a"] = Fault(302, {"Location": "http://169.254.169.254/latest/meta-data"})

    with pytest.raises(UpstreamError, match="metadata service") as caught:
        await fetched(Upstream(first.url))

    assert caught.value.url == "http://169.254.169.254/latest/meta-data"


async def test_a_proxy_at_a_forbidden_address_is_refused(first: FaultyUpstream) -> None:
    remote = Upstream("http://example.invalid/", proxy=first.url)

    with pytest.raises(UpstreamError, match="an administrator may allow"):
        await fetched(remote, rules=DownloadRules(limits=LIMITS))

    assert first.requests == []


async def test_credentials_are_shown_to_their_own_host(first: FaultyUpstream) -> None:
    first.password = BASIC

    assert await fetched(Upstream(first.url, username="user", password=WORD)) == b"first"


async def test_credentials_are_not_shown_to_the_target_of_a_redirect(
    first: FaultyUpstream, second: FaultyUpstream
) -> None:
    first.always["/a"] = Fault(301, {"Location": f"{second.url}a"})

    body = await fetched(Upstream(first.url, username="user", password=WORD))

    assert body == b"second"
    assert first.requests[0].headers["authorization"] == BASIC
    assert "authorization" not in second.requests[0].headers


async def test_credentials_are_not_shown_to_another_host_that_metadata_names(
    first: FaultyUpstream, second: FaultyUpstream
) -> None:
    remote = Upstream(first.url, username="user", password=WORD)

    assert await fetched(remote, f"{second.url}a") == b"second"
    assert "authorization" not in second.requests[0].headers


async def test_credentials_come_back_when_a_redirect_leads_home(
    first: FaultyUpstream, second: FaultyUpstream
) -> None:
    first.serve("/home", b"home")
    first.always["/a"] = Fault(307, {"Location": f"{second.url}a"})
    second.always["/a"] = Fault(307, {"Location": f"{first.url}home"})

    assert await fetched(Upstream(first.url, username="user", password=WORD)) == b"home"
    assert first.requests[1].headers["authorization"] == BASIC
    assert "authorization" not in second.requests[0].headers


async def test_cookies_are_not_kept(first: FaultyUpstream) -> None:
    first.always["/a"] = Fault(headers={"Set-Cookie": "tenant=one"})
    async with Downloader(RULES) as downloader:
        for _ in range(2):
            await downloader.fetch(Upstream(first.url), "a", MemorySink())

    assert all("cookie" not in request.headers for request in first.requests)


async def test_redirects_in_a_circle_end(first: FaultyUpstream) -> None:
    first.always["/a"] = Fault(302, {"Location": "/a"})

    with pytest.raises(UpstreamError, match="circle"):
        await fetched(Upstream(first.url))

    assert len(first.requests) == 11


@pytest.mark.parametrize("location", ["", "file:///etc/passwd", "gopher://x/", "http://[bad/"])
async def test_a_redirect_to_what_is_no_web_address_is_refused(
    first: FaultyUpstream, location: str
) -> None:
    first.always["/a"] = Fault(302, {"Location": location})

    with pytest.raises(UpstreamError, match="no http or https URL"):
        await fetched(Upstream(first.url))


async def test_the_proxy_is_asked_and_sees_its_own_credentials_only(
    first: FaultyUpstream,
) -> None:
    proxy = first.url.replace("http://", "http://proxy:se%2Fcret@")
    remote = Upstream("http://example.invalid/", username="user", password=WORD, proxy=proxy)
    first.serve("http://example.invalid/a", b"through")

    assert await fetched(remote) == b"through"
    assert first.requests[0].headers["proxy-authorization"] == "Basic cHJveHk6c2UvY3JldA=="


async def test_a_proxy_that_wants_credentials_is_told_so(first: FaultyUpstream) -> None:
    first.always["http://example.invalid/a"] = Fault(407)

    with pytest.raises(UpstreamError, match="proxy asks for credentials"):
        await fetched(Upstream("http://example.invalid/", proxy=first.url))


async def test_a_name_that_does_not_resolve_is_told() -> None:
    with pytest.raises(UpstreamError, match="cannot be resolved"):
        await fetched(Upstream("http://name.invalid/"))


def test_secrets_are_not_printed() -> None:
    secret = "S3CRET"  # noqa: S105 - a made-up one
    remote = Upstream(
        "https://h/",
        username="user",
        password=secret,
        client_key=secret,
        proxy="http://a:S3CRET@p",
    )

    assert "S3CRET" not in repr(remote)


async def test_errors_show_no_credentials(first: FaultyUpstream) -> None:
    first.always["/a"] = Fault(404)
    url = first.url.replace("http://", "http://user:S3CRET@")

    with pytest.raises(UpstreamError) as caught:
        await fetched(Upstream(f"{url}?token=S3CRET"))

    assert "S3CRET" not in caught.value.url + caught.value.message
    assert first.requests[0].headers["authorization"].startswith("Basic ")


class Authority:
    """A CA for one test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = _certificate("CA", self.key.public_key(), "CA", self.key, ca=True)
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, name: str) -> tuple[str, str]:
        """Return a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(name, key.public_key(), "CA", self.key, ca=False)
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()

    def server(self) -> ssl.SSLContext:
        """Return a server's context that asks for client certificates of this CA."""
        certificate, key = self.issue("localhost")
        (self.folder / "server.pem").write_text(certificate + key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem")
        context.load_verify_locations(cadata=self.pem)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context


def _certificate(
    name: str,
    public: ec.EllipticCurvePublicKey,
    issuer: str,
    signer: ec.EllipticCurvePrivateKey,
    *,
    ca: bool,
) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    )
    return builder.sign(signer, hashes.SHA256())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def secure(authority: Authority) -> Iterator[FaultyUpstream]:
    with FaultyUpstream(tls=authority.server()) as running:
        running.serve("/a", b"secure")
        yield running


async def test_tls_is_verified_unless_that_is_switched_off(
    secure: FaultyUpstream, authority: Authority
) -> None:
    remote = Upstream(secure.url)

    with pytest.raises(UpstreamError, match="SSL CA certificate"):
        await fetched(remote)
    assert await fetched(replace(remote, ca=authority.pem)) == b"secure"
    assert await fetched(replace(remote, verify=False)) == b"secure"
    other_name = secure.url.replace("localhost", "127.0.0.1")
    with pytest.raises(UpstreamError, match="cannot be verified"):
        await fetched(Upstream(other_name, ca=authority.pem))


async def test_the_client_certificate_is_shown_to_its_own_host_alone(
    secure: FaultyUpstream, authority: Authority
) -> None:
    certificate, key = authority.issue("client")
    remote = Upstream(secure.url, client_certificate=certificate, client_key=key, ca=authority.pem)
    with FaultyUpstream(tls=authority.server()) as other:
        other.serve("/a", b"other")
        secure.serve("/elsewhere", b"")
        secure.always["/elsewhere"] = Fault(302, {"Location": f"{other.url}a"})

        async with Downloader(RULES) as downloader:
            for path in ("a", "elsewhere", f"{other.url}a"):
                await downloader.fetch(remote, path, MemorySink())

    assert all(secure.client_certificates)
    assert other.client_certificates == [None, None] or not any(other.client_certificates)


async def test_a_redirect_from_https_to_http_is_refused(
    secure: FaultyUpstream, first: FaultyUpstream, authority: Authority
) -> None:
    secure.always["/a"] = Fault(302, {"Location": f"{first.url}a"})

    with pytest.raises(UpstreamError, match="from https to http"):
        await fetched(Upstream(secure.url, ca=authority.pem))

    assert first.requests == []


async def test_credentials_that_are_no_pem_are_told(secure: FaultyUpstream) -> None:
    with pytest.raises(UpstreamError, match="content credentials"):
        await fetched(Upstream(secure.url, ca="no certificate"))
    with pytest.raises(UpstreamError, match="content credentials"):
        await fetched(Upstream(secure.url, client_certificate="none", client_key="none"))


async def test_two_remotes_at_one_host_never_share_what_they_show(
    secure: FaultyUpstream, authority: Authority
) -> None:
    certificate, key = authority.issue("client")
    one = Upstream(
        secure.url,
        username="user",
        password=WORD,
        client_certificate=certificate,
        client_key=key,
        ca=authority.pem,
    )
    two = Upstream(secure.url, ca=authority.pem)

    async with Downloader(RULES) as downloader:
        for remote in (one, two, one, two):
            await downloader.fetch(remote, "a", MemorySink())

    assert [bool(shown) for shown in secure.client_certificates] == [True, False, True, False]
    assert ["authorization" in each.headers for each in secure.requests] == [
        True,
        False,
        True,
        False,
    ]
