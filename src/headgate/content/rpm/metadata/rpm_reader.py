"""The process that parses one uploaded package; run by `uploads`, imports nothing of ours."""

import resource
import sys
from importlib import import_module
from typing import Any


def main(path: str, changelogs: str, memory: str, seconds: str) -> None:
    """Write the three fragments of the package at `path`, with NUL between them."""
    createrepo_c: Any = import_module("createrepo_c")  # it has no types
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    package = createrepo_c.package_from_rpm(
        path, checksum_type=createrepo_c.SHA256, changelog_limit=int(changelogs)
    )
    file_name = package.nvra().replace("/", "_") + ".rpm"
    package.location_href = f"Packages/{file_name[0].lower()}/{file_name}"
    package.time_file = package.time_build  # not when the upload happened to be stored
    dumps = (
        createrepo_c.xml_dump_primary,
        createrepo_c.xml_dump_filelists,
        createrepo_c.xml_dump_other,
    )
    fragments = [dump(package).strip() for dump in dumps]
    sys.stdout.buffer.write("\0".join(fragments).encode("utf-8", "replace"))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:  # noqa: BLE001  # the caller tells people
        sys.exit(str(error))
