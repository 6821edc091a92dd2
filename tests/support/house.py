"""The control plane with a worker in one process: what clients see, without sockets."""

from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from starlette.testclient import TestClient

from headgate.plugin import Ports
from headgate.server.content_types import content_types
from headgate.stores.db import Database
from headgate.upstream import DownloadRules
from headgate.workflows.definitions import workflows
from headgate.workflows.workshop import Workshop
from support.control import Control, control
from support.tasks import Workbench
from support.world import World

_K = "/katello/api/"


class House:
    """A control plane over a database, its administrator, one organization, a worker if asked."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.uploads = folder / "uploads"
        self.uploads.mkdir()
        self.control: Control = control(database, uploads=self.uploads)
        self.admin: TestClient = self.control.client()
        self.world = World(self.admin)
        self._scratch = folder
        self._bench = Workbench(database)

    @property
    def organization(self) -> int:
        """The organization's id."""
        return self.world.organization_id

    def workshop(self, downloads: DownloadRules | None = None) -> Workshop:
        """Return what workflows are handed."""
        ports = Ports(
            database=self.control.database,
            store=self.control.blobs,
            downloads=downloads or DownloadRules(),
            clock=self.control.clock,
            scratch=self._scratch,
            unseal=lambda sealed: sealed[::-1],
        )
        return Workshop(ports, content_types(), lambda sealed: sealed[::-1], self.uploads)

    def start_worker(
        self, downloads: DownloadRules | None = None, *, without: Collection[str] = ()
    ) -> World:
        """Let tasks, but for those of some workflows, be worked on.

        Return the world, whose verbs wait for them.
        """
        known = workflows(self.workshop(downloads))
        self._bench.start([each for each in known if each.name not in without])
        return self.world

    def upload(self, repository: int, name: str, content: bytes) -> None:
        """Add a file to a repository of files, in one piece."""
        answer = self.admin.post(
            f"{_K}repositories/{repository}/upload_content", files={"content": (name, content)}
        )
        assert answer.status_code == 202, answer.text
        self.world.done(answer.json())

    def files(self, name: str, **contents: bytes) -> int:
        """Make a repository of files that holds these."""
        repository = self.world.repository(name, content_type="file")
        for file, content in contents.items():
            self.upload(repository, file, content)
        return repository

    def get(self, path: str, **parameters: Any) -> httpx2.Response:
        """Ask as the administrator."""
        return self.admin.get(_K + path, params=parameters)

    def post(self, path: str, **body: Any) -> httpx2.Response:
        """Send as the administrator."""
        return self.admin.post(_K + path, json=body)

    def put(self, path: str, **body: Any) -> httpx2.Response:
        """Change as the administrator."""
        return self.admin.put(_K + path, json=body)

    def delete(self, path: str, **parameters: Any) -> httpx2.Response:
        """Delete as the administrator."""
        return self.admin.delete(_K + path, params=parameters)

    def stop_worker(self) -> None:
        """Let tasks wait again."""
        self._bench.close()
        self._bench = Workbench(self.control.database)


@contextmanager
def built(database: Database, folder: Path) -> Generator[House]:
    """Return a house until the block ends."""
    house = House(database, folder)
    try:
        yield house
    finally:
        house.stop_worker()


def refused(answer: httpx2.Response, status: int, *words: str) -> dict[str, Any]:
    """Check that a request was refused in these words; return its errors by field."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    for each in words:
        assert each in body["displayMessage"], body["displayMessage"]
    return body["errors"] if isinstance(body["errors"], dict) else {}
