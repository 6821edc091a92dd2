"""Where settings come from: file, environment and command line; unknown keys are refused.

The later the stronger: the default, the file `HOME/headgate.toml` (or the one given), the
environment (`HEADGATE_` + section + `_` + key, lists with commas), the command line. A misspelt
setting must not pass silently, so whatever is not known is an error.
"""

import ipaddress
import os
import re
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from headgate.domain.errors import ConfigurationError
from headgate.domain.identity import ALGORITHMS
from headgate.server.settings import (
    ENVIRONMENT,
    SECTIONS,
    Oauth,
    Oidc,
    Settings,
    Upstream,
    variable_of,
)

# Not settings of the server: the command line's own, and those of tests.
_FOREIGN = (
    *("HEADGATE_SERVER_URL", "HEADGATE_USERNAME", "HEADGATE_PASSWORD", "HEADGATE_TOKEN"),
    *("HEADGATE_CA_FILE", "HEADGATE_CONFIG", "HEADGATE_CLI_", "HEADGATE_TEST_", "HEADGATE_CHAOS_"),
)


def read_settings(
    *,
    home: Path | None = None,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    given: Mapping[str, Mapping[str, Any]] | None = None,
) -> Settings:
    """Put the settings together; ConfigurationError names what is unknown or wrong, and where.

    `given` are the command line's values by section and key. The home folder is `home`, else
    HEADGATE_HOME, else ~/.local/share/headgate (or /var/lib/headgate for root).
    """
    environment = os.environ if environment is None else environment
    home = (home or _home(environment)).expanduser().absolute()
    values: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for source, found in (
        _from_file(file or _named_file(environment), home / "headgate.toml"),
        ("the environment", _from_environment(environment)),
        ("the command line", given or {}),
    ):
        for section, key, value in _checked(source, found):
            values[section][key] = value
    sections = {name: of(**values[name]) for name, of in SECTIONS.items()}
    named = frozenset(f"{name}.{key}" for name, entries in values.items() for key in entries)
    settings = Settings(home=home, given=named, **sections)
    _check(settings)
    return settings


def _home(environment: Mapping[str, str]) -> Path:
    named = environment.get("HEADGATE_HOME")
    if named:
        return Path(named)
    if os.geteuid() == 0:
        return Path("/var/lib/headgate")
    return Path(environment.get("XDG_DATA_HOME") or "~/.local/share") / "headgate"


def _named_file(environment: Mapping[str, str]) -> Path | None:
    named = environment.get("HEADGATE_CONFIG")
    return Path(named) if named else None


def _from_file(named: Path | None, default: Path) -> tuple[str, Mapping[str, Any]]:
    path = named or default
    try:
        with path.open("rb") as file:
            return str(path), tomllib.load(file)
    except FileNotFoundError:
        if named is None:
            return str(path), {}
        raise ConfigurationError(f"There is no settings file {path}") from None
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"The settings file {path} cannot be read: {error}") from error


def _from_environment(environment: Mapping[str, str]) -> Mapping[str, Mapping[str, Any]]:
    known = {
        variable_of(name, item.name): (name, item.name)
        for name, of in SECTIONS.items()
        for item in fields(of)
    }
    found: dict[str, dict[str, Any]] = {}
    for variable, text in environment.items():
        if not variable.startswith(ENVIRONMENT) or variable.startswith(_FOREIGN):
            continue
        if variable == "HEADGATE_HOME":
            continue
        if variable not in known:
            raise ConfigurationError(f"{variable} in the environment is not a setting of Headgate")
        section, key = known[variable]
        found.setdefault(section, {})[key] = text
    return found


def _checked(source: str, found: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for section, entries in found.items():
        of = SECTIONS.get(section)
        if of is None or not isinstance(entries, Mapping):
            known = ", ".join(SECTIONS)
            raise ConfigurationError(f"{source}: there is no section {section!r}; known: {known}")
        hints = typing.get_type_hints(of)
        for key, value in typing.cast("Mapping[str, Any]", entries).items():
            if key not in hints:
                known = ", ".join(hints)
                raise ConfigurationError(
                    f"{source}: {section!r} has no setting {key!r}; known: {known}"
                )
            try:
                yield section, key, _converted(value, hints[key])
            except (TypeError, ValueError) as error:
                raise ConfigurationError(f"{source}: {section}.{key}: {error}") from error


def _converted(value: Any, wanted: Any) -> Any:
    """Return `value` (of TOML, or text of the environment) as the type of the field."""
    if isinstance(wanted, types.UnionType):
        if value is None or value == "":
            return None
        (wanted,) = [option for option in typing.get_args(wanted) if option is not types.NoneType]
    if typing.get_origin(wanted) is tuple:
        return tuple(_converted(item, typing.get_args(wanted)[0]) for item in _items(value))
    if wanted is bool:
        return _boolean(value)
    if wanted is int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise TypeError(f"{value!r} is not a whole number")
        return int(value)
    if isinstance(value, wanted):
        return value
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return Path(value).expanduser().absolute() if wanted is Path else wanted(value)


def _items(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [item.strip() for item in value.split(",") if item.strip()]
    if isinstance(value, list | tuple):
        return list(typing.cast("list[Any]", value))
    raise TypeError(f"{value!r} is not a list")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in {"true", "yes", "on", "1"}:
        return True
    if value in {"false", "no", "off", "0"}:
        return False
    raise ValueError(f"{value!r} is neither true nor false")


_LEAST_SECRET = 32
_ORIGIN = re.compile(r"https://[A-Za-z0-9.\[\]:-]{1,255}")


def _check(settings: Settings) -> None:
    """Refuse values that are of the right type and still make no sense."""
    listen, processes = settings.listen, settings.processes
    for key, port in (("port", listen.port), ("http_port", listen.http_port)):
        if port is not None and not 0 <= port <= 65535:
            raise ConfigurationError(f"listen.{key}: {port} is not a port")
    if listen.url and not _ORIGIN.fullmatch(listen.url):
        raise ConfigurationError("listen.url is like https://NAME or https://NAME:PORT")
    if processes.web < 0 or processes.worker < 0 or processes.web + processes.worker == 0:
        raise ConfigurationError("processes: at least one web or worker process is needed")
    if not 0 <= processes.worker_niceness <= 19:
        raise ConfigurationError("processes.worker_niceness is from 0 to 19")
    if settings.logging.level not in {"debug", "info", "warning", "error"}:
        raise ConfigurationError("logging.level is one of debug, info, warning, error")
    if settings.logging.format not in {"json", "console", "auto"}:
        raise ConfigurationError("logging.format is one of json, console, auto")
    if not 1 <= settings.registry.token_minutes <= 15:
        raise ConfigurationError("registry.token_minutes is from 1 to 15")
    _check_oidc(settings.oidc)
    _check_oauth(settings.oauth)
    _check_networks(settings.upstream)


def _check_oidc(oidc: Oidc) -> None:
    if not oidc.issuer:
        return
    for key, url in (("issuer", oidc.issuer), ("jwks_url", oidc.jwks_url)):
        if url and not url.startswith("https://"):
            raise ConfigurationError(f"oidc.{key} must begin with https://")
    if not oidc.audience:
        raise ConfigurationError("oidc.audience is missing: tokens for anybody would be taken")
    unknown = sorted(set(oidc.algorithms) - set(ALGORITHMS))
    if unknown or not oidc.algorithms:
        known = ", ".join(ALGORITHMS)
        raise ConfigurationError(f"oidc.algorithms are one or more of {known}")
    if not 0 <= oidc.leeway <= 300:
        raise ConfigurationError("oidc.leeway is from 0 to 300")
    if oidc.ca_file is not None and not oidc.ca_file.is_file():
        raise ConfigurationError(f"oidc.ca_file: there is no file {oidc.ca_file}")


def _check_oauth(oauth: Oauth) -> None:
    secret = oauth.consumer_secret
    if bool(oauth.consumer_key) != (secret is not None):
        raise ConfigurationError("oauth: consumer_key and consumer_secret go together")
    if secret is not None and len(secret.reveal()) < _LEAST_SECRET:
        raise ConfigurationError(f"oauth.consumer_secret has {_LEAST_SECRET} characters or more")


def _check_networks(upstream: Upstream) -> None:
    for key in ("allow_networks", "deny_networks"):
        for network in getattr(upstream, key):
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                raise ConfigurationError(f"upstream.{key}: {error}") from error
