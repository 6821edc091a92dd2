from pathlib import PurePosixPath
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from headgate.domain.errors import InvalidContentError
from headgate.domain.paths import safe_relpath

PIECES = st.sampled_from(
    ["..", ".", "/", "a", "%2e", "%2f", "%25", "\\", "%5c", ":", "file", "~", "\0", "%00", " ", "ö"]
)


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_what_is_let_through_stays_below_its_folder_however_often_it_is_decoded(text: str) -> None:
    try:
        path = safe_relpath(text)
    except InvalidContentError:
        return

    assert safe_relpath(path) == path
    for _ in range(6):
        assert not path.startswith("/")
        assert ".." not in PurePosixPath(path).parts
        assert "\\" not in path
        assert "\0" not in path
        path = unquote(path, errors="surrogateescape")
