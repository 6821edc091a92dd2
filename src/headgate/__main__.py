"""`python -m headgate`, and the `headgate` command."""

import sys


def main() -> int:
    """Run the command line."""
    from headgate.cli.main import command  # noqa: PLC0415 - forks and plain imports stay cheap

    return command()


if __name__ == "__main__":
    sys.exit(main())
