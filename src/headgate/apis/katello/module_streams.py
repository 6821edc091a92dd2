"""`/katello/api/module_streams`."""

from typing import Any

from headgate.apis.actions import Call
from headgate.apis.katello.units import UnitKind, unit_resource
from headgate.content.rpm.records import MODULE_STREAMS
from headgate.content.rpm.tables import module_documents
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


module_streams = unit_resource(
    "module_streams",
    "Module streams",
    UnitKind(UnitRows("module_stream", module_documents), MODULE_STREAMS, _shown, _details),
)
