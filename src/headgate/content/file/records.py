"""Reading files: how they are searched and sorted."""

from typing import Final

from sqlalchemy import ColumnElement, false

from headgate.content.file.tables import file_units
from headgate.search import Field, Fields
from headgate.services.listing import Catalog

_F = file_units.c


def _checksum_is(operator: str, value: str) -> ColumnElement[bool]:
    try:
        raw = bytes.fromhex(value)
    except ValueError:
        return false()
    return _F.checksum == raw if operator == "=" else false()


FILES: Final = Catalog(
    key=_F.id,
    fields=Fields(
        {
            "id": Field(_F.id, "integer"),
            "name": Field(_F.path, default=True),
            "path": Field(_F.path),
            "checksum": Field(_F.checksum, compare=_checksum_is),
        }
    ),
)
