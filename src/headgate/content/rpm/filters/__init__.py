"""What content view filters keep of a yum repository.

`combining` has the rules by which filters add up, `rules` what one rule matches, `dependents` what
goes along with packages and streams. `source` is what all of these look at: values without a
database, so that an oracle can check every combination.
"""

from collections.abc import Sequence

from headgate.content.rpm.filters.combining import Filters, Kept
from headgate.content.rpm.filters.dependents import (
    kept_advisories,
    kept_groups,
    kept_module_documents,
)
from headgate.content.rpm.filters.reading import read_source
from headgate.content.rpm.filters.source import Source
from headgate.domain.content import Content
from headgate.plugin import Filter
from headgate.stores.db import Transaction


def filtered(tx: Transaction, content: Content, filters: Sequence[Filter]) -> Content:
    """Return what the filters keep of the content, a part of it; no filters keep everything.

    Source packages, images and files that were passed through always stay.
    """
    if not filters:
        return content
    source = read_source(tx, content)
    return with_dependents(content, source, Filters(source, filters).kept())


def with_dependents(content: Content, source: Source, kept: Kept) -> Content:
    """Return the content with these packages and streams, and what depends on them."""
    return content.replaced(
        rpm=kept.packages,
        module_stream=kept.streams,
        erratum=kept_advisories(source, kept),
        package_group=kept_groups(source, kept),
        module_defaults=kept_module_documents(source, kept),
    )
