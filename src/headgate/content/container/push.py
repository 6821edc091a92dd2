"""Pushing: blobs and manifests come into a repository, tags are set and taken away.

Everything is checked within the transaction that makes it visible, so two pushes at once see each
other or wait for each other. Bytes come before rows (`services/storage/blobs.py`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha512

from sqlalchemy import delete, select

from headgate.content.container.combining import with_units
from headgate.content.container.digests import (
    SHA256,
    algorithm_of,
    digest_of,
    is_digest,
    is_tag,
)
from headgate.content.container.finding import FoundBlob, Holding
from headgate.content.container.image_configs import MOST_BYTES as MOST_CONFIG_BYTES
from headgate.content.container.image_configs import ImageConfig, parse_config
from headgate.content.container.immutable_tags import require_movable
from headgate.content.container.manifests import Descriptor, Manifest, parse_pushed
from headgate.content.container.tables import container_pushed_blobs
from headgate.content.container.unit_files import BLOBS, arrived, manifests_naming
from headgate.content.container.units import (
    LISTING,
    MANIFEST,
    TAG,
    NewManifest,
    insert_manifests,
    insert_tags,
)
from headgate.content.container.versions import change_content, require_repository
from headgate.domain.clock import Clock
from headgate.domain.content import Content
from headgate.domain.errors import InvalidContentError
from headgate.domain.ids import ContentSetId, RepositoryId
from headgate.domain.registry_errors import (
    BlobUnknownError,
    DigestInvalidError,
    ManifestBlobUnknownError,
    ManifestInvalidError,
    ManifestUnknownError,
    UnsupportedError,
)
from headgate.services.containers.uploads import end_upload
from headgate.services.repositories.repository_versions import latest_version_of
from headgate.services.storage.blobs import keep_now
from headgate.services.storage.collection import request_collection
from headgate.stores.blobs import BlobStore, Digest, Spool
from headgate.stores.db import Database, Transaction
from headgate.stores.db.statements import upsert
from headgate.stores.db.tables import blobs


@dataclass(frozen=True, slots=True)
class Pusher:
    """Who pushes into which repository, and with what."""

    database: Database
    store: BlobStore
    clock: Clock
    repository_id: int
    login: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """A manifest that was taken."""

    digest: str
    tags: Sequence[str]  # that point to it now because of this push
    subject: str | None


def push_blob(pusher: Pusher, spool: Spool, *, digest: str, upload_id: str | None) -> None:
    """Keep what the spool holds as a blob of the repository; its upload is over.

    DigestInvalidError, and the spool stays, if it is not what the digest says.
    """
    require_same_digest(spool, digest)

    def refer(tx: Transaction, blob_ids: Sequence[int]) -> None:
        require_repository(tx, pusher.repository_id)
        _give(tx, pusher, digest, blob_ids[0])
        if upload_id is not None:
            end_upload(tx, upload_id)

    keep_now(pusher.database, pusher.store, [spool], refer=refer, clock=pusher.clock)


def require_same_digest(spool: Spool, digest: str) -> None:
    """Raise DigestInvalidError unless the bytes written so far have this digest."""
    if not is_digest(digest):
        raise DigestInvalidError(f"{digest[:150]!r} is no digest that is known here")
    if algorithm_of(digest) == SHA256:
        found = str(spool.digest())
    else:
        total = sha512()
        for chunk in spool.read():
            total.update(chunk)
        found = f"sha512:{total.hexdigest()}"
    if found != digest:
        raise DigestInvalidError(
            f"The {spool.size} bytes that came have the digest {found}, not {digest}: send them"
            " again",
            detail={"digest": digest, "found": found},
        )


def mount_blob(
    tx: Transaction, pusher: Pusher, digest: str, source: Holding, *, pushed_to: int | None
) -> bool:
    """Let the repository have a blob that another holds, without its bytes; False if it has none.

    The caller may read the other. `pushed_to` is it if `source` is its latest content.
    """
    require_repository(tx, pusher.repository_id)
    found = source.blob(digest, pushed_to)
    blob_id = None if found is None or found.stored is None else _held(tx, found.stored)
    if blob_id is None:
        return False
    _give(tx, pusher, digest, blob_id)
    return True


def push_manifest(
    pusher: Pusher,
    content: bytes,
    media_type: str,
    *,
    reference: str,
    tags: Iterable[str] = (),
) -> Pushed:
    """Make the bytes a manifest of the repository, and let the tags point to it.

    `reference` is a tag or a digest; more tags come with a digest only. Its blobs must be here.
    """
    try:
        manifest = parse_pushed(content, media_type)
    except InvalidContentError as error:
        raise ManifestInvalidError(error.message) from error
    digest = reference if is_digest(reference) else digest_of(content)
    if digest_of(content, algorithm_of(digest)) != digest:
        raise DigestInvalidError(
            f"The manifest that came has the digest {digest_of(content, algorithm_of(digest))},"
            f" not {digest}"
        )
    names = sorted({*tags} if is_digest(reference) else {reference, *tags})
    for name in names:
        if not is_tag(name):
            raise ManifestInvalidError(
                f"{name[:150]!r} is no tag: up to 128 letters, digits, '_', '-' and '.', of which"
                " the last two do not begin one"
            )
    with pusher.store.spool() as spool:
        spool.write(content)

        def refer(tx: Transaction, blob_ids: Sequence[int]) -> None:
            config = _config(tx, pusher, manifest)
            new = NewManifest(digest, manifest, len(content), blob_ids[0], config)
            _take_manifest(tx, pusher, new, names)

        keep_now(pusher.database, pusher.store, [spool], refer=refer, clock=pusher.clock)
    subject = None if manifest.subject is None else manifest.subject.digest
    return Pushed(digest, names, subject)


def delete_manifest(tx: Transaction, pusher: Pusher, reference: str) -> None:
    """Take away a tag, or a manifest with all tags that point to it.

    ManifestUnknownError if there is none, TagImmutableError for tags that stay where they are.
    """
    holding = holding_of(tx, pusher.repository_id)
    found = holding.manifest(reference)
    if found is None:
        raise ManifestUnknownError(f"There is no manifest {reference}", detail={"tag": reference})
    pointing = holding.tags_of(found.digest)
    if not is_digest(reference):
        pointing = [(tag_id, name) for tag_id, name in pointing if name == reference]
    require_movable(tx, pusher.repository_id, [name for _, name in pointing])
    gone: dict[str, list[int]] = {TAG: [tag_id for tag_id, _ in pointing]}
    if is_digest(reference):
        gone[LISTING if found.listing else MANIFEST] = [found.id]
    _change(tx, pusher, lambda before: before - Content.of(gone), cause="remove")


def delete_blob(tx: Transaction, pusher: Pusher, digest: str) -> None:
    """Take away a blob that no manifest of the repository names.

    BlobUnknownError if there is none, UnsupportedError while a manifest names it.
    """
    require_repository(tx, pusher.repository_id, alone=True)
    found = holding_of(tx, pusher.repository_id).blob(digest, None)
    if found is not None:
        raise UnsupportedError(
            f"{digest} is a part of manifests of this repository: delete these, and it goes by"
            " itself"
        )
    own = container_pushed_blobs.c
    gone = delete(container_pushed_blobs).where(
        own.repository_id == pusher.repository_id, own.digest == digest
    )
    if not tx.execute(gone).rowcount:
        raise BlobUnknownError(f"There is no blob {digest}", detail={"digest": digest})
    request_collection(tx, pusher.clock)


def holding_of(tx: Transaction, repository_id: int) -> Holding:
    """Return what a repository holds now."""
    latest = latest_version_of(tx, RepositoryId(repository_id))
    return Holding(tx, None if latest is None else ContentSetId(latest.content_set_id))


def _take_manifest(tx: Transaction, pusher: Pusher, new: NewManifest, tags: Sequence[str]) -> None:
    def added(before: Content) -> Content:
        # First, and with the repository locked: what is found here is there until the commit.
        holding = holding_of(tx, pusher.repository_id)
        found = _blobs_of(holding, pusher, new.manifest)
        _require_blobs(found, new.manifest)
        moved = [name for name in tags if holding.target_of(name) not in (None, new.digest)]
        require_movable(tx, pusher.repository_id, moved)
        here = {digest: blob.blob_id for digest, blob in found.items() if blob.blob_id is not None}
        unit_id = insert_manifests(tx, [new], here)[new.digest]
        tag_ids = insert_tags(tx, [(name, new.digest) for name in tags])
        units = Content.of({new.unit_type: [unit_id], TAG: tag_ids.values()})
        return with_units(tx, before, units)

    _change(tx, pusher, added, cause="push")


def _require_blobs(blobs_there: Mapping[str, FoundBlob], manifest: Manifest) -> None:
    """Raise unless the repository has the blobs; those of others are not seen by their digests."""
    missing: list[str] = []
    for digest, each in _described(manifest).items():
        found = blobs_there.get(digest)
        if each.foreign:
            continue
        if found is None or found.stored is None:
            missing.append(digest)
        elif found.size != each.size:
            raise ManifestInvalidError(
                f"The blob {digest} has {found.size} bytes, not {each.size} as the manifest says"
            )
    if missing:
        raise ManifestBlobUnknownError(
            f"The manifest names blobs that were not pushed to this repository:"
            f" {', '.join(missing[:5])}",
            detail=[{"digest": digest} for digest in missing],
        )


def _blobs_of(holding: Holding, pusher: Pusher, manifest: Manifest) -> dict[str, FoundBlob]:
    """Return what the repository has of the blobs that the manifest names."""
    found = {digest: holding.blob(digest, pusher.repository_id) for digest in _described(manifest)}
    return {digest: blob for digest, blob in found.items() if blob is not None}


def _described(manifest: Manifest) -> dict[str, Descriptor]:
    config = [] if manifest.config is None else [manifest.config]
    return {each.digest: each for each in (*config, *manifest.layers)}


def _config(tx: Transaction, pusher: Pusher, manifest: Manifest) -> ImageConfig:
    """Return what the image's configuration says, if it is here and no larger than they are."""
    if manifest.config is None or manifest.config.size > MOST_CONFIG_BYTES:
        return ImageConfig()
    holding = holding_of(tx, pusher.repository_id)
    found = holding.blob(manifest.config.digest, pusher.repository_id)
    if found is None or found.stored is None or found.size > MOST_CONFIG_BYTES:
        return ImageConfig()
    return parse_config(b"".join(pusher.store.read(found.stored)))


def _give(tx: Transaction, pusher: Pusher, digest: str, blob_id: int) -> None:
    """Let the repository have a blob, and its manifests that name it and had lost it."""
    statement = upsert(tx, container_pushed_blobs)
    values = {
        "repository_id": pusher.repository_id,
        "digest": digest,
        "blob_id": blob_id,
        "pushed_at": pusher.clock(),
    }
    tx.execute(
        statement.values(values).on_conflict_do_update(
            index_elements=["repository_id", "digest"],
            set_={"pushed_at": values["pushed_at"], "blob_id": blob_id},
        )
    )
    manifests = holding_of(tx, pusher.repository_id).manifests
    arrived(tx, BLOBS + digest, blob_id, manifests_naming(tx, digest, manifests))


def _held(tx: Transaction, stored: Digest) -> int | None:
    """Return the id of a blob that stays until the commit; None if it has just gone."""
    row = tx.execute(
        select(blobs.c.id).where(blobs.c.digest == stored.raw).with_for_update(read=True)
    ).one_or_none()
    return None if row is None else int(row.id)


def _change(
    tx: Transaction, pusher: Pusher, change: Callable[[Content], Content], *, cause: str
) -> bool:
    return change_content(
        tx,
        clock=pusher.clock,
        repository_id=pusher.repository_id,
        change=change,
        cause=cause,
        user=pusher.login,
    )
