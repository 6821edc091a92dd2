"""Real OpenPGP: keys made by gpg, packages signed by rpmsign, and what rpmkeys says of them."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

from support import needs
from support.rpms import Rpm, RpmStore


class Gnupg:
    """A keyring of gpg in a short folder of its own: the socket of its agent lies there."""

    def __init__(self) -> None:
        self._gpg = needs.program("gpg", package="gnupg")
        self.home = Path(mkdtemp(prefix="gpg-", dir="/tmp"))
        (self.home / "gpg.conf").write_text("batch\nyes\npinentry-mode loopback\n")

    def close(self) -> None:
        """End the agent and remove the keys."""
        subprocess.run(
            [needs.program("gpgconf", package="gnupg"), "--kill", "gpg-agent"],
            env=self._environment,
            check=False,
        )
        shutil.rmtree(self.home, ignore_errors=True)

    def key(
        self, user: str, algorithm: str = "ed25519", *, expires: str = "never", at: str = ""
    ) -> str:
        """Make a key that signs; return its public half. `at` fakes the time (20200101T000000)."""
        faked = [f"--faked-system-time={at}!"] if at else []
        self.run(*faked, "--quick-gen-key", user, algorithm, "sign", expires)
        return self.public(user)

    def subkey(self, user: str, algorithm: str = "ed25519") -> str:
        """Add a subkey that signs from now on; return the public half of all."""
        self.run("--quick-add-key", self.fingerprint(user), algorithm, "sign")
        return self.public(user)

    def revoke(self, user: str) -> str:
        """Revoke the key for good; return its public half with the revocation."""
        fingerprint = self.fingerprint(user)
        made = (self.home / "openpgp-revocs.d" / f"{fingerprint}.rev").read_text()
        lines = made.splitlines()
        begin = next(n for n, line in enumerate(lines) if "BEGIN PGP" in line)
        armored = "\n".join([lines[begin].removeprefix(":"), *lines[begin + 1 :]])
        self.run("--import", input_=armored.encode())
        return self.public(user)

    def public(self, user: str) -> str:
        """Return the armored public half."""
        return self.run("--armor", "--export", f"={user}").decode()

    def secret(self, user: str) -> str:
        """Return the armored secret half."""
        return self.run("--armor", "--export-secret-keys", f"={user}").decode()

    def fingerprint(self, user: str) -> str:
        """Return the fingerprint of the key, in capitals."""
        listed = self.run("--with-colons", "--list-keys", f"={user}").decode().splitlines()
        return next(line.split(":")[9] for line in listed if line.startswith("fpr"))

    def sign(self, user: str, data: bytes, *options: str) -> bytes:
        """Return a detached armored signature."""
        key = ["--local-user", self.fingerprint(user)]
        return self.run(*key, *options, "--armor", "--detach-sign", "-o", "-", input_=data)

    def verify(self, folder: Path, data: bytes, signature: bytes) -> None:
        """Let gpg check a detached signature with what is in the keyring."""
        (folder / "signed").write_bytes(data)
        (folder / "signature").write_bytes(signature)
        self.run("--verify", str(folder / "signature"), str(folder / "signed"))

    def sign_rpm(self, user: str, package: Path, *, old: bool = False, digest: str = "") -> None:
        """Sign a package in place; `old` adds the signature over header and payload of rpm 3."""
        defines = {
            "_gpg_name": self.fingerprint(user),
            "_gpg_path": str(self.home),
            "__gpg": self._gpg,  # rpm looks for gpg2, which Debian does not have
            "_gpg_sign_cmd_extra_args": f"--batch {digest}",
        }
        subprocess.run(
            [
                needs.program("rpmsign", package="rpm"),
                "--addsign",
                *(["--rpmv3"] if old else []),
                *(f"--define={name} {value}" for name, value in defines.items()),
                str(package),
            ],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )

    def run(self, *arguments: str, input_: bytes | None = None) -> bytes:
        """Run gpg and return what it wrote."""
        done = subprocess.run(
            [self._gpg, "--passphrase", "", *arguments],
            env=self._environment,
            input=input_,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"gpg {' '.join(arguments)}\n{done.stderr.decode()}")
        return done.stdout

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, "GNUPGHOME": str(self.home), "LC_ALL": "C.UTF-8"}


class SignedRpms(RpmStore):
    """The packages of another store, signed by one key."""

    def __init__(self, folder: Path, plain: RpmStore, gnupg: Gnupg, user: str) -> None:
        super().__init__(folder)
        self._plain = plain
        self._gnupg = gnupg
        self._user = user

    def build(self, *wanted: Rpm) -> list[Path]:
        """Return the files of the packages, in order."""
        found: list[Path] = []
        for built in self._plain.build(*wanted):
            path = self.folder / self._user / built.name
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                shutil.copy(built, path)
                self._gnupg.sign_rpm(self._user, path)
            found.append(path)
        return found


def rpm_accepts(folder: Path, package: Path, keys: Sequence[str]) -> bool:
    """Say whether rpm, which trusts these keys alone, finds the package signed."""
    rpmkeys = needs.program("rpmkeys", package="rpm")
    database = Path(mkdtemp(prefix="rpmdb-", dir=folder))
    for number, key in enumerate(keys):
        path = database / f"key-{number}"
        path.write_text(key)
        subprocess.run(
            [rpmkeys, "--dbpath", str(database), "--import", str(path)],
            check=True,
            capture_output=True,
        )
    done = subprocess.run(
        [rpmkeys, "--dbpath", str(database), "--define=_pkgverify_level all", "-K", str(package)],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0
