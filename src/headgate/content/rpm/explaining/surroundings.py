"""The part of a repository's content that decides about a few packages, found without the rest.

What filters say of a package depends on the streams that list it, on the advisories that name it,
are about its streams or name what these list, and on the groups that name it. One thing is beyond
that: an advisory that names another package of a very large stream, but no stream. Who needs
certainty compares the result with what the version holds, and reads everything if they differ
(`explaining/__init__.py`).
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from pyroaring import BitMap
from sqlalchemy import Column, ColumnElement, String, and_, cast, false, func, or_, select

from headgate.content.rpm.filters.reading import (
    ADVISORY_COLUMNS,
    GROUP_COLUMNS,
    STREAM_COLUMNS,
    advisory_of,
    group_of,
)
from headgate.content.rpm.filters.source import Advisory, Package, Source, Stream
from headgate.content.rpm.tables import errata, module_documents, package_groups, rpm_packages
from headgate.domain.content import Content
from headgate.plugin import Filter
from headgate.stores.db import Transaction

_MOST_COMPANIONS: Final = 400


def surroundings(
    tx: Transaction, content: Content, packages: Sequence[Package], filters: Sequence[Filter]
) -> Source:
    """Return the packages, which are of few names, with what decides about them.

    Packages that the same streams list may be among what is returned.
    """
    if not filters or not packages:
        return Source(packages)
    types = {each.type for each in filters}
    flagged = any(each.original_packages or each.original_module_streams for each in filters)
    names = sorted({package.name for package in packages})
    nevras = [package.nevra for package in packages]
    streams = _streams(tx, content, _mentions(tx, module_documents.c.artifacts, nevras))
    modules = sorted({stream.name for stream in streams})
    advisories: list[Advisory] = []
    if flagged or "erratum" in types:
        companions = _companions(streams, names)
        packages = [*packages, *_named(tx, content, companions)]
        about = [*names, *companions]
        condition = or_(
            _mentions(tx, errata.c.packages, about), _mentions(tx, errata.c.modules, modules)
        )
        rows = _rows(tx, ADVISORY_COLUMNS, content["erratum"], condition)
        advisories = [advisory_of(row) for row in rows]
    # An advisory that names a stream which is here is about no other: these must be known, too.
    named = {key.partition(":")[0] for advisory in advisories for key in advisory.modules}
    known = {stream.id: stream for stream in streams}
    if named:
        condition = module_documents.c.name.in_(sorted(named))
        known |= {stream.id: stream for stream in _streams(tx, content, condition)}
    groups: Iterable[Any] = ()
    if "package_group" in types:
        condition = and_(
            package_groups.c.kind == "group", _mentions(tx, package_groups.c.members, names)
        )
        groups = _rows(tx, GROUP_COLUMNS, content["package_group"], condition)
    return Source(
        packages=packages,
        advisories=advisories,
        streams=list(known.values()),
        groups=[group_of(row) for row in groups],
    )


def _companions(streams: Sequence[Stream], names: Sequence[str]) -> Sequence[str]:
    """Return the names of what else the streams list: an advisory of that counts for them, too.

    Of streams of very many packages none: a statement takes only so many conditions.
    """
    listed = {artifact.rsplit("-", 2)[0] for each in streams for artifact in each.artifacts}
    found = sorted(listed - set(names))
    return found if len(found) <= _MOST_COMPANIONS else ()


def _named(tx: Transaction, content: Content, names: Sequence[str]) -> list[Package]:
    columns = [rpm_packages.c[name] for name in Package._fields]
    rows = _rows(tx, columns, content["rpm"], rpm_packages.c.name.in_(names)) if names else ()
    return [Package(*row) for row in rows]


def _streams(tx: Transaction, content: Content, condition: ColumnElement[bool]) -> list[Stream]:
    found = _rows(tx, STREAM_COLUMNS, content["module_stream"], condition)
    return [Stream(*row) for row in found]


def _rows(
    tx: Transaction,
    columns: Sequence[ColumnElement[Any]],
    ids: BitMap,
    condition: ColumnElement[bool],
) -> Iterable[Any]:
    """Return the rows of these units, whose ids are the first column."""
    if not ids:
        return ()
    query = select(*columns).where(columns[0].between(ids.min(), ids.max()), condition)
    return [row for row in tx.execute(query) if row.id in ids]


def _mentions(tx: Transaction, column: Column[Any], texts: Sequence[str]) -> ColumnElement[bool]:
    """Whether the JSON of a column holds one of these texts, as it was written."""
    find = func.instr if tx.dialect.name == "sqlite" else func.strpos
    written = cast(column, String)
    return or_(false(), *(find(written, json.dumps(text)) > 0 for text in texts))
