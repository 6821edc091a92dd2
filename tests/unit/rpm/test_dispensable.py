"""What a publication may let go of, and how it is known with which options it was made."""

from hypothesis import given
from hypothesis import strategies as st

from headgate.content.rpm.publish import dispensable
from headgate.plugin import PublishOptions

OURS = "yum:sha256:gz"
UPSTREAMS = "yum:upstream:sha256:abc:all"
INDEX = ("repodata/repomd.xml", "repodata/repomd.xml.asc", "repodata/repomd.xml.key")
PRIMARY = "repodata/0af3-primary.xml.gz"
MODULES = "repodata/0af4-modules.yaml.zst"
KEPT = "repodata/0af5-productid.gz"


def test_what_is_made_of_segments_goes_and_its_index_stays() -> None:
    files = [*INDEX, PRIMARY, MODULES, KEPT]

    assert dispensable(OURS, files, exact=True) == [PRIMARY, MODULES]
    assert dispensable(f"{OURS}:signed:F00", files, exact=False) == [PRIMARY, MODULES]


def test_upstreams_files_go_together_unless_they_are_promised_or_signed() -> None:
    files = [INDEX[0], PRIMARY, KEPT]

    assert dispensable(UPSTREAMS, files, exact=False) == files
    assert dispensable(UPSTREAMS, files, exact=True) == ()
    assert dispensable(UPSTREAMS, [*INDEX, PRIMARY], exact=False) == ()
    signed_by_us = [*INDEX, PRIMARY]
    assert dispensable(f"{UPSTREAMS}:signed:F00", signed_by_us, exact=False) == signed_by_us


@given(
    st.sampled_from([None, "sha256", "sha384", "sha512"]),
    st.sampled_from([None, "gz", "zstd"]),
    st.sampled_from([None, "F00D"]),
)
def test_options_are_read_back_from_their_key(
    checksum: str | None, compression: str | None, signing: str | None
) -> None:
    options = PublishOptions(checksum, compression, signing)

    found = PublishOptions.of_key(options.key("yum"), "yum")

    assert found is not None
    assert found.key("yum") == options.key("yum")


def test_the_keys_of_other_publications_name_no_options() -> None:
    for key in (UPSTREAMS, f"{UPSTREAMS}:signed:F00", "replaced:12", "", "file:sha256:gz"):
        assert PublishOptions.of_key(key, "yum") is None
