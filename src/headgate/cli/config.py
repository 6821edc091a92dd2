"""What the client keeps in its folder: logins, each with its token, and default values."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headgate.cli.errors import CANNOT_CREATE, NO_INPUT, CliError

LOGINS = "logins.json"
DEFAULTS = "defaults.json"


def read(name: str, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return what a file of the folder holds; nothing if it is not there."""
    path = folder(environment) / name
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CliError(f"{path} cannot be read: {error}", NO_INPUT) from error


def write(
    name: str, content: Mapping[str, Any], environment: Mapping[str, str] = os.environ
) -> Path:
    """Replace a file of the folder, whole or not at all; for its owner alone from the start."""
    path = folder(environment) / name
    beside = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
        beside.replace(path)
    except OSError as error:
        raise CliError(f"{path} cannot be written: {error.strerror}", CANNOT_CREATE) from error
    return path


def folder(environment: Mapping[str, str]) -> Path:
    """Return the folder, as XDG has it."""
    base = environment.get("XDG_CONFIG_HOME") or str(
        Path(environment.get("HOME", "~")).expanduser() / ".config"
    )
    return Path(base) / "headgate"
