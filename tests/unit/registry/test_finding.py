"""What a reference names, however many repositories have something of the same name."""

from datetime import UTC, datetime

import pytest
from pyroaring import BitMap

from headgate.content.container.content import UNIT_TYPES
from headgate.content.container.finding import Holding
from headgate.content.container.units import TAG, insert_tags
from headgate.domain.content import Content
from headgate.services.units.content_sets import save_content
from headgate.stores.db import Database

_NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("place", [0, 249])
def test_a_tag_that_everybody_has_is_the_repository_s_own(database: Database, place: int) -> None:
    digests = [f"sha256:{number:064x}" for number in range(250)]
    with database.begin() as tx:
        ids = [insert_tags(tx, [("latest", digest)])["latest"] for digest in digests]
        content = Content({TAG: BitMap([ids[place]])})
        held = save_content(tx, clock=lambda: _NOW, content=content, unit_types=UNIT_TYPES)

        assert Holding(tx, held).target_of("latest") == digests[place]
        assert Holding(tx, held).target_of("oldest") is None
        assert Holding(tx, None).target_of("latest") is None
