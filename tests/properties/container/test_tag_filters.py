"""What tag filters keep, against an oracle that knows only the words of the documentation."""

import re
from collections.abc import Sequence
from hashlib import sha256, sha512

from hypothesis import given
from hypothesis import strategies as st

from headgate.content.container.filters import (
    HeldManifest,
    Source,
    Tag,
    TagFilters,
    rule_matches,
)
from headgate.plugin import Filter, FilterRule
from support.tag_oracle import TagOracle

DIGESTS = [f"sha256:{sha256(letter).hexdigest()}" for letter in (b"a", b"b", b"c", b"d", b"e")]
DIGESTS.append(f"sha512:{sha512(b'f').hexdigest()}")
GONE = f"sha256:{sha256(b'gone').hexdigest()}"
NAMES = ["1.0", "1.1", "1_1", "1x1", "latest", "LATEST", "a%b", "edge"]
COMPANIONS = [
    digest.replace(":", "-")[:71] + suffix
    for digest in [*DIGESTS, GONE]
    for suffix in ("", ".sig", ".att")
]
GLOBS = ["*", "1*", "1.*", "1_1", "1%", "*t", "LATEST", "l*e*t", "sha256-*", "*.sig", "*a*", "?"]


@st.composite
def sources(draw: st.DrawFn) -> Source:
    here = draw(st.lists(st.sampled_from(DIGESTS), unique=True))
    manifests = [
        HeldManifest(
            number,
            digest,
            draw(st.booleans()),
            draw(st.none() | st.sampled_from([*DIGESTS, GONE])),
            draw(st.lists(st.sampled_from([*DIGESTS, GONE]), max_size=2)),
        )
        for number, digest in enumerate(here, start=1)
    ]
    names = draw(st.lists(st.sampled_from(NAMES + COMPANIONS), unique=True, max_size=8))
    targets = st.sampled_from([*DIGESTS, GONE])
    return Source(
        [Tag(number, name, draw(targets)) for number, name in enumerate(names)], manifests
    )


rules = st.builds(FilterRule, name=st.sampled_from(GLOBS + NAMES + COMPANIONS))
filters = st.lists(
    st.builds(
        Filter,
        type=st.just("docker"),
        inclusion=st.booleans(),
        original_packages=st.just(value=False),
        rules=st.lists(rules, max_size=3),
    ),
    min_size=1,
    max_size=3,
)


@given(sources(), filters)
def test_filters_keep_what_the_oracle_keeps(source: Source, applied: Sequence[Filter]) -> None:
    kept = TagFilters(source, applied).kept()

    oracle = TagOracle(source, applied)
    assert kept.tags == oracle.tags
    assert kept.manifests == oracle.manifests


@given(st.text("ab*_", max_size=8), st.text("ab_%", max_size=10))
def test_the_star_stands_for_anything_and_nothing_else_does(glob: str, name: str) -> None:
    expected = re.fullmatch(re.escape(glob).replace(r"\*", ".*"), name) is not None

    assert rule_matches(FilterRule(name=glob), name) is expected


def test_a_hostile_rule_takes_no_time() -> None:
    rule = FilterRule(name="*a" * 120 + "*b")

    assert not rule_matches(rule, "a" * 128)
