"""The `headgate` command: names its subcommands and imports the one that is used.

Importing all of them would cost more than running most of them.
"""

from importlib import import_module

import click

# Subcommand -> (module, attribute, help of the overview).
_COMMANDS = {
    "serve": ("headgate.cli.serve", "serve", "Run the server."),
    "migrate": ("headgate.cli.serve", "migrate", "Bring the database to this version."),
    "settings": ("headgate.cli.serve", "settings", "Print every setting."),
}


class LazyGroup(click.Group):
    """A group that imports a subcommand when it is run or asked about."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the subcommands, the imported ones too."""
        return sorted({*_COMMANDS, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the subcommand."""
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, attribute, _ = _COMMANDS[cmd_name]
        return getattr(import_module(module), attribute)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, row[2]) for name, row in sorted(_COMMANDS.items())])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="headgate")
def command() -> None:
    """Decide what flows from upstream to every machine you run."""
