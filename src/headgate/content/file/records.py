"""Reading files: how they are searched and sorted."""

from typing import Final

from headgate.content.file.tables import file_units
from headgate.search import Field, Fields, checksum_field
from headgate.services.listing import Catalog

_F = file_units.c


FILES: Final = Catalog(
    key=_F.id,
    fields=Fields(
        {
            "id": Field(_F.id, "integer"),
            "name": Field(_F.path, default=True),
            "path": Field(_F.path),
            "checksum": checksum_field(_F.checksum),
        }
    ),
)
