"""Arranging in the words of the field: organizations, repositories, views, versions."""

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import httpx2

_KATELLO = "/katello/api"
_POLL = 0.02
_numbers = count(1)

Json = Mapping[str, Any]


class RefusedError(AssertionError):
    """The API did not do what a test arranges."""


class TaskFailedError(AssertionError):
    """A task ended without success; the message is what it tells its user."""


class World:
    """One fresh organization, arranged over the API.

    Names are the arguments, ids what comes back. `client` talks to a started server or, as
    Starlette's test client, to an application in this process; there `work` runs waiting tasks.
    """

    def __init__(
        self,
        client: httpx2.Client,
        *,
        organization: str | None = None,
        work: Callable[[], None] | None = None,
        poll: float = _POLL,
    ) -> None:
        self.client = client
        self._work = work
        self._poll = poll
        self.organization_label = organization or f"Org{next(_numbers)}"
        made = self.post("organizations", organization={"name": self.organization_label})
        self.organization_id = int(made["id"])

    def another(self) -> "World":
        """Return a second organization of the same server."""
        return World(self.client, work=self._work)

    def environment(self, name: str, *, after: int | None = None) -> int:
        """Return the environment's id; it is made after another (Library) unless it is there."""
        for each in self.list("environments", name=name):
            return int(each["id"])
        prior = self.environment("Library") if after is None else after
        return self._made("environments", name=name, prior_id=prior)

    def product(self, name: str = "Birds") -> int:
        """Return the product's id; it is made unless it is there."""
        for each in self.list("products", name=name):
            return int(each["id"])
        return self._made("products", name=name)

    def credential(self, name: str, content: str, *, kind: str = "cert") -> int:
        """Keep a certificate or a gpg key."""
        return self._made("content_credentials", name=name, content=content, content_type=kind)

    def signing_key(self, name: str) -> int:
        """Make a key that signs metadata."""
        return self._made("signing_keys", name=name)

    def repository(self, name: str, *, url: str | None = None, **fields: Any) -> int:
        """Make a yum repository, in the product Birds unless another is named."""
        chosen = {"product_id": self.product(), "content_type": "yum", "unprotected": True}
        return self._made("repositories", name=name, url=url, **(chosen | fields))

    def mirror(self, name: str, url: str, **fields: Any) -> int:
        """Make a repository and sync it."""
        repository = self.repository(name, url=url, **fields)
        self.sync(repository)
        return repository

    def sync(self, repository: int, **options: Any) -> Json:
        """Sync a repository and return the finished task."""
        return self.done(self.post(f"repositories/{repository}/sync", **options))

    def upload(self, repository: int, *files: Path, kind: str | None = None) -> Json:
        """Upload files in one go each and return the last finished task."""
        given = {"content_type": kind} if kind else {}
        task: Json = {}
        for path in files:
            answer = self.client.post(
                f"{_KATELLO}/repositories/{repository}/upload_content",
                data=given,
                files={"content": (path.name, path.read_bytes())},
            )
            task = self.done(self._answered(answer))
        return task

    def remove(self, repository: int, *ids: int, kind: str = "rpm") -> Json:
        """Take units out of a repository and return the finished task."""
        path = f"repositories/{repository}/remove_content"
        return self.done(self.put(path, ids=list(ids), content_type=kind))

    def view(self, name: str, *repositories: int, **fields: Any) -> int:
        """Make a content view."""
        return self._made("content_views", name=name, repository_ids=list(repositories), **fields)

    def filter(self, view: int, name: str, *rules: Json, **fields: Any) -> int:
        """Add a filter (rpm, exclude, unless told otherwise) with its rules."""
        chosen = {"type": "rpm", "inclusion": False} | fields
        made = self._made("content_view_filters", content_view_id=view, name=name, **chosen)
        for rule in rules:
            self.post(f"content_view_filters/{made}/rules", **rule)
        return made

    def publish(self, view: int, **options: Any) -> int:
        """Publish a view and return the version's id."""
        task = self.done(self.post(f"content_views/{view}/publish", **options))
        return int(task["output"]["content_view_version_id"])

    def promote(self, version: int, *environments: int, force: bool = False) -> Json:
        """Promote a version and return the finished task."""
        wanted = {"environment_ids": list(environments), "force": force}
        return self.done(self.post(f"content_view_versions/{version}/promote", **wanted))

    def content_path(
        self, repository: str, *, environment: str = "Library", view: str | None = None
    ) -> str:
        """Return where the repository of a name, in the product Birds, is served."""
        place = f"{environment}/{view}" if view else environment
        return f"/pulp/content/{self.organization_label}/{place}/custom/Birds/{repository}/"

    def show(self, resource: str, id_: int | str) -> Json:
        """Return one object."""
        return self._answered(self.client.get(f"{_KATELLO}/{resource}/{id_}"))

    def list(self, resource: str, **parameters: Any) -> list[Json]:
        """Return the objects of a list, all of them, of this organization."""
        chosen = {"organization_id": self.organization_id, "per_page": 4294967296}
        answer = self.client.get(f"{_KATELLO}/{resource}", params=chosen | parameters)
        return list(self._answered(answer)["results"])

    def list_tasks(self, label: str) -> Sequence[Json]:
        """Return the tasks with a label that are about this organization, the newest first."""
        search = f"label = {label} and organization_id = {self.organization_id}"
        answer = self.client.get("/foreman_tasks/api/tasks", params={"search": search})
        results: Sequence[Json] = self._answered(answer)["results"]
        return results

    def post(self, path: str, **body: Any) -> Json:
        """POST to the API; raise what it says if it refuses."""
        return self._answered(self.client.post(f"{_KATELLO}/{path}", json=body))

    def put(self, path: str, **body: Any) -> Json:
        """PUT to the API; raise what it says if it refuses."""
        return self._answered(self.client.put(f"{_KATELLO}/{path}", json=body))

    def delete(self, path: str, **parameters: Any) -> Json:
        """DELETE; return the finished task where there is one."""
        answer = self._answered(self.client.delete(f"{_KATELLO}/{path}", params=parameters))
        return self.done(answer) if "started_at" in answer else answer

    def done(self, task: Json, *, seconds: float = 120) -> Json:
        """Wait for a task to succeed and return it."""
        ended = self.ended(task, seconds=seconds)
        if ended["result"] != "success":
            raise TaskFailedError(f"{ended['label']}: {ended['humanized']['errors']}")
        return ended

    def ended(self, task: Json, *, seconds: float = 120) -> Json:
        """Wait for a task to end, whatever the result, and return it."""
        began = time.monotonic()
        while True:
            if self._work:
                self._work()
            now = self._answered(self.client.get(f"/foreman_tasks/api/tasks/{task['id']}"))
            if now["state"] in {"stopped", "paused"}:
                return now
            waited = time.monotonic() - began
            if waited > seconds:
                raise TimeoutError(f"{now['label']} still {now['state']} after {seconds} s")
            # Asking is work for the server too: the longer it takes, the less often.
            time.sleep(min(max(self._poll, waited / 20), 0.25))

    def _made(self, resource: str, **fields: Any) -> int:
        given = {name: value for name, value in fields.items() if value is not None}
        return int(self.post(resource, organization_id=self.organization_id, **given)["id"])

    def _answered(self, answer: httpx2.Response) -> Json:
        if answer.is_error:
            request = answer.request
            raise RefusedError(
                f"{request.method} {request.url}: {answer.status_code} {answer.text}"
            )
        return answer.json() if answer.content else {}
