"""The real `headgate serve`, started on free ports in a home of its own."""

import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from support.processes import Started

PASSWORD = "changeme-in-tests"  # noqa: S105 - of a server that lives as long as its test
_HEADGATE = Path(sys.executable).with_name("headgate")
_ANNOUNCED = re.compile(r"Headgate serves .*?https://[^:\s]+:(\d+), http://[^:\s]+:(\d+)")


@dataclass(slots=True)
class Server:
    """A server that answers."""

    home: Path
    port: int
    http_port: int
    process: Started

    @property
    def url(self) -> str:
        """Its address with TLS, without a slash at the end."""
        return f"https://localhost:{self.port}"

    @property
    def http_url(self) -> str:
        """Its address without TLS."""
        return f"http://localhost:{self.http_port}"

    @property
    def ca(self) -> Path:
        """The authority that signed its certificate."""
        return self.home / "ca" / "ca.crt"

    def client(
        self, login: str = "admin", password: str = PASSWORD, *, timeout: float = 60
    ) -> httpx2.Client:
        """Return an HTTP client of its API."""
        client = self.stranger(timeout=timeout)
        client.auth = (login, password)
        return client

    def stranger(self, *, timeout: float = 60) -> httpx2.Client:
        """Return an HTTP client that shows no credentials."""
        return httpx2.Client(
            base_url=self.url,
            verify=ssl.create_default_context(cafile=str(self.ca)),
            timeout=timeout,
            # The machine's proxy is for the outside.
            trust_env=False,
        )

    def log(self) -> str:
        """Return what it has logged so far."""
        return self.process.output()


@contextmanager
def serving(
    home: Path,
    *,
    settings: Mapping[str, str] | None = None,
    log: Path | None = None,
    migrated: bool = False,
) -> Generator[Server]:
    """Run a server until the block ends; `settings` are environment variables.

    Its log is beside the home unless told otherwise. A database of PostgreSQL is given its tables,
    unless it is `migrated`.
    """
    log = log or home.with_suffix(".log")
    environment = {
        "HEADGATE_ADMIN_PASSWORD": PASSWORD,
        "HEADGATE_LISTEN_ADDRESS": "127.0.0.1",
        # Beside other tests a worker that steps back would hardly ever run.
        "HEADGATE_PROCESSES_WORKER_NICENESS": "0",
        # Where the upstreams of tests are; unless allowed, they are refused.
        "HEADGATE_UPSTREAM_ALLOW_NETWORKS": "127.0.0.0/8,::1/128",
        **(settings or {}),
    }
    if "HEADGATE_STORAGE_DATABASE" in environment and not migrated:
        headgate("migrate", "--home", home, settings=environment)
    home.parent.mkdir(parents=True, exist_ok=True)
    # What an earlier server of this home announced does not count.
    log.unlink(missing_ok=True)
    process = Started(
        [_HEADGATE, "serve", "--home", home, "--port", "0", "--http-port", "0"],
        log=log,
        env=environment,
    )
    try:
        # It says so when the first process answers, with the ports that it was given.
        process.wait_until(lambda: bool(_ANNOUNCED.search(process.output())))
        found = _ANNOUNCED.search(process.output())
        assert found
        yield Server(home, int(found[1]), int(found[2]), process)
    finally:
        process.stop(how=signal.SIGTERM, seconds=30)


def headgate(
    *arguments: str | Path, settings: Mapping[str, str] | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run the command line and return what it wrote."""
    done = subprocess.run(
        [_HEADGATE, *arguments],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **(settings or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(f"headgate {arguments}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done
