"""An OpenID Connect provider: real keys, over TLS, as far as its tokens and keys go."""

import json
import ssl
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.warnings import InsecureKeyLengthWarning

from support.certificates import Authority

CLIENT = "headgate"


@dataclass(slots=True)
class SigningKey:
    """A private key with its name and the algorithm it signs by."""

    kid: str
    algorithm: str
    private: Any

    @property
    def public(self) -> dict[str, Any]:
        """The JWK that is published."""
        algorithm: Any = jwt.get_algorithm_by_name(self.algorithm)
        told: dict[str, Any] = algorithm.to_jwk(self.private.public_key(), as_dict=True)
        return told | {"kid": self.kid, "use": "sig", "alg": self.algorithm}


def rsa_key(kid: str, *, bits: int = 2048) -> SigningKey:
    """Make an RSA key."""
    return SigningKey(kid, "RS256", rsa.generate_private_key(65_537, bits))


def ec_key(kid: str) -> SigningKey:
    """Make a key on an elliptic curve."""
    return SigningKey(kid, "ES256", ec.generate_private_key(ec.SECP256R1()))


def edwards_key(kid: str) -> SigningKey:
    """Make an Ed25519 key."""
    return SigningKey(kid, "EdDSA", ed25519.Ed25519PrivateKey.generate())


@dataclass(slots=True)
class OidcProvider:
    """A running provider; `asked` are the paths that were fetched from it."""

    issuer: str
    ca: Path
    keys: list[SigningKey]
    asked: list[str] = field(default_factory=list[str])
    is_away: bool = False
    discovers: str | None = None  # the issuer that discovery claims to be of

    def token(
        self,
        login: str,
        *,
        key: SigningKey | None = None,
        headers: Mapping[str, Any] | None = None,
        without: str = "",
        **claims: Any,
    ) -> str:
        """Sign a token for somebody; claims replace the usual ones."""
        now = int(time())
        usual: dict[str, Any] = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": f"subject of {login}",
            "preferred_username": login,
            "iat": now,
            "nbf": now,
            "exp": now + 300,
        }
        said = {name: value for name, value in (usual | claims).items() if name != without}
        by = key or self.keys[0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InsecureKeyLengthWarning)  # weak keys are tried, too
            return jwt.encode(
                said, by.private, algorithm=by.algorithm, headers={"kid": by.kid, **(headers or {})}
            )

    def document(self, path: str) -> Any:
        """Return what is at a path; None for nothing."""
        if path == "/realm/.well-known/openid-configuration":
            return {"issuer": self.discovers or self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        if path == "/realm/keys":
            encrypting = {"kty": "RSA", "use": "enc", "kid": "other", "n": "AQAB", "e": "AQAB"}
            return {"keys": [encrypting, *(key.public for key in self.keys)]}
        return None


@contextmanager
def oidc_provider(folder: Path) -> Generator[OidcProvider]:
    """Run a provider on this machine until the block ends."""
    authority = Authority(folder / "oidc-authority")
    pair = authority.server("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    provider = OidcProvider("", authority.certificate, [rsa_key("first")])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append(self.path)
            found = None if provider.is_away else provider.document(self.path)
            body = json.dumps(found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            """Tell nobody."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    provider.issuer = f"https://localhost:{server.server_address[1]}/realm"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
