"""Real RPM packages for tests, made by rpmbuild and kept between runs."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support import needs

# The same description always gives the same bytes, so packages may be kept under its digest.
_MACROS = {
    "_buildhost": "build.example.org",
    "use_source_date_epoch_as_buildtime": "1",
    "clamp_mtime_to_source_date_epoch": "1",
    "_binary_payload": "w1.gzdio",
    "_source_payload": "w1.gzdio",
    "_buildrootdir": "%{_topdir}/root",
    "_build_name_fmt": "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
}
_EPOCH = "1767225600"


@dataclass(frozen=True, slots=True)
class Rpm:
    """What a package shall be; `build` makes it."""

    name: str
    version: str = "1.0"
    release: str = "1"
    epoch: int = 0
    arch: str = "noarch"
    requires: Sequence[str] = ()
    provides: Sequence[str] = ()
    conflicts: Sequence[str] = ()
    obsoletes: Sequence[str] = ()
    recommends: Sequence[str] = ()
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    module: str = ""
    """Module label, NAME:STREAM:VERSION:CONTEXT."""
    summary: str = "A package for tests"

    @property
    def nevra(self) -> str:
        """Name, epoch (always), version, release and architecture as dnf prints them."""
        return f"{self.name}-{self.epoch}:{self.version}-{self.release}.{self.arch}"

    @property
    def nvra(self) -> str:
        """The same without epoch, as file names have it."""
        return f"{self.name}-{self.version}-{self.release}.{self.arch}"

    @property
    def filename(self) -> str:
        """The name of the package's file."""
        return f"{self.nvra}.rpm"

    @property
    def sources(self) -> "Rpm":
        """The source package that this one is built from."""
        return Rpm(self.name, self.version, self.release, self.epoch, "src")

    def spec(self) -> str:
        """Return the description that rpmbuild reads."""
        noarch = ["BuildArch: noarch"] if self.arch in {"noarch", "src"} else []
        module = [f"ModularityLabel: {self.module}"] if self.module else []
        lines = [
            f"Name: {self.name}",
            f"Epoch: {self.epoch}" if self.epoch else "",
            f"Version: {self.version}",
            f"Release: {self.release}",
            f"Summary: {self.summary}",
            "License: GPL-2.0-or-later",
            "URL: https://example.org",
            "Group: Tests",
            # The package has scripts, the scratch root has no shell.
            "AutoReqProv: no",
            *noarch,
            *module,
            *(f"Requires: {each}" for each in self.requires),
            *(f"Provides: {each}" for each in self.provides),
            *(f"Conflicts: {each}" for each in self.conflicts),
            *(f"Obsoletes: {each}" for each in self.obsoletes),
            *(f"Recommends: {each}" for each in self.recommends),
            "%description",
            f"{self.summary}.",
            "%install",
            "mkdir -p %{buildroot}",
            *(line for path, text in self._all_files().items() for line in _install(path, text)),
            "%files",
            *self._all_files(),
            "%changelog",
            f"* Thu Jan 01 2026 Tester <tester@example.org> - {self.version}-{self.release}",
            f"- Version {self.version}",
        ]
        return "\n".join(lines) + "\n"

    def _all_files(self) -> Mapping[str, str]:
        about = f"{self.name} {self.version}-{self.release}\n"
        return {f"/usr/share/{self.name}/version": about, **self.files}


class RpmStore:
    """Packages built so far, in a folder that outlives the run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def build(self, *wanted: Rpm) -> list[Path]:
        """Return the files of the packages, in order; only what is new is built."""
        for each in wanted:
            if not self._path(each).exists():
                self._build(each)
        return [self._path(each) for each in wanted]

    def _path(self, rpm: Rpm) -> Path:
        recipe = f"{_MACROS}{rpm.arch}{rpm.spec()}"
        return (
            self.folder
            / hashlib.sha256(recipe.encode(errors="surrogateescape")).hexdigest()
            / rpm.filename
        )

    def _build(self, rpm: Rpm) -> None:
        rpmbuild = needs.program("rpmbuild", package="rpm")
        with tempfile.TemporaryDirectory(dir=self.folder) as work:
            spec = Path(work) / f"{rpm.name}.spec"
            spec.write_text(rpm.spec(), encoding="utf-8", errors="surrogateescape")
            os.utime(spec, (int(_EPOCH), int(_EPOCH)))
            macros = _MACROS | {"_topdir": work, "_rpmdir": work, "_srcrpmdir": work}
            if not rpm.summary.isprintable():  # bytes that are no UTF-8, as surrogates
                macros["_invalid_encoding_terminates_build"] = "0"
            if rpm.arch == "src":
                # A source package holds its spec with this path in it; nothing is built there.
                macros["_buildrootdir"] = "/buildroot"
            defines = [f"--define={name} {value}" for name, value in macros.items()]
            target = [] if rpm.arch in {"noarch", "src"} else [f"--target={rpm.arch}"]
            made = subprocess.run(
                [rpmbuild, "-bs" if rpm.arch == "src" else "-bb", *target, *defines, spec],
                env={**os.environ, "SOURCE_DATE_EPOCH": _EPOCH, "TZ": "UTC", "LC_ALL": "C.UTF-8"},
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
            if made.returncode:
                raise RuntimeError(f"rpmbuild {rpm.nevra} failed:\n{made.stdout}{made.stderr}")
            self._keep(Path(work) / rpm.filename, self._path(rpm))

    def _keep(self, built: Path, path: Path) -> None:
        """Move into place at once: other test processes look there."""
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        shutil.move(built, part)
        os.utime(part, (int(_EPOCH), int(_EPOCH)))
        part.replace(path)


def _install(path: str, text: str) -> list[str]:
    mode = "755" if text.startswith("#!") else "644"
    target = f"%{{buildroot}}{path}"
    return [
        f"install -d $(dirname {target})",
        f"cat > {target} <<'END_OF_FILE'",
        text.rstrip("\n"),
        "END_OF_FILE",
        f"chmod {mode} {target}",
    ]
