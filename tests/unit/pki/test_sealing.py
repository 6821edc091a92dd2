"""Sealing of secrets, and the type that never shows them."""

import json
import pickle
import stat
from pathlib import Path

import pytest

from headgate.domain.errors import ConfigurationError
from headgate.domain.secret import Secret
from headgate.pki.sealing import Sealer


def test_what_is_sealed_opens_after_a_restart(tmp_path: Path) -> None:
    sealed = Sealer.open_folder(tmp_path / "keys").seal(b"hunter2", purpose="a.b")

    assert Sealer.open_folder(tmp_path / "keys").unseal(sealed, purpose="a.b") == b"hunter2"
    assert b"hunter2" not in sealed
    assert stat.S_IMODE((tmp_path / "keys" / "seal.key").stat().st_mode) == 0o600


def test_equal_secrets_are_sealed_differently(tmp_path: Path) -> None:
    sealer = Sealer.open_folder(tmp_path)

    assert sealer.seal(b"x") != sealer.seal(b"x")


def test_a_sealed_secret_opens_only_for_its_purpose_and_key(tmp_path: Path) -> None:
    sealer = Sealer.open_folder(tmp_path / "one")
    sealed = sealer.seal(b"x", purpose="repositories.password")

    for opener, purpose in (
        (sealer, "credentials.content"),
        (Sealer.open_folder(tmp_path / "other"), "repositories.password"),
    ):
        with pytest.raises(ConfigurationError, match=r"seal\.key"):
            opener.unseal(sealed, purpose=purpose)


@pytest.mark.parametrize("damage", [b"", b"\x01", b"\x02" + bytes(40), bytes(12)])
def test_damaged_bytes_do_not_open(tmp_path: Path, damage: bytes) -> None:
    with pytest.raises(ConfigurationError):
        Sealer.open_folder(tmp_path).unseal(damage)


def test_a_key_file_of_the_wrong_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "seal.key").write_bytes(b"short")

    with pytest.raises(ConfigurationError, match="restore"):
        Sealer.open_folder(tmp_path)


def test_derived_keys_are_stable_and_differ_by_purpose(tmp_path: Path) -> None:
    sealer = Sealer.open_folder(tmp_path)

    assert sealer.derived_key("a") == Sealer.open_folder(tmp_path).derived_key("a")
    assert sealer.derived_key("a") != sealer.derived_key("b")


def test_a_secret_never_shows() -> None:
    secret = Secret("hunter2")

    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>20}", repr({"password": secret})]

    assert not any("hunter2" in text for text in shown)
    with pytest.raises(TypeError):
        json.dumps({"password": secret})
    with pytest.raises(TypeError, match="seal"):
        pickle.dumps(secret)
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2")
    assert secret != Secret("hunter3")
