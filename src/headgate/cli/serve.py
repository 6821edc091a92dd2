"""`headgate serve`, `headgate migrate`, `headgate settings`: the server's own commands."""

import gc
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from headgate.domain.errors import HeadgateError

if TYPE_CHECKING:
    from headgate.server.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

_HOME = click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), help="Folder that holds everything."
)
_CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file; HOME/headgate.toml by default.",
)


@click.command()
@_HOME
@_CONFIG
@click.option("--port", type=int, help="HTTPS port (8443); 0 takes a free one.")
@click.option("--http-port", type=int, help="Port for plain HTTP: unprotected content only.")
@click.option("--host", "hosts", multiple=True, help="A name or address of this server.")
@click.option("--next-free-port", is_flag=True, default=None, help="Go on if a port is taken.")
@click.option("--proxy-socket", type=click.Path(path_type=Path), help="Unix socket for nginx.")
@click.option("--web", type=int, help="Web processes.")
@click.option("--worker", type=int, help="Worker processes.")
def serve(
    home: Path | None, config: Path | None, web: int | None, worker: int | None, **listen: Any
) -> None:
    """Run the server until it is interrupted."""
    given = {"listen": _given(listen), "processes": _given({"web": web, "worker": worker})}
    # What is imported from here on stays; the processes that serve enable it again.
    gc.disable()
    with _Failing():
        from headgate.server.serve import serve as run  # noqa: PLC0415

        sys.exit(run(_settings(home, config, given)))


@click.command()
@_HOME
@_CONFIG
def migrate(home: Path | None, config: Path | None) -> None:
    """Bring the database to the schema of this version."""
    with _Failing():
        from headgate.server.prepare import migrate_by_hand  # noqa: PLC0415

        click.echo(migrate_by_hand(_settings(home, config, {})))


@click.command()
@_HOME
@_CONFIG
def settings(home: Path | None, config: Path | None) -> None:
    """Print every setting: its value, its environment variable and what it does."""
    with _Failing():
        from headgate.server.settings import rendered  # noqa: PLC0415

        click.echo(rendered(_settings(home, config, {})), nl=False)


@click.command()
@_HOME
@_CONFIG
@click.option("--deep", is_flag=True, help="Read every byte and compare it with its digest.")
@click.option("--fix", is_flag=True, help="Do what is safe about what is found.")
@click.option("--json", "as_json", is_flag=True, help="Print what is found for programs.")
@click.option(
    "--slow-disk",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Milliseconds after which making 4 KiB durable is slow.",
)
def doctor(
    home: Path | None,
    config: Path | None,
    *,
    deep: bool,
    fix: bool,
    as_json: bool,
    slow_disk: int,
) -> None:
    """Look for what is wrong, and say what to do; changes nothing without --fix.

    Exit code: 0 nothing is wrong, 2 there are warnings, 3 there are errors, 1 it could not look.
    """
    with _Failing():
        from headgate.server.doctor import Examination, examine  # noqa: PLC0415

        examination = Examination(deep=deep, fix=fix, slow_milliseconds=slow_disk)
        found = examine(_settings(home, config, {}), examination)
        click.echo(found.as_json() if as_json else found.as_text(), nl=as_json)
        sys.exit(found.exit_code)


def _settings(
    home: Path | None, config: Path | None, given: Mapping[str, Mapping[str, Any]]
) -> "Settings":
    from headgate.server.settings_sources import read_settings  # noqa: PLC0415

    return read_settings(home=home, file=config, given=given)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if value not in (None, ())}


class _Failing:
    """Ends the command with the message of an error of ours, without a traceback."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Turn the error into one line on standard error and exit code 1."""
        if isinstance(error, HeadgateError):
            raise click.ClickException(error.message) from error
