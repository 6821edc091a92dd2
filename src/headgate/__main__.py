"""`python -m headgate`, and the `headgate` command."""


def main() -> None:
    """Run the command line."""
    from headgate.cli.main import command  # noqa: PLC0415 - forks and plain imports stay cheap

    command()


if __name__ == "__main__":
    main()
