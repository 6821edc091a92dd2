"""Which publications nothing serves, so that they need not keep what can be written again.

Awake stay those of each repository's latest version, and of content view versions that an
environment serves, that are the newest of their view, that are still being published or that a
task under way is about; then what composites in use are made of, or will be. All others fall
dormant, but for those that somebody has asked for lately (`awake_until`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby

from sqlalchemy import Select, func, select

from headgate.domain.clock import Clock
from headgate.domain.dormancy import DormancyRules
from headgate.plugin import ContentType
from headgate.services.storage.collection import request_collection
from headgate.services.storage.collection_lock import begin_sleep
from headgate.services.units.publications import put_to_sleep
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.statements import batched
from headgate.stores.db.tables import (
    blobs,
    content_view_components,
    content_view_version_components,
    content_view_version_repositories,
    content_view_versions,
    distributions,
    publication_files,
    publications,
    repositories,
    repository_versions,
    task_locks,
)

_LOCK = "content_view_version:"  # as tasks name a version that they are about
_EXACT = "mirror_complete"  # promises upstream's own files


def fall_asleep(
    tx: Transaction,
    content_types: Mapping[str, ContentType],
    *,
    clock: Clock,
    rules: DormancyRules,
    publication_ids: Collection[int],
) -> int:
    """Let those of the publications that still may be dormant be so; return how many were.

    Whoever looks whether one is awake and counts on it holds this off meanwhile
    (`hold_off_sleep`, `hold_off_collection`). The bytes go with a later collection: who has
    looked a file up has the time to open it.
    """
    begin_sleep(tx)
    tired = sleepers(tx, content_types, clock=clock, rules=rules)
    going = {each: tired[each] for each in publication_ids if each in tired}
    if going:
        put_to_sleep(tx, going)
        request_collection(tx, clock)
    return len(going)


def sleepers(
    tx: Transaction,
    content_types: Mapping[str, ContentType],
    *,
    clock: Clock,
    rules: DormancyRules,
) -> Mapping[int, Sequence[str]]:
    """Return the publications that may be dormant and are not, with what they would let go of."""
    wanted = _needed(tx, rules) | _asked_for(tx, clock, rules)
    awake = tx.scalars(select(publications.c.id).where(~publications.c.dormant))
    idle = [each for each in awake if each not in wanted]
    found: dict[int, Sequence[str]] = {}
    for batch in batched(idle):
        found.update(_dispensable(tx, content_types, batch, rules))
    return found


def _needed(tx: Transaction, rules: DormancyRules) -> set[int]:
    held = content_view_version_repositories.c
    needed = set(
        tx.scalars(
            select(repository_versions.c.publication_id).join(
                repositories, repositories.c.latest_version_id == repository_versions.c.id
            )
        )
    )
    versions = _versions_in_use(tx, rules)
    needed.update(
        each
        for each in tx.scalars(
            select(held.publication_id).where(among(tx, held.version_id, versions))
        )
        if each is not None
    )
    return needed


def _versions_in_use(tx: Transaction, rules: DormancyRules) -> set[int]:
    found = set(tx.scalars(_served().union(_unpublished(), _newest(rules.newest))))
    found.update(_worked_on(tx))
    parts, chosen = content_view_version_components.c, content_view_components.c
    made_of = select(parts.component_id).where(among(tx, parts.version_id, found))
    to_be = select(chosen.version_id).where(chosen.version_id.is_not(None))
    found.update(tx.scalars(made_of.union(to_be)))
    return found


def _served() -> Select[int]:
    return select(distributions.c.version_id).where(distributions.c.version_id.is_not(None))


def _unpublished() -> Select[int]:
    return select(content_view_versions.c.id).where(~content_view_versions.c.published)


def _newest(count: int) -> Select[int]:
    versions = content_view_versions.c
    place = func.row_number().over(
        partition_by=versions.content_view_id,
        order_by=(versions.major.desc(), versions.minor.desc()),
    )
    ranked = select(versions.id, place.label("place")).where(versions.published).subquery()
    return select(ranked.c.id).where(ranked.c.place <= count)


def _worked_on(tx: Transaction) -> Iterable[int]:
    resources = tx.scalars(
        select(task_locks.c.resource).where(
            task_locks.c.live, task_locks.c.resource.startswith(_LOCK, autoescape=True)
        )
    )
    return [int(each.removeprefix(_LOCK)) for each in resources]


def _asked_for(tx: Transaction, clock: Clock, rules: DormancyRules) -> set[int]:
    asked = publications.c.awake_until
    return set(
        tx.scalars(
            select(publications.c.id)
            .where(~publications.c.dormant, asked > clock())
            .order_by(asked.desc(), publications.c.id)
            .limit(rules.most_woken)
        )
    )


def _dispensable(
    tx: Transaction,
    content_types: Mapping[str, ContentType],
    publication_ids: Sequence[int],
    rules: DormancyRules,
) -> Iterable[tuple[int, Sequence[str]]]:
    """Yield what each publication can do without, if that is much."""
    kinds = _kinds(tx, publication_ids)
    files = publication_files.c
    rows = tx.execute(
        select(files.publication_id, publications.c.options, files.path, blobs.c.size)
        .join(publications, publications.c.id == files.publication_id)
        .join(blobs, blobs.c.id == files.blob_id)
        .where(files.publication_id.in_(publication_ids))
        .order_by(files.publication_id, files.path)
    )
    for (publication_id, options), group in groupby(rows, key=lambda row: (row[0], row[1])):
        sizes = {row.path: row.size for row in group}
        content_type, exact = kinds.get(publication_id, ("", False))
        if content_type not in content_types:
            continue
        paths = content_types[content_type].dispensable(options, list(sizes), exact=exact)
        if paths and sum(sizes[path] for path in paths) >= rules.least_bytes:
            yield publication_id, paths


def _kinds(tx: Transaction, publication_ids: Sequence[int]) -> dict[int, tuple[str, bool]]:
    """Return the content type of each publication, and whether it is promised as upstream has it.

    Those that no version names are left out: they are about to be collected.
    """
    found: dict[int, tuple[str, bool]] = {}
    for table in (repository_versions, content_view_version_repositories):
        rows = tx.execute(
            select(
                table.c.publication_id, repositories.c.content_type, repositories.c.mirroring_policy
            )
            .join(repositories, repositories.c.id == table.c.repository_id)
            .where(table.c.publication_id.in_(publication_ids))
            .distinct()
        )
        for publication_id, content_type, policy in rows:
            _, exact = found.get(publication_id, ("", False))
            found[publication_id] = (content_type, exact or policy == _EXACT)
    return found
