"""Ansible's collections, run against a server over verified TLS."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from support import needs
from support.server import PASSWORD, Server

_PLACE: Final = Path(__file__).parents[2] / "build" / "ansible"
_PLAYBOOK: Final = _PLACE / "bin" / "ansible-playbook"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a task of a playbook said of itself."""

    name: str
    changed: bool
    failed: bool
    said: Mapping[str, Any]

    @property
    def message(self) -> str:
        """The words of a failure."""
        return str(self.said.get("msg", ""))


@dataclass(slots=True)
class Task:
    """One use of a module; `check` is Ansible's check mode, `python` what runs it if not ours."""

    name: str
    module: str
    arguments: Mapping[str, Any]
    check: bool = False
    collection: str = "theforeman.foreman"
    python: Path | None = None

    @property
    def written(self) -> dict[str, Any]:
        """The task as a playbook has it; no failure ends the play."""
        return {
            "name": self.name,
            f"{self.collection}.{self.module}": dict(self.arguments),
            "check_mode": self.check,
            "ignore_errors": True,
            **({"vars": {"ansible_python_interpreter": str(self.python)}} if self.python else {}),
        }


def play(server: Server, folder: Path, tasks: Sequence[Task]) -> dict[str, Outcome]:
    """Run the tasks in their order, in one process; the outcomes by the tasks' names."""
    if not _PLAYBOOK.exists():
        needs.missing("Ansible with its collections", package="none, run scripts/collection")
    folder.mkdir(parents=True, exist_ok=True)
    playbook = folder / "play.yml"  # JSON is YAML
    of_play = {"hosts": "localhost", "gather_facts": False, "connection": "local"}
    playbook.write_text(json.dumps([{**of_play, "tasks": [each.written for each in tasks]}]))
    done = subprocess.run(
        [_PLAYBOOK, "-i", "localhost,", playbook],
        env=_environment(server, folder),
        capture_output=True,
        text=True,
        check=False,
    )
    if "{" not in done.stdout:
        raise AssertionError(f"ansible-playbook: {done.returncode}\n{done.stdout}{done.stderr}")
    ran = json.loads(done.stdout[done.stdout.index("{") :])
    return {
        each["task"]["name"]: _outcome(each["task"]["name"], each["hosts"]["localhost"])
        for each in ran["plays"][0]["tasks"]
    }


def _outcome(name: str, said: Mapping[str, Any]) -> Outcome:
    return Outcome(name, bool(said.get("changed")), bool(said.get("failed")), said)


def _environment(server: Server, folder: Path) -> dict[str, str]:
    return {
        "PATH": f"{_PLACE / 'bin'}:/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        # apypie keeps the apidoc below it.
        "HOME": str(folder),
        "ANSIBLE_COLLECTIONS_PATH": str(_PLACE / "collections"),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "ANSIBLE_PYTHON_INTERPRETER": str(_PLACE / "bin" / "python"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_PIPELINING": "true",  # a module is a process, not five
        "FOREMAN_SERVER_URL": server.url,
        "FOREMAN_USER": "admin",
        "FOREMAN_PASSWORD": PASSWORD,
        "FOREMAN_VALIDATE_CERTS": "true",
        "REQUESTS_CA_BUNDLE": str(server.ca),
        "NO_PROXY": "*",
    }
