"""Debian's docker-registry on a free loopback port: a plain registry to mirror, compare and learn.

It takes only bcrypt in its htpasswd file, which neither Python nor openssl makes; the one line that
is written here is that of `USER` with `PASSWORD`.
"""

import json
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from support import needs
from support.certificates import Authority
from support.ports import accepts, free_port
from support.processes import Started

USER = "robin"
PASSWORD = "nest"  # noqa: S105 - of a registry that lives as long as its test
_HTPASSWD = "$2b$04$tdsuOUSIjsFqMW1hecp/3uLZ5ZgR156GCHKO8gL6I0HA28nNlgmsG"


@dataclass(frozen=True, slots=True)
class DockerRegistry:
    """A registry that answers; `data` is its storage folder, `ca` what signed its certificate."""

    port: int
    data: Path
    ca: Path | None
    log: Path

    @property
    def host(self) -> str:
        """The first part of a reference to one of its images."""
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"{'https' if self.ca else 'http'}://{self.host}"

    def client(self) -> httpx2.Client:
        """Return an HTTP client of its API, with the user's name where it asks for one."""
        verify = ssl.create_default_context(cafile=str(self.ca)) if self.ca else True
        # The machine's proxy is for the outside.
        return httpx2.Client(
            base_url=self.url, auth=(USER, PASSWORD), verify=verify, trust_env=False
        )


@contextmanager
def serving(
    folder: Path,
    *,
    tls: bool = False,
    password: bool = False,
    settings: dict[str, object] | None = None,
) -> Generator[DockerRegistry]:
    """Run a registry in a folder until the block ends.

    `settings` are further sections of its configuration file, which is YAML and so may be JSON.
    """
    program = needs.program("docker-registry")
    folder.mkdir(parents=True, exist_ok=True)
    authority = Authority(folder / "pki") if tls else None
    port = free_port()
    configuration: dict[str, object] = {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(folder / "data")},
            "cache": {"blobdescriptor": "inmemory"},
            "delete": {"enabled": True},
        },
        "http": {"addr": f"127.0.0.1:{port}", **_tls(authority)},
        **_access(folder, password=password),
        **(settings or {}),
    }
    (folder / "config.yml").write_text(json.dumps(configuration))
    started = Started([program, "serve", folder / "config.yml"], log=folder / "log")
    try:
        started.wait_until(lambda: accepts(port))
        ca = authority.certificate if authority else None
        yield DockerRegistry(port, folder / "data", ca, folder / "log")
    finally:
        started.stop()


def _tls(authority: Authority | None) -> dict[str, object]:
    if not authority:
        return {}
    pair = authority.server("localhost", "127.0.0.1")
    return {"tls": {"certificate": str(pair.certificate), "key": str(pair.key)}}


def _access(folder: Path, *, password: bool) -> dict[str, object]:
    if not password:
        return {}
    (folder / "htpasswd").write_text(f"{USER}:{_HTPASSWD}\n")
    return {"auth": {"htpasswd": {"realm": "nests", "path": str(folder / "htpasswd")}}}
