"""`/katello/api/module_streams`."""

from typing import Any

from headgate.apis.actions import Call, Listing, doc
from headgate.apis.katello.units import (
    Index,
    UnitKind,
    declare_index,
    list_units,
    unit_resource,
)
from headgate.content.rpm.filters.named import STREAM_COLUMNS, streams_named
from headgate.content.rpm.records import MODULE_STREAMS, one_of_each_stream
from headgate.content.rpm.related_fields import stream_fields
from headgate.content.rpm.tables import module_documents
from headgate.services.units.named_units import Naming
from headgate.services.units.units import UnitRows


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "uuid": row.digest.hex(),
        "name": row.name,
        "stream": row.stream,
        "version": row.version,
        "context": row.context,
        "arch": row.arch,
        "summary": row.summary,
        "description": row.description,
        "module_spec": f"{row.name}:{row.stream}:{row.version}:{row.context}:{row.arch}",
    }


def _details(_call: Call, row: Any) -> dict[str, Any]:
    return {
        **_shown(row),
        "artifacts": [{"name": nevra} for nevra in row.artifacts],
        "profiles": [
            {"name": name, "rpms": [{"name": each} for each in packages]}
            for name, packages in row.profiles.items()
        ],
        "dependencies": row.dependencies,
    }


def _name_and_stream(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "stream": row.stream,
        "module_spec": f"{row.name}:{row.stream}",
    }


_KIND = UnitKind(
    UnitRows("module_stream", module_documents),
    MODULE_STREAMS,
    _shown,
    _details,
    naming=Naming("modulemd", STREAM_COLUMNS, streams_named),
    further=lambda call: stream_fields(call.actor),
)
module_streams = unit_resource("module_streams", "Module streams", _KIND, own_index=True)


class StreamIndex(Index):
    """List module streams."""

    name_stream_only: bool = doc(
        "Each name and stream once, whatever its versions and contexts", default=False
    )


@declare_index(module_streams)
def index(call: Call, params: StreamIndex) -> Listing:
    """List them."""
    if not params.name_stream_only:
        return list_units(call, params, _KIND)
    return list_units(call, params, _KIND, narrow=one_of_each_stream, show=_name_and_stream)
