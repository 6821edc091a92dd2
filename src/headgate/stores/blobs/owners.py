"""Who made a spool file, told from its name: so that what the dead left behind can be removed.

A name is `MACHINE-BOOT-PID-START-RANDOM`. A process id alone is reused; with the time at which
the process started (in clock ticks since boot) and the boot it is not.
"""

import os
from functools import cache
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def new_name() -> str:
    """Return a name that nobody else takes, carrying this process's identity."""
    return f"{_identity(os.getpid())}-{token_hex(8)}"


def is_dead(name: str) -> bool | None:
    """Say whether the process that chose the name has ended; None if that cannot be told here.

    It cannot be told of processes of another machine that shares the folder.
    """
    parts = name.split("-")
    if len(parts) != 5 or not parts[2].isascii() or not parts[2].isdecimal():
        return None
    machine, boot, pid, start, _ = parts
    if machine != _machine():
        return None
    return boot != _boot() or start != _started(int(pid))


@cache
def _identity(pid: int) -> str:
    return f"{_machine()}-{_boot()}-{pid}-{_started(pid)}"


@cache
def _machine() -> str:
    return sha256(os.uname().nodename.encode()).hexdigest()[:8]


@cache
def _boot() -> str:
    try:
        return _BOOT_ID.read_text().strip().replace("-", "")[:8]
    except OSError:
        return "0"


def _started(pid: int) -> str | None:
    """Field 22 of /proc/PID/stat (proc(5)); the second field is in parentheses, with anything."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()[19]
