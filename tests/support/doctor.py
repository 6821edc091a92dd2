"""`headgate doctor`, as the last word on a server that a test has used."""

import json
from pathlib import Path
from typing import Any

from support.server import Server, headgate

# Beside other tests a disk may take long, and that is no fault of the server.
_PATIENT = ("--slow-disk", "60000")


def diagnosis(home: Path, *options: str, code: int = 0) -> list[dict[str, Any]]:
    """Run the doctor over a home; return its findings once it ended with the code."""
    done = headgate("doctor", "--home", home, "--json", *_PATIENT, *options, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)["findings"]


def doctor_finds_nothing(server: Server) -> None:
    """Check that nothing is wrong with a server, be it idle or busy."""
    assert diagnosis(server.home, "--deep") == []
