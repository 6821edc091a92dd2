"""Programs that tests want from the system: named when missing, required on CI."""

import os
import shutil
from typing import NoReturn

import pytest


def missing(what: str, *, package: str) -> NoReturn:
    """Skip the test and say why; fail it where skipping is not allowed (CI=true)."""
    reason = f"{what} is not installed (Debian: apt-get install {package})"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}; CI never skips", pytrace=False)
    pytest.skip(reason)


def root(what: str) -> None:
    """Skip the test for whoever is not root; fail it where skipping is not allowed (CI=true)."""
    if os.geteuid() == 0:
        return
    reason = f"{what} takes root"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}; CI never skips", pytrace=False)
    pytest.skip(reason)


def program(name: str, *, package: str | None = None) -> str:
    """Return the path of a program, or skip."""
    # Debian keeps servers in sbin, which is not on everybody's PATH.
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin")
    return path or missing(name, package=package or name)
