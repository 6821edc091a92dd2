"""The sockets that requests come in by; opened once, before the processes that share them."""

import errno
import socket
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from headgate.domain.errors import ConfigurationError
from headgate.server.settings import Listening

_BACKLOG = 2048
_NEXT_PORTS = 100  # how far the search for a free port goes


class Kind(Enum):
    """Who is at the other end."""

    TLS = "https"
    PLAIN = "http"
    PROXY = "unix"


@dataclass(frozen=True, slots=True)
class Listener:
    """An open, listening socket."""

    kind: Kind
    socket: socket.socket

    @property
    def port(self) -> int:
        """The port of a TCP socket."""
        return self.socket.getsockname()[1]


def open_listeners(settings: Listening) -> list[Listener]:
    """Open every configured socket; ConfigurationError says which one cannot be, and why."""
    listeners = [Listener(Kind.TLS, _tcp(settings, settings.port))]
    if settings.http_port is not None:
        listeners.append(Listener(Kind.PLAIN, _tcp(settings, settings.http_port)))
    if settings.proxy_socket is not None:
        listeners.append(Listener(Kind.PROXY, _unix(settings.proxy_socket)))
    return listeners


def _tcp(settings: Listening, port: int) -> socket.socket:
    ports = range(port, min(port + _NEXT_PORTS, 65536)) if settings.next_free_port else [port]
    for candidate in ports:
        try:
            return _listening(settings.address, candidate)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and candidate != ports[-1]:
                continue
            raise ConfigurationError(
                f"Cannot listen on {settings.address} port {candidate}: {error.strerror or error}; "
                "choose another with --port, or stop what uses it"
            ) from error
    raise AssertionError("a range of ports is never empty")


def _listening(address: str, port: int) -> socket.socket:
    if address in {"::", "*"} and socket.has_dualstack_ipv6():
        family, dual = socket.AF_INET6, True
    elif address in {"::", "*"}:
        family, dual, address = socket.AF_INET, False, "0.0.0.0"  # noqa: S104 - as asked for
    else:
        found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
        family, dual, address = found[0][0], False, str(found[0][4][0])
    return socket.create_server(
        ("::" if dual else address, port), family=family, backlog=_BACKLOG, dualstack_ipv6=dual
    )


def _unix(path: Path) -> socket.socket:
    """Open the proxy's socket, for its owner and group: whoever connects is believed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_socket():
        path.unlink()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(str(path))
        path.chmod(0o660)
    except OSError as error:
        listening.close()
        raise ConfigurationError(f"Cannot listen on {path}: {error.strerror or error}") from error
    listening.listen(_BACKLOG)
    return listening
