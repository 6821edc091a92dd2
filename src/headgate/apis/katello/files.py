"""`/katello/api/files`."""

from typing import Any, Final

from headgate.apis.actions import Call
from headgate.apis.katello.units import UnitKind, unit_resource
from headgate.content.file.records import FILES
from headgate.content.file.tables import file_units
from headgate.services.units.units import UnitRows


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "uuid": row.digest.hex(),
        "name": row.path,
        "path": row.path,
        "checksum": row.checksum.hex(),
        "size": row.size,
        "downloaded": row.blob_id is not None,
    }


def _details(_call: Call, row: Any) -> dict[str, Any]:
    return _shown(row)


files: Final = unit_resource(
    "file_units",
    "Files",
    UnitKind(UnitRows("file", file_units), FILES, _shown, _details),
    path="files",
)
