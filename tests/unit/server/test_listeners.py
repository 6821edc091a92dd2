"""Who a request is said to come from: real curl against every kind of listener."""

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import pytest

from headgate.domain.clock import utc_now
from headgate.domain.errors import ConfigurationError
from headgate.pki.authority import Authority, Issued, KeyKind, server_certificate
from headgate.server.listeners import open_listeners
from headgate.server.settings import Listening
from support.needs import program
from support.ports import free_ports
from support.processes import Started

NO_HEADERS: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Echo:
    """The running server and its authority."""

    authority: Authority
    folder: Path
    port: int
    http_port: int

    def ask(
        self,
        *,
        issued: Issued | None = None,
        plain: bool = False,
        proxy: bool = False,
        headers: tuple[str, ...] = NO_HEADERS,
        options: tuple[str, ...] = (),
    ) -> dict[str, object]:
        """Return the answer to one curl."""
        command = [program("curl"), "-sS", "--cacert", str(self.folder / "ca.crt"), *options]
        if issued is not None:
            bundle = self.folder / f"{issued.serial}.pem"
            bundle.write_text(issued.bundle.reveal())
            command += ["--cert", str(bundle)]
        for header in headers:
            command += ["--header", header]
        if proxy:
            command += ["--unix-socket", str(self.folder / "proxy.sock")]
        command.append(
            f"http://127.0.0.1:{self.http_port}/"
            if plain or proxy
            else f"https://localhost:{self.port}/"
        )
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Echo]:
    folder = tmp_path_factory.mktemp("echo")
    authority = Authority.open_folder(folder, clock=utc_now)
    server_certificate(authority, folder, ["localhost", "127.0.0.1"], clock=utc_now)
    port, http_port = free_ports(2)
    command = [sys.executable, str(Path(__file__).with_name("echo.py")), str(folder)]
    started = Started([*command, str(port), str(http_port)], log=folder / "log")
    try:
        started.wait_until((folder / "ready").exists)
        yield Echo(authority, folder, port, http_port)
        assert started.stop() == 0, started.output()
    finally:
        started.kill()


@pytest.fixture
def foreign(tmp_path: Path) -> Authority:
    return Authority.open_folder(tmp_path / "foreign", clock=utc_now)


def fingerprint(issued: Issued) -> str:
    return sha256(ssl.PEM_cert_to_DER_cert(issued.certificate)).hexdigest()


def header(issued: Issued, name: str = "X-Client-Cert") -> str:
    return f"{name}: {quote(issued.certificate)}"


def test_without_a_certificate_a_client_is_anonymous(echo: Echo) -> None:
    answer = echo.ask()

    assert (answer["certificate"], answer["scheme"]) == (None, "https")
    assert answer["behind_proxy"] is False


@pytest.mark.parametrize("kind", list(KeyKind))
def test_a_presented_certificate_reaches_the_application(echo: Echo, kind: KeyKind) -> None:
    issued = echo.authority.issue_entitlement("ACME", paths=["/ACME"], key_kind=kind)

    assert echo.ask(issued=issued)["certificate"] == fingerprint(issued)


def test_an_expired_certificate_reaches_the_application(echo: Echo) -> None:
    now = datetime.now(UTC)
    issued = echo.authority.issue_entitlement(
        "ACME",
        paths=["/ACME"],
        not_before=now - timedelta(days=9),
        not_after=now - timedelta(days=1),
    )

    assert echo.ask(issued=issued)["certificate"] == fingerprint(issued)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_certificate_of_another_authority_does_not_break_the_handshake(
    echo: Echo, foreign: Authority, version: str
) -> None:
    issued = foreign.issue_debug("ACME")

    answer = echo.ask(issued=issued, options=(f"--tlsv{version}", "--tls-max", version))

    assert answer["certificate"] == fingerprint(issued)


def test_versions_before_tls_1_2_are_refused(echo: Echo) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        echo.ask(options=("--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"))

    assert refused.value.returncode == 35


def test_a_certificate_is_still_known_in_a_resumed_session(echo: Echo) -> None:
    issued = echo.authority.issue_debug("ACME")
    bundle = echo.folder / "resumed.pem"
    bundle.write_text(issued.bundle.reveal())
    kept = echo.folder / "session"
    connect = [program("openssl"), "s_client", "-connect", f"127.0.0.1:{echo.port}", "-quiet"]
    connect += ["-tls1_2", "-cert", str(bundle), "-CAfile", str(echo.folder / "ca.crt")]
    asked = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    answers = [
        subprocess.run([*connect, *how], check=True, capture_output=True, text=True, input=asked)
        for how in (("-sess_out", str(kept)), ("-sess_in", str(kept)))
    ]

    assert all(fingerprint(issued) in answer.stdout for answer in answers)


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("name", ["X-Client-Cert", "X_Client_Cert", "SSL_CLIENT_CERT"])
def test_a_certificate_header_from_outside_means_nothing(
    echo: Echo, plain: bool, name: str
) -> None:
    issued = echo.authority.issue_debug("ACME")
    headers = (header(issued, name), "X-Forwarded-For: 10.9.9.9", "X-Forwarded-Proto: https")

    answer = echo.ask(plain=plain, headers=headers)

    assert answer["certificate"] is None
    assert answer["behind_proxy"] is False
    assert answer["client"] == "127.0.0.1"
    assert answer["scheme"] == ("http" if plain else "https")


def test_the_local_proxy_is_believed(echo: Echo) -> None:
    issued = echo.authority.issue_debug("ACME")
    headers = (header(issued), "X-Forwarded-For: 10.9.9.9", "X-Forwarded-Proto: https")

    answer = echo.ask(proxy=True, headers=headers)

    assert answer["certificate"] == fingerprint(issued)
    assert answer["behind_proxy"] is True
    assert (answer["client"], answer["scheme"]) == ("10.9.9.9", "https")
    assert answer["headers"] == ["accept", "host", "user-agent"]


def test_a_spelling_with_underscores_is_not_the_proxys_word(echo: Echo) -> None:
    issued = echo.authority.issue_debug("ACME")

    answer = echo.ask(proxy=True, headers=(header(issued, "X_Client_Cert"),))

    assert answer["certificate"] is None
    assert answer["headers"] == ["accept", "host", "user-agent"]


def test_a_certificate_header_that_comes_twice_is_nobodys(echo: Echo) -> None:
    one, other = echo.authority.issue_debug("ACME"), echo.authority.issue_debug("Other")

    assert echo.ask(proxy=True, headers=(header(one), header(other)))["certificate"] is None


@pytest.mark.parametrize("value", ["", "nonsense", "-----BEGIN%20CERTIFICATE-----%0A%ff%fe"])
def test_a_header_without_a_certificate_is_no_certificate(echo: Echo, value: str) -> None:
    answer = echo.ask(proxy=True, headers=(f"X-Client-Cert: {value}",))

    assert answer["certificate"] is None


def test_a_taken_port_is_named_or_the_next_is_used(echo: Echo) -> None:
    with pytest.raises(ConfigurationError, match=f"port {echo.port}.*in use"):
        open_listeners(Listening(address="127.0.0.1", port=echo.port))

    (listener,) = open_listeners(
        Listening(address="127.0.0.1", port=echo.port, next_free_port=True)
    )
    with listener.socket:
        assert listener.port > echo.port
