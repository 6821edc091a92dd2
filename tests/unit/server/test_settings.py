"""Settings: where they come from, and what is refused."""

from pathlib import Path

import pytest

from headgate.domain.errors import ConfigurationError
from headgate.server.settings import Settings, documented, rendered
from headgate.server.settings_sources import read_settings


def read(home: Path, text: str = "", **environment: str) -> Settings:
    (home / "headgate.toml").write_text(text)
    return read_settings(home=home, environment=environment)


def test_defaults_work_without_a_file(tmp_path: Path) -> None:
    settings = read_settings(home=tmp_path, environment={})

    assert settings.listen.port == 8443
    assert settings.embedded_database
    assert settings.database_url == f"sqlite:///{tmp_path}/headgate.db"
    assert settings.upstream.file_roots == ()


def test_the_command_line_beats_the_environment_and_that_the_file(tmp_path: Path) -> None:
    (tmp_path / "headgate.toml").write_text("[listen]\nport = 1\nhttp_port = 1\naddress = 'x'")
    environment = {"HEADGATE_LISTEN_PORT": "2", "HEADGATE_LISTEN_HTTP_PORT": "2"}

    listen = read_settings(
        home=tmp_path, environment=environment, given={"listen": {"port": 3}}
    ).listen

    assert (listen.address, listen.http_port, listen.port) == ("x", 2, 3)


def test_texts_of_the_environment_become_the_types_of_the_settings(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        HEADGATE_UPSTREAM_FILE_ROOTS="/srv/a, /srv/b",
        HEADGATE_LOGGING_REQUESTS="yes",
        HEADGATE_LISTEN_HTTP_PORT="",
        HEADGATE_ADMIN_PASSWORD="changeme",  # noqa: S106 - not a real one
        PATH="/bin",
    )

    assert settings.upstream.file_roots == (Path("/srv/a"), Path("/srv/b"))
    assert settings.logging.requests is True
    assert settings.listen.http_port is None
    assert settings.admin.password is not None
    assert settings.admin.password.reveal() == "changeme"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[listen]\nprot = 1", "no setting 'prot'"),
        ("[lisden]\nport = 1", "no section 'lisden'"),
        ("port = 1", "no section 'port'"),
        ("[listen]\nport = 'many'", "listen.port"),
        ("[listen]\nurl = 'http://headgate.example.org'", "listen.url"),
        ("[listen]\nurl = 'https://headgate.example.org/below'", "listen.url"),
        ("[listen]\nport = true", "not a whole number"),
        ("[listen]\nport = 70000", "not a port"),
        ("[listen]\nhosts = 5", "not a list"),
        ("[listen]\naddress = 5", "not a text"),
        ("[logging]\nrequests = 'perhaps'", "neither true nor false"),
        ("[logging]\nlevel = 'loud'", "logging.level"),
        ("[upstream]\ndeny_networks = ['10.0.0.0/99']", "deny_networks"),
        ("[processes]\nweb = 0\nworker = 0", "at least one"),
        ("[listen", "cannot be read"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        read(tmp_path, text)


def test_an_unknown_variable_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="HEADGATE_LISTEN_PROT"):
        read(tmp_path, HEADGATE_LISTEN_PROT="8443")


def test_variables_of_others_are_let_be(tmp_path: Path) -> None:
    read(tmp_path, HEADGATE_CLI_SERVER="x", HEADGATE_TEST_FAST="1", HEADGATEX="1")


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no settings file"):
        read_settings(home=tmp_path, file=tmp_path / "absent.toml", environment={})


def test_every_setting_has_its_sentence(tmp_path: Path) -> None:
    for item in documented(read_settings(home=tmp_path, environment={})):
        assert item.sentence.endswith("."), item.key
        assert item.variable == "HEADGATE_" + item.key.upper().replace(".", "_")


def test_what_is_printed_reads_back_and_hides_secrets(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        "[listen]\nport = 9443\nhosts = ['a', 'b']\n[logging]\nrequests = true",
        HEADGATE_ADMIN_PASSWORD="hunter2",  # noqa: S106 - not a real one
    )

    printed = rendered(settings)

    assert "hunter2" not in printed
    without_password = "\n".join(
        line for line in printed.splitlines() if not line.startswith("password")
    )
    again = read(tmp_path, without_password)
    assert (again.listen, again.logging) == (settings.listen, settings.logging)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"oidc": {"issuer": "http://sso.example"}}, "https://"),
        ({"oidc": {"issuer": "https://sso.example"}}, "oidc.audience is missing"),
        (
            {"oidc": {"issuer": "https://a", "audience": ["x"], "algorithms": ["HS256"]}},
            "oidc.algorithms",
        ),
        ({"oidc": {"issuer": "https://a", "audience": ["x"], "leeway": 301}}, "oidc.leeway"),
        ({"oauth": {"consumer_key": "installer"}}, "go together"),
        ({"oauth": {"consumer_key": "installer", "consumer_secret": "short"}}, "32 characters"),
    ],
)
def test_logins_that_others_vouch_for_are_not_half_configured(
    tmp_path: Path, section: dict[str, dict[str, object]], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read_settings(home=tmp_path, environment={}, given=section)
