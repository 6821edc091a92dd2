"""How this registry calls itself to a client, and where it sends one for a token.

A client reaches a server under names that the server need not know. So it is called what the
request called it, as long as that is a host and a port and nothing else.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from headgate.domain.registry_names import fault_of_name
from headgate.domain.registry_scopes import PLACEHOLDER, scope_of

TOKEN_PATH: Final = "/v2/token"  # noqa: S105 - a path

_HOST: Final = re.compile(
    rb"([A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?"
)
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}

Scope = Mapping[str, Any]


def service_of(scope: Scope) -> str:
    """Return this registry's name to the client: host, and port unless it is the scheme's own."""
    host = host_of(scope)
    return _named(host, scope["scheme"]) or _listening(scope)


def host_of(scope: Scope) -> bytes:
    """Return the Host header; empty if there is none, or more than one."""
    found = [value for name, value in scope["headers"] if name == b"host"]
    return found[0] if len(found) == 1 else b""


def challenge(scope: Scope, name: str | None = None, *actions: str) -> tuple[bytes, bytes]:
    """Return the header that tells a client where to get a token, and for what.

    Podman and skopeo know by themselves what they need; flatpak asks for the scope that it reads
    here. Without a repository it is the placeholder: whatever the user may. So it is for what is
    no name, which may have anything in it.
    """
    service = service_of(scope)
    if name is None or fault_of_name(name) is not None:
        wanted = PLACEHOLDER
    else:
        wanted = scope_of(name, *actions)
    realm = f"{scope['scheme']}://{service}{TOKEN_PATH}"
    value = f'Bearer realm="{realm}",service="{service}",scope="{wanted}"'
    return b"www-authenticate", value.encode("latin-1", "replace")


def _named(host: bytes, scheme: str) -> str | None:
    found = _HOST.fullmatch(host)
    if found is None or int((found[2] or b":0")[1:]) > 65535:
        return None
    return host.decode().lower().removesuffix(_DEFAULT_PORTS.get(scheme, ""))


def _listening(scope: Scope) -> str:
    """Return the address that the client connected to, for want of a name."""
    address, port = scope.get("server") or ("localhost", None)
    if not port:
        return "localhost"
    host = f"[{address}]" if ":" in address else address
    return f"{host}:{port}"
