"""The rows of a repository that filters look at, written straight into the tables."""

from hashlib import sha256
from typing import Any

from sqlalchemy import insert

from headgate.content.rpm.evr import sort_key
from headgate.content.rpm.filters.source import Advisory, Source
from headgate.content.rpm.tables import errata, module_documents, package_groups, rpm_packages
from headgate.domain.content import Content
from headgate.stores.db import Transaction


def content_of(source: Source) -> Content:
    """Return the content set of a repository with everything in it."""
    return Content.of(
        {
            "rpm": [each.id for each in source.packages],
            "erratum": [each.id for each in source.advisories],
            "module_stream": [each.id for each in source.streams],
            "module_defaults": [each.id for each in source.module_documents],
            "package_group": [each.id for each in source.groups],
        }
    )


def insert_source(tx: Transaction, source: Source, *, segment_id: int = 1) -> None:
    """Insert rows with the ids of the source; what filters do not look at is made up."""
    package_rows = [
        {
            **each._asdict(),
            "digest": _digest("rpm", each.id),
            "evr": sort_key(f"{each.epoch}:{each.version}-{each.release}"),
            "checksum_type": "sha256",
            "checksum": bytes(32),
            "size": 1,
            "location": f"Packages/{each.filename}",
            "summary": each.name,
            "segment_id": segment_id,
            "position": each.id,
        }
        for each in source.packages
    ]
    stream_rows = [
        _document(each.id, "stream", each.name)
        | {"stream": each.stream, "version": each.version, "context": each.context}
        | {"arch": each.arch, "artifacts": list(each.artifacts)}
        for each in source.streams
    ]
    others = [_document(each.id, "defaults", each.name) for each in source.module_documents]
    group_rows = [
        {
            "id": each.id,
            "digest": _digest("group", each.id),
            "kind": each.kind,
            "group_id": each.group_id,
            "name": each.name,
            "description": "",
            "members": [{"name": name, "type": "mandatory"} for name in each.members]
            if each.kind == "group"
            else list(each.members),
            "fragment": b"",
        }
        for each in source.groups
    ]
    for table, rows in (
        (rpm_packages, package_rows),
        (module_documents, [*stream_rows, *others]),
        (errata, [_advisory(each) for each in source.advisories]),
        (package_groups, group_rows),
    ):
        if rows:
            tx.execute(insert(table), rows)


def _advisory(each: Advisory) -> dict[str, Any]:
    names = ("name", "stream", "version", "context", "arch")
    return {
        "id": each.id,
        "digest": _digest("erratum", each.id),
        "errata_id": each.errata_id,
        "title": each.errata_id,
        "type": each.type,
        "severity": "",
        "issued": each.issued,
        "updated": each.updated,
        "version": "1",
        "reboot_suggested": False,
        "references": [],
        "packages": [_named(filename) for filename in each.filenames],
        "modules": [dict(zip(names, key.split(":"), strict=True)) for key in each.modules],
        "fragment": b"",
    }


def _named(filename: str) -> list[str]:
    stem, arch, _ = filename.rsplit(".", 2)
    name, version, release = stem.rsplit("-", 2)
    return [filename, name, "0", version, release, arch]


def _document(unit_id: int, kind: str, name: str) -> dict[str, Any]:
    return {
        "id": unit_id,
        "digest": _digest("module", unit_id),
        "kind": kind,
        "name": name,
        "stream": "",
        "version": "",
        "context": "",
        "arch": "",
        "summary": "",
        "description": "",
        "artifacts": [],
        "profiles": {},
        "dependencies": [],
        "fragment": b"",
    }


def _digest(kind: str, unit_id: int) -> bytes:
    return sha256(f"{kind} {unit_id}".encode()).digest()
