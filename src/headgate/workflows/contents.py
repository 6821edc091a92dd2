"""Changing what a repository holds by hand: uploads come in, units go out."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from headgate.domain.content import Content
from headgate.domain.errors import UntrustedContentError
from headgate.domain.ids import RepositoryId, UnitId
from headgate.engine.port import Run
from headgate.plugin import Located, Upload
from headgate.services.organizations.trust import rules_of
from headgate.services.repositories.uploads import note_import, path_of, require_checksum
from headgate.services.repositories.verification import digests_of
from headgate.workflows.repository_version import load_repository, revise
from headgate.workflows.workshop import Workshop

# Packages that errors and warnings name.
_MOST_NAMED = 20


def import_uploads(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Add the files of `uploads` to `repository_id`: [{id, name, content_type, checksum}].

    A package or file takes the place of another one at the same path. `units` ({unit type: [ids]})
    are added, too: packages that were here before. The upload itself is forgotten in the
    transaction that makes the version. UntrustedContentError, and nothing is added, if one of them
    is not signed as the repository's policy enforces.
    """
    repository_id = RepositoryId(run.input["repository_id"])
    with workshop.ports.database.read() as tx:
        loaded = load_repository(tx, repository_id)
    repository = loaded.repository
    content_type = workshop.content_types[repository.content_type]
    uploads = [
        Upload(
            path=path_of(workshop.uploads, each["id"]),
            name=each["name"],
            unit_type=each["content_type"],
            digest=each.get("digest"),
        )
        for each in run.input["uploads"]
    ]

    def take() -> dict[str, str]:
        for each, upload in zip(run.input["uploads"], uploads, strict=True):
            if each.get("checksum"):
                require_checksum(upload.path, each["checksum"], name=upload.name)
        return (content_type.upload(workshop.ports, run, uploads) | known).dumped()

    known = Content.of(run.input.get("units", {}))
    added = Content.loaded(run.step("read uploads", take))
    _believe(workshop, run, repository, added)
    ids = [each["id"] for each in run.input["uploads"]]
    revise(
        workshop,
        run,
        loaded,
        cause="upload",
        added=added,
        also=lambda tx: note_import(tx, ids, clock=workshop.ports.clock),
    )
    for upload in uploads:
        upload.path.unlink(missing_ok=True)
    return {
        "upload_results": [
            {"type": unit_type, "id": unit_id}
            for unit_type, units in added.units.items()
            for unit_id in units
        ]
    }


def _believe(workshop: Workshop, run: Run, repository: Row[Any], taken: Content) -> None:
    """Refuse packages that are not signed as the repository asks, or warn of them."""
    with workshop.ports.database.read() as tx:
        rules = rules_of(tx, repository, workshop.unseal)
    if rules.packages == "off":
        return
    content_type = workshop.content_types[repository.content_type]

    def doubts() -> list[str]:
        with workshop.ports.database.read() as tx:
            files = [each for each in content_type.files_of(tx, taken) if each.blob_id is not None]
            digests = digests_of(tx, {each.blob_id for each in files if each.blob_id is not None})
        told: list[str] = []
        for file in files:
            run.check()
            digest, size = digests[file.blob_id or 0]
            here = Located(size, "", digest, None, file.unit_type, UnitId(file.unit_id))
            reason = content_type.distrust(workshop.ports, rules, here, digest)
            if reason is not None:
                told.append(reason)
        return told

    found: list[str] = run.step("verify signatures", doubts)
    if found and rules.packages == "enforce":
        more = f"; and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        raise UntrustedContentError(
            f"Not signed as the repository asks: {'; '.join(found[:_MOST_NAMED])}{more}."
            " Nothing was added. Add the key that signs these packages to the repository's gpg key,"
            " or set its package_signature_policy to warn."
        )
    for words in found[:_MOST_NAMED]:
        run.warn(UntrustedContentError(words))


def remove_content(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Take the units of `units` ({unit type: [ids]}) out of `repository_id`."""
    repository_id = RepositoryId(run.input["repository_id"])
    with workshop.ports.database.read() as tx:
        loaded = load_repository(tx, repository_id)
    going = Content.of(run.input["units"])
    done = revise(workshop, run, loaded, cause="remove", removed=going)
    return {"changed": done["changed"], "removed": done["removed"]}
