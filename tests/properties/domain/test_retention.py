"""Retention against an oracle that says of each version alone whether it may go."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter

from hypothesis import given
from hypothesis import strategies as st

from headgate.domain.retention import RetainedVersion, RetentionPolicy

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SECONDS_OF_A_DAY = 86_400

ages = st.one_of(
    st.integers(min_value=0, max_value=6).map(lambda days: timedelta(days=days)),
    st.integers(min_value=0, max_value=5 * SECONDS_OF_A_DAY).map(
        lambda seconds: timedelta(seconds=seconds)
    ),
)


def version(number: tuple[int, int], age: timedelta, pinned: bool, used: bool) -> RetainedVersion:
    return RetainedVersion(
        number[0] * 100 + number[1] + 1, number, NOW - age, pinned=pinned, used=used
    )


versions = st.lists(
    st.builds(
        version,
        st.tuples(st.integers(min_value=1, max_value=9), st.integers(min_value=0, max_value=3)),
        ages,
        st.booleans(),
        st.booleans(),
    ),
    unique_by=attrgetter("number"),
    max_size=12,
)
policies = st.builds(
    RetentionPolicy,
    st.none() | st.integers(min_value=1, max_value=6),
    st.none() | st.integers(min_value=0, max_value=6),
)


def may_go(one: RetainedVersion, others: Sequence[RetainedVersion], p: RetentionPolicy) -> bool:
    newer = sum(1 for other in others if other.number > one.number)
    reasons_to_stay = [
        p == RetentionPolicy(),
        newer == 0,
        one.pinned,
        one.used,
        p.keep_versions is not None and newer < p.keep_versions,
        p.keep_days is not None
        and (NOW - one.created_at).total_seconds() < p.keep_days * SECONDS_OF_A_DAY,
    ]
    return not any(reasons_to_stay)


@given(versions, policies)
def test_exactly_what_no_rule_keeps_goes(
    held: list[RetainedVersion], policy: RetentionPolicy
) -> None:
    going = policy.expendable(held, NOW)

    assert set(going) == {each.id for each in held if may_go(each, held, policy)}
    assert going == sorted(going)  # the oldest first: here ids follow numbers


@given(versions, policies)
def test_what_is_left_is_left_alone(held: list[RetainedVersion], policy: RetentionPolicy) -> None:
    going = set(policy.expendable(held, NOW))
    left = [each for each in held if each.id not in going]

    again = policy.expendable(left, NOW)

    # Of what stays nothing moves up so far that it would go.
    assert again == []


@given(versions, policies, policies)
def test_another_rule_never_deletes_more(
    held: list[RetainedVersion], one: RetentionPolicy, other: RetentionPolicy
) -> None:
    both = RetentionPolicy(one.keep_versions, other.keep_days)
    alone = [RetentionPolicy(one.keep_versions), RetentionPolicy(keep_days=other.keep_days)]

    for each in alone:
        if each != RetentionPolicy():
            assert set(both.expendable(held, NOW)) <= set(each.expendable(held, NOW))
