"""Challenges read back as they were written, and nothing that is sent breaks the reader."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from headgate.upstream.challenges import Challenge, challenges_of

_TOKENS = st.from_regex(r"[a-z0-9!#$&'*+.^_`|~-]{1,12}", fullmatch=True)
_TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
_CHALLENGES = st.builds(
    Challenge, _TOKENS, st.dictionaries(_TOKENS, _TEXTS, min_size=1, max_size=4)
)


@given(st.lists(_CHALLENGES, max_size=4))
def test_challenges_read_back_as_they_were_written(written: list[Challenge]) -> None:
    together = ", ".join(map(_render, written))

    assert challenges_of([together]) == written
    assert challenges_of(map(_render, written)) == written


@given(st.text(max_size=300))
def test_any_field_is_read(text: str) -> None:
    for challenge in challenges_of([text]):
        assert challenge.scheme


def _render(challenge: Challenge) -> str:
    return f"{challenge.scheme} {_parameters(challenge.parameters)}"


def _parameters(parameters: Mapping[str, str]) -> str:
    quoted = {
        name: value.replace("\\", "\\\\").replace('"', '\\"') for name, value in parameters.items()
    }
    return ", ".join(f'{name}="{value}"' for name, value in quoted.items())
