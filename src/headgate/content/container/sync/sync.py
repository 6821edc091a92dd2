"""Synchronizing a container repository: upstream -> manifests and tags, then layers.

Step one asks where the tags point (HEAD, so what has not changed costs one small request each),
brings manifests that are not here with their configurations, and leaves rows that the task pins.
Step two brings layers unless they may wait for a client. Both may run twice.
"""

from dataclasses import asdict
from typing import Any

from headgate.content.container.sync.faults import warning_of
from headgate.content.container.sync.intake import ManifestIntake
from headgate.content.container.sync.mirroring import Looked, Mirroring
from headgate.content.container.sync.settings import MirrorSettings
from headgate.content.container.unit_files import arrived, files_of
from headgate.domain.content import Content
from headgate.plugin import MissingFile, Synced, SyncWork, UnitFile
from headgate.services.units.unit_files import fetch_files
from headgate.stores.db import Transaction
from headgate.upstream import Downloader, run_downloads


def sync(work: SyncWork) -> Synced | None:
    """Bring what upstream has; None when that is what the last sync brought."""
    found: dict[str, Any] = work.run.step("read manifests", lambda: _read_manifests(work))
    if not found:
        return None
    content = Content.loaded(found["content"])
    for fault in found["faults"]:
        work.run.warn(warning_of(fault))
    missing: list[dict[str, Any]] = []
    if work.download_policy == "immediate":
        missing = work.run.step("download layers", lambda: _download(work, content))
    return Synced(
        content,
        found["state"],
        missing=[MissingFile(**each) for each in missing],
        offered=Content.loaded(found["offered"]),
    )


def _read_manifests(work: SyncWork) -> dict[str, Any]:
    settings = MirrorSettings.of(work.settings, work.remote.url)

    async def look(downloader: Downloader) -> Looked:
        intake = ManifestIntake(
            work.ports,
            holder=work.run.task_id,
            organization_id=work.organization_id,
            previous=work.previous,
        )
        with intake:
            return await Mirroring(work, settings, downloader, intake).look()

    looked = run_downloads(work.ports.downloads, look, check=work.run.check)
    unchanged = looked.content == work.previous and looked.state == work.state
    if unchanged and not looked.faults:
        return {}
    return {
        "content": looked.content.dumped(),
        "offered": looked.offered.dumped(),
        "state": looked.state,
        "faults": looked.faults,
    }


def _download(work: SyncWork, content: Content) -> list[dict[str, Any]]:
    """Bring layers whose bytes are not here, each once; return what could not be had."""
    with work.ports.database.read() as tx:
        files = list(files_of(tx, content))
    lacking: dict[str, list[UnitFile]] = {}
    for file in files:
        if file.blob_id is None:
            lacking.setdefault(file.path, []).append(file)

    def note(tx: Transaction, file: UnitFile, blob_id: int) -> None:
        arrived(tx, file.path, blob_id, [each.unit_id for each in lacking[file.path]])

    missing = fetch_files(
        work.ports,
        work.run,
        work.remote,
        [some[0] for some in lacking.values()],
        note,
        keep_good=work.keep_good,
        of=len({file.path for file in files}),
    )
    return [asdict(each) for each in missing]
