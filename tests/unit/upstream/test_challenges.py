"""Reading WWW-Authenticate."""

import pytest

from headgate.upstream.challenges import Challenge, challenges_of


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (['Basic realm="x"'], [Challenge("basic", {"realm": "x"})]),
        (
            ['Bearer realm="https://a.example/t?x=1,2",service=r,scope="repository:a/b:pull,push"'],
            [
                Challenge(
                    "bearer",
                    {
                        "realm": "https://a.example/t?x=1,2",
                        "service": "r",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
        ),
        (
            ['Negotiate, Basic realm="a \\"b\\"", charset = "UTF-8" , BEARER Realm=x'],
            [
                Challenge("negotiate"),
                Challenge("basic", {"realm": 'a "b"', "charset": "UTF-8"}),
                Challenge("bearer", {"realm": "x"}),
            ],
        ),
        (
            ["NTLM TlRMTVNT==, Basic realm=x"],
            [Challenge("ntlm"), Challenge("basic", {"realm": "x"})],
        ),
        (["Basic", 'Bearer realm="y"'], [Challenge("basic"), Challenge("bearer", {"realm": "y"})]),
        ([], []),
        (["", " , ,"], []),
        (['Bearer realm="open'], [Challenge("bearer")]),
        (["\x00"], []),
    ],
)
def test_challenges_are_told_apart(fields: list[str], found: list[Challenge]) -> None:
    assert challenges_of(fields)[: len(found)] == found
    if not found:
        assert challenges_of(fields) == []


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        'Bearer realm="' + "\\" * 1_000_000,
        "Bearer " + "a=b," * 100_000,
        "," * 100_000,
    ],
)
def test_long_fields_take_no_time(text: str) -> None:
    assert len(challenges_of([text])) <= 2
