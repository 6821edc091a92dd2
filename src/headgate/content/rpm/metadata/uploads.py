"""Fragments of a package file that somebody uploaded.

createrepo_c and the librpm in it parse the file. They are C, and the file is from anybody, so
they run in a process of their own: with a limit on memory and time, without our open files, and
with nothing to answer but three fragments, which are then read like those of any repository.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from headgate.content.rpm.metadata.packages import Fragments, PackageHeader, digest_of, read_header
from headgate.domain.errors import InvalidContentError

# createrepo_c's and the field's custom: older entries are in the package itself.
CHANGELOG_LIMIT: Final = 10
# Reading a header takes milliseconds; the file is read once for its checksum.
_TIMEOUT_SECONDS: Final = 30
_SLOWEST_BYTES_PER_SECOND: Final = 20 << 20
# Headers of the largest known packages (100,000 files) take some 100 MB to turn into XML.
_MEMORY_BYTES: Final = 1 << 30
_MAX_ANSWER_BYTES: Final = 192 << 20

_READER: Final = Path(__file__).with_name("rpm_reader.py")


@dataclass(frozen=True, slots=True)
class UploadedPackage:
    """What is to be known of an uploaded package; `header.location` is where it is to be served."""

    fragments: Fragments
    header: PackageHeader
    digest: bytes


def read_rpm(path: Path) -> UploadedPackage:
    """Read the RPM at `path`: a binary or a source package.

    The location is `Packages/<first letter>/<name-version-release.arch>.rpm`, whatever the file
    was called. The same bytes give the same fragments. InvalidContentError when it is no RPM, is
    cut short, or breaks a rule.
    """
    limit = _TIMEOUT_SECONDS + path.stat().st_size // _SLOWEST_BYTES_PER_SECOND
    command = [sys.executable, "-I", str(_READER), str(path.absolute())]
    command += [str(CHANGELOG_LIMIT), str(_MEMORY_BYTES), str(limit)]
    try:
        done = subprocess.run(  # noqa: S603  # our own file, and no shell
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=limit,
            check=False,
            env={"LC_ALL": "C.UTF-8", "PATH": os.defpath},
        )
    except subprocess.TimeoutExpired as error:
        raise InvalidContentError(f"The package could not be read within {limit} s") from error
    if done.returncode != 0 or len(done.stdout) > _MAX_ANSWER_BYTES:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = (
            words[-1].replace(str(path.absolute()), "it")[:300]
            if words
            else f"its reader ended with {done.returncode}"
        )
        raise InvalidContentError(f"The file is not a readable RPM package: {reason}")
    parts = done.stdout.split(b"\0")
    if len(parts) != len(Fragments._fields):
        raise InvalidContentError("The file is not a readable RPM package")
    fragments = Fragments(*(part.strip() for part in parts))
    return UploadedPackage(fragments, read_header(fragments.primary), digest_of(fragments))
