"""A product on the registry of a started server, and those who push and pull there with podman."""

from pathlib import Path

from support.containers import Containers
from support.server import PASSWORD, Server
from support.world import World


class Place:
    """An organization's product on the registry, and somebody who pushes to it."""

    def __init__(self, server: Server, world: World, folder: Path) -> None:
        world.product("Birds")
        self.server = server
        self.world = world
        self.host = f"localhost:{server.port}"
        self.folder = folder
        self.user = self.stranger("user")
        self.user.login(self.host, "admin", PASSWORD)

    def stranger(self, name: str) -> Containers:
        """Return somebody who knows the authority and has not logged in."""
        made = Containers(self.folder / name)
        made.trust(self.host, self.server.ca)
        return made

    def name(self, repository: str, tag: str | None = None, *, served_from: str = "") -> str:
        """Return the reference of a repository, or of a tag in it.

        `served_from` is `ENVIRONMENT/VIEW`; without it, it is where the repository is pushed to.
        """
        parts = [self.world.organization_label, served_from, "birds", repository]
        full = f"{self.host}/{'/'.join(filter(None, parts))}".lower()
        return full if tag is None else f"{full}:{tag}"

    def id_of(self, repository: str) -> int:
        """Return the id of a repository that was pushed."""
        (found,) = self.world.list("repositories", name=repository)
        return int(found["id"])

    def pushed(self, repository: str, tag: str, content: bytes = b"here") -> str:
        """Build an image around a file and push it; return its reference."""
        name = self.name(repository, tag)
        self.user.build(name, {"/etc/content": content})
        self.user.podman("push", name)
        return name
