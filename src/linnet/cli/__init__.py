"""The command line: parse, call, print. No physics and no formula live here."""


def main() -> None:
    """Entry point of the `linnet` command."""
    from linnet.cli.app import run

    run()
