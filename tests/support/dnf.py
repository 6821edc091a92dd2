"""The real dnf, in a scratch root of its own: nothing of the machine's configuration is read.

What it takes on Debian 12 (dnf 4.14), found by trying:

- packages without interpreters or scriptlets install into an empty root; `AutoReqProv: no` keeps
  rpmbuild from requiring /bin/sh;
- Debian switches on dnf's `local` plugin, which keeps a repository below /var/lib/dnf, and the
  versionlock plugin, which ends dnf when its own configuration is elsewhere: both off;
- modules need a platform, which an empty root cannot tell: `module_platform_id`;
- `metadata_expire=0` still trusts metadata that was looked at within the same second, which a
  promotion may have replaced since: every command comes with `--refresh`;
- whoever is not root becomes it in a user namespace (`unshare --map-root-user`).
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from support import needs
from support.certificates import Pair
from support.processes import Answer

_PLUGINS = ["--disableplugin=*", "--enableplugin=reposync,download,repoclosure"]


class DnfError(AssertionError):
    """dnf did not succeed; the message is what it wrote."""


class Dnf:
    """A host with an empty root, which knows the repositories that it is told."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self._program = needs.program("dnf")
        self._folder = folder
        for name in ("root", "repos", "log", "vars"):
            (folder / name).mkdir(parents=True)
        (folder / "dnf.conf").write_text(
            "[main]\ngpgcheck=0\nbest=1\nskip_if_unavailable=0\nretries=0\ntimeout=20\n"
        )

    def add_repository(
        self,
        name: str,
        url: str,
        *,
        ca: Path | None = None,
        client: Pair | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        """Let the host know a repository, or know it differently."""
        lines = [f"[{name}]", f"name={name}", f"baseurl={url}", "enabled=1", "metadata_expire=0"]
        if ca:
            lines += ["sslverify=1", f"sslcacert={ca}"]
        if client:
            lines += [f"sslclientcert={client.certificate}", f"sslclientkey={client.key}"]
        lines += [f"{option}={value}" for option, value in (options or {}).items()]
        (self._folder / "repos" / f"{name}.repo").write_text("\n".join(lines) + "\n")

    def makecache(self) -> Answer:
        """Fetch the metadata of all repositories."""
        return self.run("makecache")

    def repoquery(self, *arguments: str) -> list[str]:
        """Return the packages that the repositories offer, as NEVRA."""
        form = "%{name}-%{epoch}:%{version}-%{release}.%{arch}"
        return sorted(self.run("repoquery", "--quiet", f"--queryformat={form}", *arguments).lines)

    def install(self, *packages: str) -> Answer:
        """Install packages with what they need."""
        return self.run("install", *packages)

    def group_install(self, group: str) -> Answer:
        """Install a package group."""
        return self.run("group", "install", group)

    def module(self, verb: str, *arguments: str) -> Answer:
        """Run `dnf module`: list, enable, install ..."""
        return self.run("module", verb, *arguments)

    def advisories(self, *arguments: str) -> list[str]:
        """Return the ids of advisories for what is installed and could be newer."""
        listed = self.run("updateinfo", "list", "--quiet", *arguments).lines
        return sorted({line.split()[0] for line in listed})

    def reposync(self, target: Path, *arguments: str) -> Answer:
        """Mirror the repositories, each into a folder of its name."""
        return self.run("reposync", f"--download-path={target}", *arguments)

    def installed(self) -> list[str]:
        """Return what is installed, as NEVRA."""
        return self.repoquery("--installed")

    def run(self, *arguments: str) -> Answer:
        """Run dnf; whatever is not success raises what it said."""
        done = self._run_alone(*arguments)
        if done.returncode:
            raise DnfError(f"dnf {' '.join(arguments)}\n{done.stdout}{done.stderr}")
        return Answer(done.stdout, done.stderr)

    def fail(self, *arguments: str) -> str:
        """Run dnf, which must fail; return all that it said."""
        done = self._run_alone(*arguments)
        if not done.returncode:
            raise DnfError(f"dnf {' '.join(arguments)} succeeded\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def _run_alone(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run dnf, and end the gpg-agent that it leaves behind for each repository's keys."""
        done = self._run(*arguments)
        for keyring in (self._folder / "cache").glob("*/pubring"):
            ending = ["gpgconf", "--homedir", keyring, "--kill", "gpg-agent"]
            subprocess.run(ending, check=False)
        return done

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        options = {
            "reposdir": self._folder / "repos",
            "cachedir": self._folder / "cache",
            "persistdir": self._folder / "state",
            "logdir": self._folder / "log",
            "varsdir": self._folder / "vars",
            "module_platform_id": "platform:el9",
        }
        become_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
        return subprocess.run(
            [
                *become_root,
                self._program,
                "--assumeyes",
                "--refresh",
                f"--config={self._folder / 'dnf.conf'}",
                f"--installroot={self.root}",
                "--releasever=9",
                "--forcearch=x86_64",
                *_PLUGINS,
                *(f"--setopt={name}={value}" for name, value in options.items()),
                *arguments,
            ],
            env={**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(self._folder)},
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
