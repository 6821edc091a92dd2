"""The real podman, skopeo and buildah, with configuration, credentials and storage of their own.

What it takes on Debian 12 (podman 4.3, skopeo 1.9, buildah 1.28), found by trying:

- storage with the driver `vfs` needs neither a kernel module nor fuse;
- the file of credentials must exist, or podman stops;
- `podman search` has no option for certificates, and skopeo reads no variable that names
  registries.conf: `certs.d` and that file in the home folder do for all three;
- RUN works with the isolation `chroot`; `podman run` works with runc under lowered limits, since
  crun wants one pure version of control groups and the right to raise limits;
- conmon's paths must be short, or podman waits 20 s for a container that has ended;
- of whoever is not root podman keeps a process to hold the user's namespace.
"""

import os
import shutil
import signal
import subprocess
import tarfile
import weakref
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

from support import needs
from support.processes import Answer

_CONTAINERS = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "host"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
runtime = "runc"
tmp_dir = "{run}/tmp"
"""
_STORAGE = """
[storage]
driver = "vfs"
runroot = "{run}/storage"
graphroot = "{folder}/storage"
"""
_SECONDS = 120


class ContainerToolError(AssertionError):
    """A program did not do what it was to do; the message is what it wrote."""


class Containers:
    """A machine's user of podman, skopeo and buildah, who knows the registries that it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._home = folder / "home"
        self._settings = self._home / ".config" / "containers"
        self._certificates = self._settings / "certs.d"
        self._insecure: list[str] = []
        self._run = Path(mkdtemp(prefix="podman-"))
        weakref.finalize(self, _clean_up, self._run)
        self._certificates.mkdir(parents=True)
        (self._run / "tmp").mkdir()
        self.credentials = folder / "auth.json"
        self.credentials.write_text("{}")
        values = {"folder": folder, "run": self._run}
        (folder / "containers.conf").write_text(_CONTAINERS.format(**values))
        (folder / "storage.conf").write_text(_STORAGE.format(**values))
        (self._settings / "policy.json").write_text(
            '{"default": [{"type": "insecureAcceptAnything"}]}'
        )
        self._write_registries()

    def trust(self, host: str, ca: Path | None) -> None:
        """Know a registry (`name:port`) by its authority; None is plain HTTP."""
        if ca is None:
            self._insecure.append(host)
            self._write_registries()
            return
        (self._certificates / host).mkdir(exist_ok=True)
        (self._certificates / host / "ca.crt").write_bytes(ca.read_bytes())

    def present(self, host: str, bundle: str) -> None:
        """Show a registry a client certificate; the bundle has the key, too (PEM)."""
        # Both are looked for by their first lines, so one file may have everything.
        for name in ("client.cert", "client.key"):
            (self._certificates / host / name).write_text(bundle)

    def login(self, host: str, user: str, password: str) -> Answer:
        """Log in; the credentials stay until `podman logout`."""
        return self.podman("login", "--username", user, "--password", password, host)

    def build(
        self,
        name: str,
        files: Mapping[str, bytes] | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        command: str | None = None,
        options: tuple[str, ...] = (),
    ) -> None:
        """Build an image from nothing but a static busybox and files; RUN a command in it."""
        context = self.folder / "context"
        context.mkdir(exist_ok=True)
        (context / "busybox").write_bytes(Path(needs.program("busybox")).read_bytes())
        (context / "busybox").chmod(0o755)
        if command:
            needs.root("RUN in a build")
        lines = ["FROM scratch", "COPY busybox /bin/busybox"]
        for number, (path, content) in enumerate((files or {}).items()):
            (context / f"file-{number}").write_bytes(content)
            lines.append(f"COPY file-{number} {path}")
        lines += [f'LABEL "{key}"="{value}"' for key, value in (labels or {}).items()]
        if command:
            lines.append(f'RUN ["/bin/busybox", "sh", "-c", "{command}"]')
        lines.append('CMD ["/bin/busybox", "echo", "hello"]')
        (context / "Containerfile").write_text("\n".join(lines) + "\n")
        chosen = ("--isolation", "chroot", "--network", "host", *options)
        self.buildah("bud", *chosen, "--tag", name, str(context))

    def build_list(self, name: str, *architectures: str) -> None:
        """Build one image for each architecture and a list of them; `push_list` pushes them."""
        for architecture in architectures:
            chosen = ("--arch", architecture, "--manifest", name)
            self.build(f"{name}-{architecture}", {"/etc/machine": b"any"}, options=chosen)

    def push_list(self, name: str) -> None:
        """Push a list with all that it lists."""
        self.buildah("manifest", "push", "--all", name, f"docker://{name}")

    def podman(self, *arguments: str | Path) -> Answer:
        """Run podman; whatever is not success raises what it said."""
        return self._succeed("podman", *arguments)

    def skopeo(self, *arguments: str | Path) -> Answer:
        """Run skopeo; whatever is not success raises what it said."""
        return self._succeed("skopeo", *arguments)

    def buildah(self, *arguments: str | Path) -> Answer:
        """Run buildah; whatever is not success raises what it said."""
        return self._succeed("buildah", *arguments)

    def fail(self, program: str, *arguments: str | Path) -> str:
        """Run one of the programs, which must fail; return all that it said."""
        done = self._start(program, *arguments)
        if not done.returncode:
            raise ContainerToolError(f"{program} {arguments} succeeded\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def file_of(self, image: str, path: str) -> bytes:
        """Return a file of an image that is in this user's storage."""
        container = self.podman("create", "--network", "none", image).output.strip()
        try:
            archive = self.folder / f"{container}.tar"
            self.podman("export", "--output", archive, container)
            with tarfile.open(archive) as members:
                found = members.extractfile(path)
                assert found is not None, f"{path} of {image} is no file"
                return found.read()
        finally:
            self.podman("rm", container)

    def attempt(self, program: str, *arguments: str | Path) -> bool:
        """Run one of the programs and say whether it succeeded."""
        return self._start(program, *arguments).returncode == 0

    def environment(self) -> dict[str, str]:
        """Return the variables by which the programs find everything of this user."""
        inherited = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
        return inherited | {
            "LC_ALL": "C.UTF-8",
            "HOME": str(self._home),
            "XDG_RUNTIME_DIR": str(self._run),
            "XDG_CONFIG_HOME": str(self._home / ".config"),
            "XDG_DATA_HOME": str(self._home / ".local" / "share"),
            "TMPDIR": str(self._run / "tmp"),
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
            "REGISTRY_AUTH_FILE": str(self.credentials),
        }

    def _succeed(self, program: str, *arguments: str | Path) -> Answer:
        done = self._start(program, *arguments)
        if done.returncode:
            given = " ".join(map(str, arguments))
            raise ContainerToolError(f"{program} {given}\n{done.stdout}{done.stderr}")
        return Answer(done.stdout, done.stderr)

    def _start(self, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [needs.program(program), *arguments],
            env=self.environment(),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )

    def _write_registries(self) -> None:
        text = 'unqualified-search-registries = []\nshort-name-mode = "disabled"\n'
        for host in self._insecure:
            text += f'[[registry]]\nlocation = "{host}"\ninsecure = true\n'
        (self._settings / "registries.conf").write_text(text)


def _clean_up(run: Path) -> None:
    for holder in run.rglob("pause.pid"):
        with suppress(ProcessLookupError, ValueError):
            os.kill(int(holder.read_text()), signal.SIGKILL)
    shutil.rmtree(run, ignore_errors=True)
