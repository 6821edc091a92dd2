"""Flatpak remotes: looking at what they offer, and mirroring it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from headgate.content.container.flatpaks.remote_index import MOST_BYTES, RemoteIndex, read_index
from headgate.domain.errors import (
    IncompleteSearchError,
    InvalidContentError,
    PermissionDeniedError,
    UpstreamError,
)
from headgate.domain.ids import FlatpakRemoteId, OrganizationId, UserId
from headgate.engine.port import NewTask, Progress, Run
from headgate.services.access import AnyRow
from headgate.services.accounts.actors import load_actor
from headgate.services.containers.flatpak_mirrors import MirrorPlan, mirror
from headgate.services.containers.flatpak_offers import save_scan
from headgate.services.containers.flatpak_remotes import find_flatpak_remote, index_remote
from headgate.stores.db import Transaction
from headgate.upstream import Expected, MemorySink, Remote, run_downloads
from headgate.workflows.workshop import Workshop


def scan_task(remote: AnyRow, *, user_id: UserId | None) -> NewTask:
    """Look at what a flatpak remote offers."""
    return NewTask(
        workflow="scan_flatpak_remote",
        label="Actions::Katello::Flatpak::ScanRemote",
        action=f"Scan flatpak remote '{remote.name}'",
        input={
            "flatpak_remote_id": remote.id,
            "flatpak_remote": {"id": remote.id, "name": remote.name},
        },
        user_id=user_id,
        organization_id=OrganizationId(remote.organization_id),
        exclusive=[f"flatpak_remote:{remote.id}"],
    )


def mirror_task(plan: MirrorPlan, *, user_id: UserId | None) -> NewTask:
    """Make repositories of what a flatpak remote offers."""
    return NewTask(
        workflow="mirror_flatpak",
        label="Actions::Katello::Flatpak::MirrorRemoteRepository",
        action=f"Mirror '{plan.offer.name}' into product '{plan.product.name}'",
        input={
            "flatpak_remote_repository_id": plan.offer.id,
            "product": {"id": plan.product.id, "name": plan.product.name},
            "dependency_ids": list(plan.dependency_ids),
        },
        user_id=user_id,
        organization_id=OrganizationId(plan.product.organization_id),
        shared=[f"flatpak_remote:{plan.offer.flatpak_remote_id}"],
    )


def scan_flatpak_remote(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Read the remote's index, and let the remote offer what is in it.

    Output: `registry_url`; numbers of repositories `found`, `added`, `removed`; `left_out`, how
    many entries cannot be used. A scan that fails changes nothing.
    """
    with workshop.ports.database.read() as tx:
        row = find_flatpak_remote(tx, run.input["flatpak_remote_id"])
        remote = index_remote(tx, row, workshop.unseal)
    index = _read(workshop, run, row, remote)

    def save(tx: Transaction) -> Mapping[str, int]:
        find_flatpak_remote(tx, row.id)
        return save_scan(
            tx,
            clock=workshop.ports.clock,
            remote_id=FlatpakRemoteId(row.id),
            registry_url=index.registry_url,
            offered=index.repositories,
        )

    counts = run.transaction("save", save)
    if index.left_out:
        shown = "; ".join(index.faults)
        run.warn(
            IncompleteSearchError(
                f"{index.left_out} entries of the index cannot be used and were left out: {shown}"
            )
        )
    return {**counts, "registry_url": index.registry_url, "left_out": index.left_out}


def mirror_flatpak(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Make the repositories, all of them or none; output as `flatpak_mirrors.mirror` says."""

    def make(tx: Transaction) -> Mapping[str, Any]:
        actor = None if run.user_id is None else load_actor(tx, run.user_id)
        if actor is None:
            raise PermissionDeniedError("Whoever asked for this is no user any more")
        return mirror(
            tx,
            actor=actor,
            clock=workshop.ports.clock,
            offer_id=run.input["flatpak_remote_repository_id"],
            product_id=run.input["product"]["id"],
            dependency_ids=run.input["dependency_ids"],
        )

    made = run.transaction("make", make)
    for runtime in made["missing_runtimes"]:
        run.warn(
            IncompleteSearchError(
                f"The runtime {runtime} is mirrored by no repository of this organization: without"
                " it the application cannot be installed"
            )
        )
    if not made["credentials_copied"]:
        run.warn(
            IncompleteSearchError(
                "The remote's credentials were not copied, because its index sends to a registry"
                " on another server; if that may have them, set it as the remote's registry_url"
            )
        )
    return made


def _read(workshop: Workshop, run: Run, row: Row[Any], remote: Remote) -> RemoteIndex:
    """Fetch and read; nothing of it is recorded, so a scan that goes on reads it again."""
    sink = MemorySink()
    received = 0

    def progress(count: int) -> None:
        nonlocal received
        received += count
        run.report(Progress(bytes_done=received, url=remote.shown))

    fetched = run_downloads(
        workshop.ports.downloads,
        lambda downloader: downloader.fetch(
            remote, "", sink, expected=Expected(most_bytes=MOST_BYTES), progress=progress
        ),
        check=run.check,
    )
    try:
        return read_index(bytes(sink.data), fetched.url)
    except InvalidContentError as error:
        raise UpstreamError(
            f"{error.message}; check the URL of the flatpak remote '{row.name}'", url=fetched.url
        ) from error
