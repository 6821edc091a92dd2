"""The real flatpak: building a runtime and an application, and a user who installs them.

What it takes on Debian 12 (flatpak 1.14), found by trying:

- what needs the session bus runs under `dbus-run-session`, whose warning about descriptors is
  harmless;
- the bus starts flatpak's authenticator in a session of its own, where it outlives the command and
  keeps inherited pipes open: output goes to files, and what is left over is known by its
  environment, which names this user's folder, and ended;
- credentials are read from `flatpak/oci-auth.json` in the configuration folder, and offered to
  token services alone: a registry that asks for a password itself is given up;
- for an index it shows nobody's: neither those, nor `user:password@` in the address of a remote,
  nor a `.netrc`; what stands in the address before `index/static` it keeps, and `#TAG` behind it;
- authorities are those of the system's file alone (libcurl with GnuTLS, no `certs.d`, no variable):
  where one more is to be known, flatpak sees another file in the place of that one.
"""

import json
import os
import signal
import subprocess
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from support import needs

APPLICATION = "org.example.Hello"
RUNTIME = "org.example.Platform"
_RUNTIME_REF = f"{RUNTIME}/x86_64/1"
_SECONDS = 60
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


class FlatpakError(AssertionError):
    """flatpak did not do what it was to do; the message is what it wrote."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """An OCI layout with one flatpak in it."""

    folder: Path
    ref: str

    @property
    def source(self) -> str:
        """What skopeo copies it from."""
        return f"oci:{self.folder}:{self.ref}"


def build_runtime(folder: Path) -> Bundle:
    """Build the runtime that `build_application` needs: nothing but a shell."""
    tree = folder / "runtime"
    (tree / "usr" / "bin").mkdir(parents=True)
    (tree / "files").mkdir()
    (tree / "usr" / "bin" / "sh").write_bytes(Path(needs.program("busybox")).read_bytes())
    (tree / "metadata").write_text(
        f"[Runtime]\nname={RUNTIME}\nruntime={_RUNTIME_REF}\nsdk={_RUNTIME_REF}\n"
    )
    return _bundle(folder, tree, RUNTIME, "1", runtime=True)


def build_application(folder: Path, *, greeting: str = "hello") -> Bundle:
    """Build an application whose only file says a greeting."""
    tree = folder / "application"
    (tree / "files" / "bin").mkdir(parents=True)
    (tree / "export").mkdir()
    program = tree / "files" / "bin" / "hello"
    program.write_text(f"#!/bin/sh\necho {greeting}\n")
    program.chmod(0o755)
    (tree / "metadata").write_text(
        f"[Application]\nname={APPLICATION}\nruntime={_RUNTIME_REF}\nsdk={_RUNTIME_REF}\n"
        "command=hello\n"
    )
    return _bundle(folder, tree, APPLICATION, "stable", runtime=False)


class Flatpak:
    """A user with an empty home who installs from the remotes that they are told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._home = folder / "home"
        self._settings = self._home / ".config" / "flatpak"
        self._settings.mkdir(parents=True)
        (folder / "run").mkdir(mode=0o700)
        self.credentials = self._settings / "oci-auth.json"  # of podman's form
        self._runs = 0
        self._authorities: Path | None = None

    def trust(self, ca: Path) -> None:
        """Know an authority, as if it were in the system's store."""
        self._authorities = self.folder / "authorities.crt"
        self._authorities.write_bytes(_AUTHORITIES.read_bytes() + ca.read_bytes())

    def login(self, host: str, user: str, password: str) -> None:
        """Keep the credentials of a registry (`name:port`)."""
        secret = b64encode(f"{user}:{password}".encode()).decode()
        self.credentials.write_text(json.dumps({"auths": {host: {"auth": secret}}}))

    def add_remote(self, name: str, url: str) -> None:
        """Know a remote; its address begins with `oci+http://` or `oci+https://`."""
        self.run("remote-add", "--authenticator-name=org.flatpak.Authenticator.Oci", name, url)

    def offered(self, remote: str) -> list[str]:
        """Return the names of what a remote offers."""
        answer = self.run("remote-ls", "--all", "--columns=application", remote)
        return sorted(line.strip() for line in answer.splitlines() if line.strip())

    def install(self, remote: str, application: str) -> str:
        """Install with what it needs."""
        needs.root("flatpak without a system bus")
        return self.run("install", "--assumeyes", "--noninteractive", remote, application)

    def update(self) -> str:
        """Update whatever is installed."""
        return self.run("update", "--assumeyes", "--noninteractive")

    def installed(self) -> list[str]:
        """Return the names of what is installed, runtimes too."""
        answer = self.run("list", "--columns=application")
        return sorted(line.strip() for line in answer.splitlines() if line.strip())

    def file(self, application: str, path: str) -> Path:
        """Return where a file of an installed application is."""
        return self.folder / "user" / "app" / application / "current" / "active" / "files" / path

    def run(self, *arguments: str) -> str:
        """Run flatpak for this user and return its output; raise what it said if it fails."""
        code, output, complaints = self._run(*arguments)
        if code:
            raise FlatpakError(f"flatpak {' '.join(arguments)}\n{output}{complaints}")
        return output

    def fail(self, *arguments: str) -> str:
        """Run flatpak, which must fail; return all that it said."""
        code, output, complaints = self._run(*arguments)
        if not code:
            raise FlatpakError(f"flatpak {' '.join(arguments)} succeeded\n{output}{complaints}")
        return output + complaints

    def _run(self, *arguments: str) -> tuple[int, str, str]:
        self._runs += 1
        verb, *others = arguments
        command = [] if self._authorities is None else _seeing(self._authorities)
        command += [needs.program("dbus-run-session", package="dbus-daemon"), "--"]
        command += [needs.program("flatpak"), "--user", verb, *others]
        output, complaints = (
            self.folder / f"{kind}-{self._runs}" for kind in ("output", "complaints")
        )
        with output.open("wb") as standard, complaints.open("wb") as error:
            started = subprocess.Popen(
                command,
                env=_environment(self._variables()),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=standard,
                stderr=error,
                start_new_session=True,
            )
            try:
                code = started.wait(_SECONDS)
            finally:
                self._end_all()
                started.wait()
        return code, output.read_text(errors="replace"), complaints.read_text(errors="replace")

    def _variables(self) -> dict[str, str]:
        return {
            "HOME": str(self._home),
            "XDG_CONFIG_HOME": str(self._home / ".config"),
            "XDG_DATA_HOME": str(self._home / ".local" / "share"),
            "XDG_CACHE_HOME": str(self._home / ".cache"),
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "FLATPAK_USER_DIR": str(self.folder / "user"),
        }

    def _end_all(self) -> None:
        """End whatever was started for this user, wherever the bus has put it."""
        mine = str(self.folder / "user")
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("FLATPAK_USER_DIR") == mine:
                    process.send_signal(signal.SIGKILL)


def _seeing(authorities: Path) -> list[str]:
    """Return what starts a program that sees this file where the system's authorities are."""
    place = f'mount --bind "$0" {_AUTHORITIES} && exec "$@"'
    unshare = needs.program("unshare", package="util-linux")
    return [unshare, "--mount", "--map-root-user", "sh", "-c", place, str(authorities)]


def _bundle(folder: Path, tree: Path, name: str, branch: str, *, runtime: bool) -> Bundle:
    kind = ["--runtime"] if runtime else []
    repository, target = folder / "repository", folder / f"{name}.oci"
    _build(folder, "build-export", "--arch=x86_64", *kind, repository, tree, branch)
    _build(
        folder, "build-bundle", "--oci", *kind, "--arch=x86_64", repository, target, name, branch
    )
    return Bundle(target, f"{'runtime' if runtime else 'app'}/{name}/x86_64/{branch}")


def _build(folder: Path, *arguments: str | Path) -> None:
    done = subprocess.run(
        [needs.program("flatpak"), *arguments],
        env=_environment({"HOME": str(folder), "FLATPAK_USER_DIR": str(folder / "user")}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    if done.returncode:
        given = " ".join(map(str, arguments))
        raise FlatpakError(f"flatpak {given}\n{done.stdout}{done.stderr}")


def _environment(chosen: Mapping[str, str]) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    return {**inherited, "LC_ALL": "C.UTF-8", **chosen}
