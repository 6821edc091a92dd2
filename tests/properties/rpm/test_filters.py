"""What filters keep, against an oracle that knows nothing but the words of the documentation."""

from collections.abc import Sequence

from hypothesis import given

from headgate.content.rpm.filters import Filters, with_dependents
from headgate.content.rpm.filters.source import Source
from headgate.domain.content import Content
from headgate.plugin import Filter
from support.filter_cases import filters, sources
from support.filter_oracle import Oracle


@given(sources(), filters)
def test_filters_keep_what_the_oracle_keeps(source: Source, applied: Sequence[Filter]) -> None:
    held = Content.of({"srpm": [1], "repository_file": [2], "distribution_tree": [3]})
    oracle = Oracle(source, applied)

    kept = with_dependents(held, source, Filters(source, applied).kept())

    expected = Content.of(
        {
            **held.units,
            "rpm": [one.id for one in source.packages if oracle.keeps_package(one)],
            "module_stream": [one.id for one in source.streams if oracle.keeps_stream(one)],
            "erratum": [one.id for one in source.advisories if oracle.keeps_advisory(one)],
            "package_group": [one.id for one in source.groups if oracle.keeps_group(one)],
            "module_defaults": [
                one.id for one in source.module_documents if oracle.keeps_documents_of(one.name)
            ],
        }
    )
    assert kept == expected
