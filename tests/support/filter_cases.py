"""Small repositories and filters, drawn so that they meet in every way."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from hypothesis import strategies as st

from headgate.content.rpm.filters.source import (
    Advisory,
    Group,
    ModuleDocument,
    Package,
    Source,
    Stream,
)
from headgate.plugin import Filter, FilterRule

NAMES = ["bash", "bash-doc", "Bear", "bear", "cow"]
VERSIONS = ["1", "1.0", "1.1", "1.1~rc1", "1.1^git2", "2", "10"]
RELEASES = ["1", "1.el9", "2.el9", "10.el9"]
ARCHES = ["noarch", "x86_64", "aarch64"]
GROUPS = ["core", "farm", "zoo"]
STREAMS = ["cow:1:1:aa:noarch", "cow:2:1:aa:noarch", "bear:1:1:bb:x86_64", "owl:1:2:cc:noarch"]
ERRATA = [f"BIRD-{number}" for number in range(5)]
TYPES = ["security", "bugfix", "recommended", "enhancement", "newpackage", "unspecified", ""]
DAYS = [date(2026, 1, day) for day in (1, 2, 3)]
_MOMENTS = [datetime(2026, 1, day, hour, tzinfo=UTC) for day in (1, 2, 3) for hour in (0, 23)]

_packages = st.lists(
    st.builds(
        Package,
        id=st.just(0),
        name=st.sampled_from(NAMES),
        epoch=st.sampled_from(["0", "1", "2"]),
        version=st.sampled_from(VERSIONS),
        release=st.sampled_from(RELEASES),
        arch=st.sampled_from(ARCHES),
    ),
    max_size=10,
).map(lambda found: [each._replace(id=number) for number, each in enumerate(found, start=1)])


@st.composite
def sources(draw: st.DrawFn) -> Source:
    packages = draw(_packages)
    nevras = [each.nevra for each in packages] + ["gone-0:1-1.noarch"]
    filenames = [each.filename for each in packages] + ["gone-1-1.noarch.rpm"]
    streams = [
        Stream._make([number, *key.split(":"), draw(_some(nevras))])
        for number, key in enumerate(draw(_some(STREAMS, at_most=3)), start=1)
    ]
    moments = st.none() | st.sampled_from(_MOMENTS)
    advisories = [
        Advisory(
            number,
            errata_id,
            draw(st.sampled_from(TYPES)),
            draw(moments),
            draw(moments),
            draw(_some(filenames)),
            draw(_some(STREAMS, at_most=2)),
        )
        for number, errata_id in enumerate(draw(_some(ERRATA)), start=1)
    ]
    groups = [
        Group(number, "group", group_id, group_id.title(), draw(_some([*NAMES, "gone"])))
        for number, group_id in enumerate(draw(_some(GROUPS)), start=1)
    ]
    groups += [
        Group(number, kind, f"{kind}-{number}", kind, draw(_some([*GROUPS, "gone"])))
        for number, kind in enumerate(
            draw(_some(["category", "environment", "langpacks"])), start=11
        )
    ]
    modules = draw(_some(["cow", "bear", "owl", "gone"]))
    documents = [ModuleDocument(number, name) for number, name in enumerate(modules, start=21)]
    return Source(packages, advisories, streams, groups, documents)


def _some(values: Sequence[str], *, at_most: int = 5) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=at_most, unique=True)


globs = st.sampled_from(["*", "bash*", "b*", "*ear", "BEAR", "cow", "b*-d*", "[bc]*", "?ow"])
bounds = st.tuples(
    st.sampled_from(["", "0:", "1:"]),
    st.sampled_from(VERSIONS),
    st.sampled_from(["", "-1.el9", "-2.el9"]),
).map("".join)
_architectures = st.none() | st.sampled_from(["noarch", "x86*", "*64", "X86_64"])
package_rules = st.builds(
    FilterRule, name=globs, architecture=_architectures, version=st.none() | bounds
) | st.builds(
    FilterRule,
    name=globs,
    architecture=_architectures,
    min_version=st.none() | bounds,
    max_version=st.none() | bounds,
)
_group_rules = st.builds(FilterRule, group_id=st.sampled_from(GROUPS)) | st.builds(
    FilterRule, name=st.sampled_from([*GROUPS, *map(str.title, GROUPS)])
)
_id_rules = st.builds(FilterRule, errata_id=st.sampled_from(ERRATA))
_date_rules = st.builds(
    FilterRule,
    start_date=st.none() | st.sampled_from(DAYS),
    end_date=st.none() | st.sampled_from(DAYS),
    date_type=st.sampled_from(["issued", "updated"]),
    types=_some(["security", "bugfix", "enhancement", "other"]),
    allow_other_types=st.booleans(),
)
_stream_rules = st.builds(FilterRule, module_stream=st.sampled_from(STREAMS))


def _filters(
    type_: str, rules: st.SearchStrategy[FilterRule], *, most: int = 3
) -> st.SearchStrategy[Filter]:
    flags = st.booleans()
    return st.builds(
        Filter,
        type=st.just(type_),
        inclusion=flags,
        original_packages=flags if type_ == "rpm" else st.just(value=False),
        original_module_streams=flags if type_ == "modulemd" else st.just(value=False),
        rules=st.lists(rules, max_size=most),
    )


filters = st.lists(
    _filters("rpm", package_rules)
    | _filters("package_group", _group_rules)
    | _filters("erratum", _id_rules)
    | _filters("erratum", _date_rules, most=1)
    | _filters("modulemd", _stream_rules),
    max_size=4,
)
