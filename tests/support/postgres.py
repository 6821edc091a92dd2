"""A real PostgreSQL for the tests: one cluster for each test process, a database for each test."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from support import needs
from support.ports import free_port
from support.processes import Started

_ATTEMPTS = 3
_ROOM = 2 << 30  # bytes

# Durability costs time and nobody reads this cluster after a crash of the machine.
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "jit": "off",
    "logging_collector": "off",
}


class Cluster:
    """A running PostgreSQL that only this test process uses."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._made = 0

    def url(self, name: str) -> str:
        """Return the SQLAlchemy address of a database, through the unix socket."""
        return f"postgresql+psycopg://headgate@/{name}?host={self.folder}&port={self.port}"

    def create(self, *, template: str = "template1") -> str:
        """Make a database and return its name; a copy of the template, which nobody may use now."""
        self._made += 1
        name = f"test_{self._made}"
        # A copy of files: through the write-ahead log it takes twice as long in memory.
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return name

    def drop(self, name: str) -> None:
        """Remove a database, ending the connections that a test has left open."""
        self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def run(self, statement: str) -> None:
        """Run one statement outside of any database of a test."""
        with psycopg.connect(
            host=str(self.folder),
            port=self.port,
            user="headgate",
            dbname="postgres",
            autocommit=True,
        ) as connection:
            connection.execute(statement.encode())


@contextmanager
def cluster() -> Generator[Cluster]:
    """Start PostgreSQL in a temporary folder; end it and remove the folder afterwards."""
    programs = _programs()
    user = _unprivileged_user()
    # Not below pytest's folder: only its owner may enter that, and the server is somebody else.
    folder = Path(tempfile.mkdtemp(prefix="headgate-postgres-", dir=_place()))
    try:
        if user:
            shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)
        _initialise(programs, folder, user)
        server, port = _start(programs, folder, user)
        try:
            yield Cluster(folder, port)
        finally:
            # SIGINT is PostgreSQL's fast shutdown: it ends open connections instead of waiting.
            server.stop(how=signal.SIGINT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _place() -> Path | None:
    """Memory, where there is room: a database for each test is some hundreds of files."""
    shared = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of our own there
    roomy = shared.is_dir() and shutil.disk_usage(shared).free > _ROOM
    return shared if roomy else None


def _programs() -> Path:
    """Find initdb and postgres: Debian keeps them apart from PATH, by version."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]),
        reverse=True,
    )
    if versions:
        return versions[0].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else needs.missing("PostgreSQL", package="postgresql")


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _initialise(programs: Path, folder: Path, user: str | None) -> None:
    command = [programs / "initdb", "--pgdata", folder / "data", "--no-sync", "--encoding", "UTF8"]
    command += ["--locale", "C.UTF-8", "--username", "headgate"]
    # Whoever may enter the folder is trusted; on the network nobody is.
    command += ["--auth-local", "trust", "--auth-host", "scram-sha-256"]
    made = subprocess.run(
        command, user=user, capture_output=True, text=True, check=False, cwd=folder
    )
    if made.returncode:
        raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")


def _start(programs: Path, folder: Path, user: str | None) -> tuple[Started, int]:
    """Start on a free port; somebody may take that between our look and PostgreSQL's."""
    for _ in range(_ATTEMPTS - 1):
        with suppress(RuntimeError):
            return _start_once(programs, folder, user)
    return _start_once(programs, folder, user)


def _start_once(programs: Path, folder: Path, user: str | None) -> tuple[Started, int]:
    port = free_port()
    command = [programs / "postgres", "-D", folder / "data", "-k", folder, "-p", str(port)]
    command += [f"--{name}={value}" for name, value in _SETTINGS.items()]
    server = Started(command, log=folder / f"log-{port}", user=user, cwd=folder)
    try:
        server.wait_until(lambda: "ready to accept connections" in server.output())
    except BaseException:
        server.stop(how=signal.SIGINT)
        raise
    return server, port
