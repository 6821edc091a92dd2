"""Container repositories that are pushed to, as the registry does it, without HTTP."""

from typing import Any

from sqlalchemy import select, update

from headgate.content.container.push import Pusher, delete_manifest, push_blob, push_manifest
from headgate.stores.db.tables import container_repositories
from support.house import House
from support.oci import Manifest, image, index, layer

PRODUCT = "Ships"


class PushScene:
    """An organization whose users push."""

    def __init__(self, house: House, *, login: str = "robin") -> None:
        self.house = house
        self.world = house.world
        self.login = login

    def repository(self, name: str = "sloop", **fields: Any) -> int:
        """Make a repository that is known by a name to push to; return its id."""
        made = self.world.repository(
            name, product_id=self.world.product(PRODUCT), content_type="docker", **fields
        )
        own = container_repositories
        push_name = f"{self.world.organization_label}/{PRODUCT}/{name}".lower()
        with self.house.control.database.begin() as tx:
            known = update(own).where(own.c.repository_id == made)
            tx.execute(known.values(push_name=push_name, push_name_format="label"))
        return made

    def push(self, repository: int, manifest: Manifest, *tags: str) -> Manifest:
        """Push a manifest with all that it needs, let the tags point to it, and return it."""
        pusher = self.pusher(repository)
        for each in manifest.family():
            for blob in each.blobs:
                with pusher.store.spool() as spool:
                    spool.write(blob.content)
                    push_blob(pusher, spool, digest=blob.digest, upload_id=None)
            own = tags if each is manifest else ()
            push_manifest(pusher, each.content, each.media_type, reference=each.digest, tags=own)
        return manifest

    def untag(self, repository: int, reference: str) -> None:
        """Delete a tag or a manifest, as clients of the registry do."""
        with self.house.control.database.begin() as tx:
            delete_manifest(tx, self.pusher(repository), reference)

    def pusher(self, repository: int) -> Pusher:
        """Return who pushes there."""
        control = self.house.control
        return Pusher(control.database, control.blobs, control.clock, repository, self.login)

    def tags(self, repository: int, **scope: Any) -> dict[str, str]:
        """Return where the tags point, as the API tells."""
        where = {"repository_id": repository, **scope}
        listed = self.world.list("docker_tags", **where)
        return {each["name"]: each["manifest"]["digest"] for each in listed}

    def push_name(self, repository: int) -> str:
        """Return the name that is pushed to."""
        own = container_repositories.c
        with self.house.control.database.read() as tx:
            return str(tx.scalar(select(own.push_name).where(own.repository_id == repository)))


def picture(name: str, **fields: Any) -> Manifest:
    """Return an image of one layer, another one for each name."""
    return image(layer({"name": name.encode()}), **fields)


def pictures(*architectures: str, name: str = "many") -> Manifest:
    """Return an index over an image for each architecture."""
    return index(*(picture(f"{name}-{each}") for each in architectures))
