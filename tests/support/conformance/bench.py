"""Where one data set is tried: the repository that fills up while the operations go on."""

from support.conformance.data_sets import DataSet
from support.conformance.registry import Registry, Repository, expect, header
from support.oci import Blob, Manifest


class Bench:
    """A data set on a registry.

    `home` has what the operations have pushed so far, `tags` which manifest each of its tags names.
    """

    def __init__(self, registry: Registry, data: DataSet) -> None:
        self.registry = registry
        self.data = data
        self.home = self.fresh("home")
        self.mounted = self.fresh("mounted")
        self.tags: dict[str, Manifest] = {}
        self.untagged: dict[str, Manifest] = {}
        # A registry may refuse what is optional; then there is nothing to read or delete.
        self.taken = True

    def fresh(self, purpose: str) -> Repository:
        """Return a new repository with the data set's name in its own."""
        return self.registry.fresh(f"{self.data.name.replace(' ', '-')}-{purpose}")

    @property
    def samples(self) -> list[Blob]:
        """One blob of each kind: the ways to push differ by the bytes, not by how many come."""
        kinds = {(blob.media_type, blob.algorithm): blob for blob in self.data.blobs}
        return list(kinds.values())

    @property
    def largest(self) -> Blob:
        """The blob that has the most to cut into chunks."""
        return max(self.data.blobs, key=lambda blob: blob.size)

    @property
    def by_digest(self) -> list[Manifest]:
        """The manifests that are here if everything was pushed as it should be."""
        return self.data.manifests if self.taken else self.data.manifests[:-1]


def check_blob(repository: Repository, blob: Blob) -> None:
    """Check that a repository has a blob, by asking for its size alone."""
    answer = expect(repository.head(f"blobs/{blob.digest}"), 200)
    assert int(header(answer, "Content-Length")) == blob.size


def check_no_blob(repository: Repository, blob: Blob, *, elsewhere: bool = False) -> None:
    """Check that a repository has no such blob."""
    expect(repository.head(f"blobs/{blob.digest}", elsewhere=elsewhere), 404)
