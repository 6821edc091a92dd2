"""Asking a Headgate server from a module: requests, look-ups by name, waiting for tasks."""

from __future__ import annotations

import json
import time
from typing import Any, NoReturn
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible.module_utils.urls import open_url

_KATELLO = "/katello/api"
_ENDED = ("stopped", "paused")
# Whoever waits for a task asks so often at first, in seconds, and then less and less often.
_POLL = (0.2, 4.0)

OPTIONS = {
    "server_url": {
        "type": "str",
        "required": True,
        "fallback": (env_fallback, ["FOREMAN_SERVER_URL"]),
    },
    "username": {"type": "str", "required": True, "fallback": (env_fallback, ["FOREMAN_USER"])},
    "password": {
        "type": "str",
        "required": True,
        "no_log": True,
        "fallback": (env_fallback, ["FOREMAN_PASSWORD"]),
    },
    "validate_certs": {
        "type": "bool",
        "default": True,
        "fallback": (env_fallback, ["FOREMAN_VALIDATE_CERTS"]),
    },
    "ca_path": {"type": "path", "fallback": (env_fallback, ["REQUESTS_CA_BUNDLE"])},
    "organization": {"type": "str", "required": True},
}


class Headgate:
    """One module's run against a server, within one organization."""

    def __init__(self, options: dict[str, Any], **rules: Any) -> None:
        """Read the parameters; `rules` are those of AnsibleModule."""
        self.module = AnsibleModule(
            argument_spec={**OPTIONS, **options}, supports_check_mode=True, **rules
        )
        self.given: dict[str, Any] = self.module.params
        self._organization: dict[str, Any] | None = None

    @property
    def check(self) -> bool:
        """Whether nothing may be changed."""
        return bool(self.module.check_mode)

    @property
    def organization(self) -> dict[str, Any]:
        """The organization that the task names."""
        if self._organization is None:
            self._organization = self.one("organizations", name=self.given["organization"])
        return self._organization

    def chosen(self, *names: str) -> dict[str, Any]:
        """Return those of the parameters that the task gives."""
        return {name: self.given[name] for name in names if self.given[name] is not None}

    def get(self, path: str, **query: Any) -> Any:
        """Return what is at a path below Katello's API."""
        return self._ask("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, **body: Any) -> Any:
        """Send what shall be made."""
        return self._ask("POST", path, body)

    def put(self, path: str, **body: Any) -> Any:
        """Send what shall be changed."""
        return self._ask("PUT", path, body)

    def delete(self, path: str) -> Any:
        """Remove what is at a path."""
        return self._ask("DELETE", path)

    def found(self, resource: str, **where: Any) -> dict[str, Any] | None:
        """Return the one thing with these values, None if there is none."""
        search = " and ".join(f"{name}={_quoted(value)}" for name, value in where.items())
        of = {} if resource == "organizations" else {"organization_id": self.organization["id"]}
        results = self.get(resource, search=search, per_page=2, **of)["results"]
        return results[0] if results else None

    def one(self, resource: str, **where: Any) -> dict[str, Any]:
        """Return the one thing with these values; without it the task fails."""
        found = self.found(resource, **where)
        if found is None:
            words = " and ".join(f"{name} {value}" for name, value in where.items())
            self.fail(f"There is nothing among {resource} with {words}")
        return found

    def ended(self, task: dict[str, Any]) -> dict[str, Any]:
        """Wait for a task; one that fails makes this task fail."""
        pause, longest = _POLL
        while task["state"] not in _ENDED:
            time.sleep(pause)
            pause = min(pause * 1.5, longest)
            task = self._ask("GET", f"/foreman_tasks/api/tasks/{quote(task['id'])}")
        if task["result"] not in ("success", "warning"):
            self.fail("; ".join(task["humanized"]["errors"]) or f"the task {task['id']} failed")
        return task

    def settle(self, path: str, wanted: dict[str, Any], present: dict[str, Any]) -> NoReturn:
        """Send what differs from what is there, and end."""
        changes = {name: value for name, value in wanted.items() if present.get(name) != value}
        diff = {"before": {name: present.get(name) for name in changes}, "after": changes}
        shown = present
        if changes and not self.check:
            shown = self.put(path, **changes)
        self.exit(changed=bool(changes), diff=diff, entity=shown)

    def exit(self, **result: Any) -> NoReturn:
        """End the task."""
        self.module.exit_json(**result)
        raise AssertionError("exit_json returned")

    def fail(self, words: str) -> NoReturn:
        """End the task as failed."""
        self.module.fail_json(msg=words)
        raise AssertionError("fail_json returned")

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        below = path if path.startswith("/") else f"{_KATELLO}/{path}"
        url = self.given["server_url"].rstrip("/") + below
        try:
            answer = open_url(
                url,
                method=method,
                data=None if body is None else json.dumps(body),
                headers={"Content-Type": "application/json", "Accept": "application/json"},
                url_username=self.given["username"],
                url_password=self.given["password"],
                force_basic_auth=True,
                validate_certs=self.given["validate_certs"],
                ca_path=self.given["ca_path"],
                follow_redirects="none",
            )
            content = answer.read()
        except HTTPError as error:
            self.fail(f"{method} {below}: {error.code} {_words(error)}")
        except (URLError, OSError) as error:
            self.fail(f"{url} cannot be reached: {error}")
        return json.loads(content) if content else {}


def _quoted(value: Any) -> str:
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _words(error: HTTPError) -> str:
    try:
        return str(json.loads(error.read())["displayMessage"])
    except (ValueError, KeyError, TypeError):
        return str(error.reason)
